/// One line of `POST /v1/jobs`: a submit with its user.
package struct BulkLine: Equatable, Sendable {
    package var user: String
    package var request: SubmitRequest

    package init(user: String, request: SubmitRequest) {
        self.user = user
        self.request = request
    }
}

extension BulkLine: RequestBody {
    package static let fieldNames = ["user"] + SubmitRequest.fieldNames

    package init(object: JSONObject) throws(JSONFault) {
        self.init(user: try object.required("user"), request: try SubmitRequest(object: object))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            request.writeMembers(to: &writer)
        }
    }
}

/// One line of the answer to `POST /v1/jobs`: what became of one line of the request.
package struct BulkOutcome: Equatable, Sendable {
    /// The line of the request, counted from 1.
    package var line: Int
    /// What the status of the answer would be had the job been submitted by itself.
    package var status: Int
    package var user: String?
    package var job: String?
    /// Position of the job's first event in the log.
    package var submittedLSN: UInt64?
    /// How a job that was there already stands.
    package var executionStatus: String?
    /// What went wrong; nil: nothing did.
    package var error: ErrorBody?

    package init(
        line: Int, status: Int, user: String? = nil, job: String? = nil,
        submittedLSN: UInt64? = nil, executionStatus: String? = nil, error: ErrorBody? = nil
    ) {
        self.line = line
        self.status = status
        self.user = user
        self.job = job
        self.submittedLSN = submittedLSN
        self.executionStatus = executionStatus
        self.error = error
    }
}

extension BulkOutcome: AnswerBody {
    package static let fieldNames = [
        "line", "status", "user", "job", "submittedLSN", "executionStatus", "code", "message",
        "field",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            line: try object.required("line"), status: try object.required("status"),
            user: try object.optional("user"), job: try object.optional("job"),
            submittedLSN: try object.optional("submittedLSN"),
            executionStatus: try object.optional("executionStatus"),
            error: try ErrorBody(beside: object))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("line", line)
            writer.member("status", status)
            writer.member("user", user)
            writer.member("job", job)
            writer.member("submittedLSN", submittedLSN)
            writer.member("executionStatus", executionStatus)
            writer.member("code", error?.code)
            writer.member("message", error?.message)
            writer.member("field", error?.field)
        }
    }
}

extension ErrorBody {
    /// What went wrong with one of many, told in members of its outcome; nil: nothing did.
    init?(beside object: JSONObject) throws(JSONFault) {
        guard let code: String = try object.optional("code") else { return nil }
        let holder: AttemptHolder? = try object.optional("holder")
        self.init(
            code: code, message: try object.required("message"),
            field: try object.optional("field"), holder: holder)
    }
}
