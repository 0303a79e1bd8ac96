package import Units

/// Body of `PATCH …/jobs/{job}`: at least one of the two.
package struct RescheduleRequest: Equatable, Sendable {
    package var priority: Int?
    package var executionTime: WallTime?

    package init(priority: Int? = nil, executionTime: WallTime? = nil) {
        self.priority = priority
        self.executionTime = executionTime
    }
}

extension RescheduleRequest: RequestBody {
    package static let fieldNames = ["priority", "executionTime"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            priority: try object.optional("priority"),
            executionTime: try object.optional("executionTime"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("priority", priority)
            writer.member("executionTime", executionTime)
        }
    }
}

/// A bound in the body of a control: a number, or null for none.
package enum BoundBody: Equatable, Sendable {
    case max(Int)
    case unbounded
}

extension JSONObject {
    /// The bound called `name`; nil: left out, which is not the same as null here.
    fileprivate func bound(_ name: String) throws(JSONFault) -> BoundBody? {
        if let max: Int = try optional(name) { return .max(max) }
        return text(name) == nil ? nil : .unbounded
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, bound: BoundBody?) {
        switch bound {
        case .max(let max): member(name, max)
        case .unbounded: member(name, json: Array("null".utf8))
        case nil: break
        }
    }
}

/// Body of `PUT …/control`; what is left out stays as it is.
package struct ControlRequest: Equatable, Sendable {
    package var paused: Bool?
    /// Jobs that may wait at once; users only.
    package var waitingMax: BoundBody?
    /// Jobs that may run at once.
    package var runningMax: BoundBody?

    package init(
        paused: Bool? = nil, waitingMax: BoundBody? = nil, runningMax: BoundBody? = nil
    ) {
        self.paused = paused
        self.waitingMax = waitingMax
        self.runningMax = runningMax
    }
}

extension ControlRequest: RequestBody {
    package static let fieldNames = ["paused", "waitingMax", "runningMax"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            paused: try object.optional("paused"), waitingMax: try object.bound("waitingMax"),
            runningMax: try object.bound("runningMax"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("paused", paused)
            writer.member("waitingMax", bound: waitingMax)
            writer.member("runningMax", bound: runningMax)
        }
    }
}

/// What is set for a user, a type or every user.
package struct ControlBody: Equatable, Sendable {
    /// `user`, `type` or `everyUser`.
    package var scope: String
    /// Of the user or the type.
    package var name: String?
    package var paused: Bool
    /// Absent: any number.
    package var waitingMax: Int?
    package var runningMax: Int?

    package init(
        scope: String, name: String?, paused: Bool, waitingMax: Int?, runningMax: Int?
    ) {
        self.scope = scope
        self.name = name
        self.paused = paused
        self.waitingMax = waitingMax
        self.runningMax = runningMax
    }
}

extension ControlBody: AnswerBody {
    package static let fieldNames = ["scope", "name", "paused", "waitingMax", "runningMax"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            scope: try object.required("scope"), name: try object.optional("name"),
            paused: try object.required("paused"), waitingMax: try object.optional("waitingMax"),
            runningMax: try object.optional("runningMax"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("scope", scope)
            writer.member("name", name)
            writer.member("paused", paused)
            writer.member("waitingMax", waitingMax)
            writer.member("runningMax", runningMax)
        }
    }
}

/// Body of `GET /v1/controls`: everything that is paused or bounded.
package struct ControlsBody: Equatable, Sendable {
    package var controls: [ControlBody]

    package init(controls: [ControlBody]) {
        self.controls = controls
    }
}

extension ControlsBody: AnswerBody {
    package static let fieldNames = ["controls"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(controls: try object.required("controls"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { $0.member("controls", controls) }
    }
}
