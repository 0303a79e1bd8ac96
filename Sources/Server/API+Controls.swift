import Engine
import HTTPTypes
import JobModel
import Wire

/// What an operator sets for users and types.
extension API {
    func controls() async throws(Refusal) -> Answer {
        let controls = try await asking { () async throws(EngineError) in
            try await engine.controls()
        }
        return Answer(ControlsBody(controls: controls.map { ControlBody($0.scope, $0.control) }))
    }

    func control(user: String, body: [UInt8]) async throws(Refusal) -> Answer {
        try await control(.user(try Names.user(user)), body)
    }

    func control(type: String, body: [UInt8]) async throws(Refusal) -> Answer {
        try await control(.type(try Names.type(type)), body)
    }

    func control(everyUser body: [UInt8]) async throws(Refusal) -> Answer {
        try await control(.everyUser, body)
    }

    func resetControl(user: String) async throws(Refusal) -> Answer {
        try await control(.user(try Names.user(user)), .reset)
    }

    func resetControl(type: String) async throws(Refusal) -> Answer {
        try await control(.type(try Names.type(type)), .reset)
    }

    func resetControlOfEveryUser() async throws(Refusal) -> Answer {
        try await control(.everyUser, .reset)
    }

    private func control(_ scope: ControlScope, _ body: [UInt8]) async throws(Refusal) -> Answer {
        let request = try reading { () throws(JSONFault) in try ControlRequest(json: body) }
        return try await control(scope, try request.change(of: scope))
    }

    private func control(
        _ scope: ControlScope, _ change: ControlChange
    ) async throws(Refusal) -> Answer {
        let control = try await asking { () async throws(EngineError) in
            try await engine.control(scope, change)
        }
        return Answer(ControlBody(scope, control))
    }
}

extension ControlRequest {
    func change(of scope: ControlScope) throws(Refusal) -> ControlChange {
        guard paused != nil || waitingMax != nil || runningMax != nil else {
            throw Refusal(
                .badRequest, "invalidField",
                "the body names nothing to change: give 'paused', 'waitingMax' or 'runningMax'")
        }
        if case .everyUser = scope, paused != nil {
            throw Refusal.field(
                "paused", "is not possible for every user at once: pause users or types by name")
        }
        if case .type = scope, waitingMax != nil {
            throw Refusal.field(
                "waitingMax", "is not possible for a type: bound how many jobs a user has waiting")
        }
        return ControlChange(
            isPaused: paused, waitingMax: try Self.check(waitingMax, "waitingMax"),
            runningMax: try Self.check(runningMax, "runningMax"))
    }

    private static func check(
        _ bound: BoundBody?, _ name: String
    ) throws(Refusal) -> UInt32?? {
        switch bound {
        case nil: return .none
        case .unbounded: return .some(nil)
        case .max(let max):
            guard let number = UInt32(exactly: max) else {
                throw Refusal.field(
                    name, "is \(max): it must be from 0 to \(UInt32.max), or null for no bound")
            }
            return .some(number)
        }
    }
}

extension ControlBody {
    init(_ scope: ControlScope, _ control: Control) {
        self.init(
            scope: scope.kindName, name: scope.name, paused: control.isPaused,
            waitingMax: control.waitingMax.map(Int.init),
            runningMax: control.runningMax.map(Int.init))
    }
}

extension ControlScope {
    /// On the wire and in the log's JSON.
    var kindName: String {
        switch self {
        case .user: "user"
        case .type: "type"
        case .everyUser: "everyUser"
        }
    }

    /// The name of the user or the type.
    var name: String? {
        switch self {
        case .user(let user): user.text
        case .type(let type): type.text
        case .everyUser: nil
        }
    }
}
