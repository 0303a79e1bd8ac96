/// One item of the array that `POST /v1/claims/reports` takes: what a worker says of one attempt.
package struct ReportRequest: Equatable, Sendable {
    package var token: UInt64
    /// `start`, `heartbeat`, `succeed` or `fail`.
    package var report: String
    /// Of `fail` only; left out: true.
    package var retriable: Bool?
    /// Of `succeed` and `fail` only.
    package var message: String?
    /// This and the two below: of `heartbeat` only.
    package var leaseSeconds: Double?
    package var progress: [UInt8]?
    package var checkpoint: [UInt8]?

    package init(
        token: UInt64, report: String, retriable: Bool? = nil, message: String? = nil,
        leaseSeconds: Double? = nil, progress: [UInt8]? = nil, checkpoint: [UInt8]? = nil
    ) {
        self.token = token
        self.report = report
        self.retriable = retriable
        self.message = message
        self.leaseSeconds = leaseSeconds
        self.progress = progress
        self.checkpoint = checkpoint
    }
}

extension ReportRequest: RequestBody {
    package static let fieldNames = [
        "token", "report", "retriable", "message", "leaseSeconds", "progress", "checkpoint",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            token: try object.required("token"), report: try object.required("report"),
            retriable: try object.optional("retriable"), message: try object.optional("message"),
            leaseSeconds: try object.optional("leaseSeconds"), progress: object.text("progress"),
            checkpoint: object.text("checkpoint"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("token", token)
            writer.member("report", report)
            writer.member("retriable", retriable)
            writer.member("message", message)
            writer.member("leaseSeconds", leaseSeconds)
            writer.member("progress", json: progress)
            writer.member("checkpoint", json: checkpoint)
        }
    }
}

extension [ReportRequest] {
    /// Reads a whole body; unknown fields are refused.
    package init(json: [UInt8]) throws(JSONFault) {
        try self.init(wholeOf: JSONReader(json, manner: .request))
    }

    /// The JSON text of this body.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// What became of one report, in the order of the request.
package struct ReportOutcome: Equatable, Sendable {
    package var token: UInt64
    /// What the status of the answer would be had the report been sent by itself.
    package var status: Int
    /// How the job stands now.
    package var executionStatus: String?
    /// What went wrong; nil: nothing did.
    package var error: ErrorBody?

    package init(
        token: UInt64, status: Int, executionStatus: String? = nil, error: ErrorBody? = nil
    ) {
        self.token = token
        self.status = status
        self.executionStatus = executionStatus
        self.error = error
    }
}

extension ReportOutcome: AnswerBody {
    package static let fieldNames = [
        "token", "status", "executionStatus", "code", "message", "field", "holder",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            token: try object.required("token"), status: try object.required("status"),
            executionStatus: try object.optional("executionStatus"),
            error: try ErrorBody(beside: object))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("token", token)
            writer.member("status", status)
            writer.member("executionStatus", executionStatus)
            writer.member("code", error?.code)
            writer.member("message", error?.message)
            writer.member("field", error?.field)
            writer.member("holder", error?.holder)
        }
    }
}

extension [ReportOutcome] {
    /// Reads a whole answer; unknown fields are skipped.
    package init(json: [UInt8]) throws(JSONFault) {
        try self.init(wholeOf: JSONReader(json, manner: .answer))
    }

    /// The JSON text of this answer.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}
