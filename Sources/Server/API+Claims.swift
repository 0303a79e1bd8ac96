import Engine
import HTTPTypes
import JobModel
import NIOCore
import ServiceLifecycle
import Units
import Wire

/// What workers call.
extension API {
    /// Claims jobs; waits for them as long as the client asks to, and no longer than it is there.
    func claim(body: [UInt8], on channel: any Channel) async throws -> Answer {
        let request = try reading { () throws(JSONFault) in try ClaimRequest(json: body) }
        let order = try request.order()
        let wait = try request.wait()
        guard wait > .zero else {
            let grants = try await asking { () async throws(EngineError) in
                try await engine.claim(order, wait: .zero)
            }
            return Answer(.ok, grants.map { GrantBody($0) }.json())
        }
        let grants = try await waitingOnClient(of: channel) {
            try await engine.claim(order, wait: wait)
        }
        return Answer(.ok, grants.map { GrantBody($0) }.json())
    }

    /// Runs `operation` in a task that is cancelled when the client goes or the server shuts down.
    private func waitingOnClient(
        of channel: any Channel, _ operation: @escaping @Sendable () async throws -> [Grant]
    ) async throws -> [Grant] {
        let loop = channel.eventLoop
        // Before the task: a client that has gone by now has no watch any more, and wants nothing.
        let watch = try await loop.submit {
            let watch = try channel.pipeline.syncOperations.handler(type: ConnectionWatch.self)
            return NIOLoopBound(watch, eventLoop: loop)
        }.get()
        let task = Task { try await operation() }
        loop.execute { watch.value.whenGone { task.cancel() } }
        defer { loop.execute { watch.value.forgetWhenGone() } }
        let result = await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                await task.result
            } onGracefulShutdown: {
                task.cancel()
            }
        } onCancel: {
            task.cancel()
        }
        do {
            return try result.get()
        } catch let error as EngineError {
            throw Refusal(error)
        }
    }

    func attempt(
        token text: String, _ verb: Route.AttemptVerb, body: [UInt8]
    ) async throws(Refusal) -> Answer {
        guard let number = UInt64(text) else { throw .unknownToken(text) }
        let token = LSN(rawValue: number)
        let view =
            switch verb {
            case .start: try await start(token, body)
            case .heartbeat: try await heartbeat(token, body)
            case .succeed: try await succeed(token, body)
            case .fail: try await fail(token, body)
            }
        return Answer(AttemptBody(view))
    }

    private func start(_ token: LSN, _ body: [UInt8]) async throws(Refusal) -> JobView {
        let _: EmptyRequest = try optionalBody(body)
        return try await asking { () async throws(EngineError) in
            try await engine.start(token: token)
        }
    }

    private func heartbeat(_ token: LSN, _ body: [UInt8]) async throws(Refusal) -> JobView {
        let request: HeartbeatRequest = try optionalBody(body)
        let lease = try request.lease()
        try request.checkSizes()
        return try await asking { () async throws(EngineError) in
            try await engine.heartbeat(
                token: token, leaseDuration: lease, progress: request.progress,
                checkpoint: request.checkpoint)
        }
    }

    private func succeed(_ token: LSN, _ body: [UInt8]) async throws(Refusal) -> JobView {
        let request: SucceedRequest = try optionalBody(body)
        try Refusal.checkMessage(request.message)
        return try await asking { () async throws(EngineError) in
            try await engine.succeed(token: token, message: request.message)
        }
    }

    private func fail(_ token: LSN, _ body: [UInt8]) async throws(Refusal) -> JobView {
        let request: FailRequest = try optionalBody(body)
        try Refusal.checkMessage(request.message)
        return try await asking { () async throws(EngineError) in
            try await engine.fail(
                token: token, isRetriable: request.retriable ?? true, message: request.message)
        }
    }
}

/// The body of a call that has nothing to say.
struct EmptyRequest: RequestBody {
    static let fieldNames: [String] = []

    init(object: JSONObject) throws(JSONFault) {}

    func write(to writer: inout JSONWriter) {
        writer.object { _ in }
    }
}
