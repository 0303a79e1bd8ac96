/// Keyed by the names of the statuses.
extension CountsBody: AnswerBody {
    package static let fieldNames = [
        "NOT_STARTED", "CLAIMED", "PROCESSING", "SUCCESS", "RETRIABLE_FAILURE", "FATAL_FAILURE",
        "CANCELLED",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init()
        notStarted = try object.required("NOT_STARTED")
        claimed = try object.required("CLAIMED")
        processing = try object.required("PROCESSING")
        success = try object.required("SUCCESS")
        retriableFailure = try object.required("RETRIABLE_FAILURE")
        fatalFailure = try object.required("FATAL_FAILURE")
        cancelled = try object.required("CANCELLED")
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("NOT_STARTED", notStarted)
            writer.member("CLAIMED", claimed)
            writer.member("PROCESSING", processing)
            writer.member("SUCCESS", success)
            writer.member("RETRIABLE_FAILURE", retriableFailure)
            writer.member("FATAL_FAILURE", fatalFailure)
            writer.member("CANCELLED", cancelled)
        }
    }
}

extension StatsBody: AnswerBody {
    package static let fieldNames = [
        "version", "now", "uptimeSeconds", "counts", "users", "types", "ready", "waitingClaims",
        "payloadBytes", "durableLSN", "logSegments", "logRawBytes", "logStoredBytes", "logTrouble",
        "logDroppedLSN",
        "jobsInMemory", "historyJobs", "historyFiles", "historyBytes", "historyTrouble",
        "residentBytes", "cpuSeconds",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            version: try object.required("version"), now: try object.required("now"),
            uptimeSeconds: try object.required("uptimeSeconds"),
            counts: try object.required("counts"), users: try object.required("users"),
            types: try object.required("types"), ready: try object.required("ready"),
            waitingClaims: try object.required("waitingClaims"),
            payloadBytes: try object.required("payloadBytes"),
            durableLSN: try object.required("durableLSN"),
            logSegments: try object.required("logSegments"),
            logRawBytes: try object.required("logRawBytes"),
            logStoredBytes: try object.required("logStoredBytes"),
            logTrouble: try object.optional("logTrouble"),
            logDroppedLSN: try object.required("logDroppedLSN"),
            jobsInMemory: try object.required("jobsInMemory"),
            historyJobs: try object.required("historyJobs"),
            historyFiles: try object.required("historyFiles"),
            historyBytes: try object.required("historyBytes"),
            historyTrouble: try object.optional("historyTrouble"),
            residentBytes: try object.required("residentBytes"),
            cpuSeconds: try object.required("cpuSeconds"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("version", version)
            writer.member("now", now)
            writer.member("uptimeSeconds", uptimeSeconds)
            writer.member("counts", counts)
            writer.member("users", users)
            writer.member("types", types)
            writer.member("ready", ready)
            writer.member("waitingClaims", waitingClaims)
            writer.member("payloadBytes", payloadBytes)
            writer.member("durableLSN", durableLSN)
            writer.member("logSegments", logSegments)
            writer.member("logRawBytes", logRawBytes)
            writer.member("logStoredBytes", logStoredBytes)
            writer.member("logTrouble", logTrouble)
            writer.member("logDroppedLSN", logDroppedLSN)
            writer.member("jobsInMemory", jobsInMemory)
            writer.member("historyJobs", historyJobs)
            writer.member("historyFiles", historyFiles)
            writer.member("historyBytes", historyBytes)
            writer.member("historyTrouble", historyTrouble)
            writer.member("residentBytes", residentBytes)
            writer.member("cpuSeconds", cpuSeconds)
        }
    }
}

extension StatsBody.TypeCounts: AnswerBody {
    package static let fieldNames = ["type", "counts"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(type: try object.required("type"), counts: try object.required("counts"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("type", type)
            writer.member("counts", counts)
        }
    }
}

extension UserPageBody: AnswerBody {
    package static let fieldNames = ["users", "next"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(users: try object.required("users"), next: try object.optional("next"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("users", users)
            writer.member("next", next)
        }
    }
}

extension UserPageBody.User: AnswerBody {
    package static let fieldNames = ["user", "counts"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(user: try object.required("user"), counts: try object.required("counts"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("counts", counts)
        }
    }
}
