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
        let report = AttemptReport(token: token, step: try step(verb, body))
        let view = try await asking { () async throws(EngineError) in
            try await perform(report)
        }
        return Answer(AttemptBody(view))
    }

    /// What a worker says in the body of a call, checked.
    private func step(
        _ verb: Route.AttemptVerb, _ body: [UInt8]
    ) throws(Refusal) -> AttemptStep {
        switch verb {
        case .start:
            let _: EmptyRequest = try optionalBody(body)
            return .start
        case .heartbeat:
            let request: HeartbeatRequest = try optionalBody(body)
            return try request.step()
        case .succeed:
            let request: SucceedRequest = try optionalBody(body)
            return .succeed(message: try Refusal.checkMessage(request.message))
        case .fail:
            let request: FailRequest = try optionalBody(body)
            return .fail(
                isRetriable: request.retriable ?? true,
                message: try Refusal.checkMessage(request.message))
        }
    }

    private func perform(_ report: AttemptReport) async throws(EngineError) -> JobView {
        switch report.step {
        case .start:
            try await engine.start(token: report.token)
        case .heartbeat(let lease, let progress, let checkpoint):
            try await engine.heartbeat(
                token: report.token, leaseDuration: lease, progress: progress,
                checkpoint: checkpoint)
        case .succeed(let message):
            try await engine.succeed(token: report.token, message: message)
        case .fail(let isRetriable, let message):
            try await engine.fail(
                token: report.token, isRetriable: isRetriable, message: message)
        }
    }

    /// Takes many reports; each has its own outcome, but one that cannot be read refuses all.
    func reports(body: [UInt8]) async throws(Refusal) -> Answer {
        let requests = try reading { () throws(JSONFault) in try [ReportRequest](json: body) }
        guard requests.count <= JobLimits.batchItemsMax else {
            throw Refusal(
                .badRequest, "invalidField",
                "there are \(requests.count) reports: at most \(JobLimits.batchItemsMax) may be "
                    + "sent at once")
        }
        var reports: [AttemptReport] = []
        for (index, request) in requests.enumerated() {
            do {
                reports.append(try request.checked())
            } catch {
                throw error.inside("[\(index)]")
            }
        }
        let outcomes = try await asking { () async throws(EngineError) in
            try await engine.report(reports)
        }
        var answers: [ReportOutcome] = []
        for (report, outcome) in zip(reports, outcomes) {
            answers.append(try await explained(outcome, of: report))
        }
        return Answer(.ok, answers.json())
    }

    /// The engine looks up what a token without a lease once was only where it is asked about that
    /// token alone; asking again changes nothing, for such a token never gets a lease again.
    private func explained(
        _ outcome: AttemptOutcome, of report: AttemptReport
    ) async throws(Refusal) -> ReportOutcome {
        let token = report.token.rawValue
        let refusal: Refusal
        switch outcome {
        case .done(let status):
            return ReportOutcome(token: token, status: 200, executionStatus: status.name)
        case .rejected(.unknownToken):
            do {
                let job = try await perform(report)
                return ReportOutcome(token: token, status: 200, executionStatus: job.status.name)
            } catch {
                refusal = Refusal(error)
            }
        case .rejected(let rejection):
            refusal = Refusal(rejection)
        }
        return ReportOutcome(
            token: token, status: refusal.status.code, error: refusal.body)
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
