extension JobBody: AnswerBody {
    package static let fieldNames = [
        "user", "job", "type", "status", "jobStatus", "executionTime", "expiresAt", "priority",
        "payload", "payloadBase64", "payloadDropped", "contentType", "resultLocation", "maxRetries",
        "backoff",
        "leaseSeconds", "runLimitSeconds", "leaseExpiriesMax", "recurrence", "occurrenceOf",
        "attempt", "leaseExpiries", "submittedAt", "updatedAt", "nextAttemptAt", "hold", "worker",
        "token", "leaseUntil", "progress", "lastFailure", "submittedLSN", "lastLSN",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.required("user"), job: try object.required("job"),
            type: try object.required("type"), status: try object.required("status"),
            jobStatus: try object.required("jobStatus"),
            executionTime: try object.required("executionTime"),
            expiresAt: try object.optional("expiresAt"),
            priority: try object.required("priority"), payload: object.text("payload"),
            payloadBase64: try object.optional("payloadBase64"),
            payloadDropped: try object.optional("payloadDropped"),
            contentType: try object.required("contentType"),
            resultLocation: try object.optional("resultLocation"),
            maxRetries: try object.required("maxRetries"), backoff: try object.required("backoff"),
            leaseSeconds: try object.required("leaseSeconds"),
            runLimitSeconds: try object.optional("runLimitSeconds"),
            leaseExpiriesMax: try object.required("leaseExpiriesMax"),
            recurrence: try object.optional("recurrence"),
            occurrenceOf: try object.optional("occurrenceOf"),
            attempt: try object.required("attempt"),
            leaseExpiries: try object.required("leaseExpiries"),
            submittedAt: try object.required("submittedAt"),
            updatedAt: try object.required("updatedAt"),
            nextAttemptAt: try object.optional("nextAttemptAt"),
            hold: try object.optional("hold"),
            worker: try object.optional("worker"), token: try object.optional("token"),
            leaseUntil: try object.optional("leaseUntil"), progress: object.text("progress"),
            lastFailure: try object.optional("lastFailure"),
            submittedLSN: try object.required("submittedLSN"),
            lastLSN: try object.required("lastLSN"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("job", job)
            writer.member("type", type)
            writer.member("status", status)
            writer.member("jobStatus", jobStatus)
            writer.member("executionTime", executionTime)
            writer.member("expiresAt", expiresAt)
            writer.member("priority", priority)
            writer.member("payload", json: payload)
            writer.member("payloadBase64", payloadBase64)
            writer.member("payloadDropped", payloadDropped)
            writer.member("contentType", contentType)
            writer.member("resultLocation", resultLocation)
            writer.member("maxRetries", maxRetries)
            writer.member("backoff", backoff)
            writer.member("leaseSeconds", leaseSeconds)
            writer.member("runLimitSeconds", runLimitSeconds)
            writer.member("leaseExpiriesMax", leaseExpiriesMax)
            writer.member("recurrence", recurrence)
            writer.member("occurrenceOf", occurrenceOf)
            writeProgress(to: &writer)
        }
    }

    /// The members that change while the job lives.
    private func writeProgress(to writer: inout JSONWriter) {
        writer.member("attempt", attempt)
        writer.member("leaseExpiries", leaseExpiries)
        writer.member("submittedAt", submittedAt)
        writer.member("updatedAt", updatedAt)
        writer.member("nextAttemptAt", nextAttemptAt)
        writer.member("hold", hold)
        writer.member("worker", worker)
        writer.member("token", token)
        writer.member("leaseUntil", leaseUntil)
        writer.member("progress", json: progress)
        writer.member("lastFailure", lastFailure)
        writer.member("submittedLSN", submittedLSN)
        writer.member("lastLSN", lastLSN)
    }
}

extension HoldBody: AnswerBody {
    package static let fieldNames = ["reason", "until", "limit"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            reason: try object.required("reason"), until: try object.optional("until"),
            limit: try object.optional("limit"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("reason", reason)
            writer.member("until", until)
            writer.member("limit", limit)
        }
    }
}

extension FailureBody: AnswerBody {
    package static let fieldNames = ["time", "reason", "message"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            time: try object.required("time"), reason: try object.required("reason"),
            message: try object.optional("message"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("time", time)
            writer.member("reason", reason)
            writer.member("message", message)
        }
    }
}

extension JobPageBody: AnswerBody {
    package static let fieldNames = ["jobs", "next"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(jobs: try object.required("jobs"), next: try object.optional("next"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("jobs", jobs)
            writer.member("next", next)
        }
    }
}
