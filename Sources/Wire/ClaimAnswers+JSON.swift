extension GrantBody: AnswerBody {
    package static let fieldNames = [
        "user", "job", "type", "token", "attempt", "payload", "payloadBase64", "contentType",
        "resultLocation", "executionTime", "leaseSeconds", "leaseUntil", "checkpoint",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.required("user"), job: try object.required("job"),
            type: try object.required("type"), token: try object.required("token"),
            attempt: try object.required("attempt"), payload: object.text("payload"),
            payloadBase64: try object.optional("payloadBase64"),
            contentType: try object.required("contentType"),
            resultLocation: try object.optional("resultLocation"),
            executionTime: try object.required("executionTime"),
            leaseSeconds: try object.required("leaseSeconds"),
            leaseUntil: try object.required("leaseUntil"), checkpoint: object.text("checkpoint"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("job", job)
            writer.member("type", type)
            writer.member("token", token)
            writer.member("attempt", attempt)
            writer.member("payload", json: payload)
            writer.member("payloadBase64", payloadBase64)
            writer.member("contentType", contentType)
            writer.member("resultLocation", resultLocation)
            writer.member("executionTime", executionTime)
            writer.member("leaseSeconds", leaseSeconds)
            writer.member("leaseUntil", leaseUntil)
            writer.member("checkpoint", json: checkpoint)
        }
    }
}

/// The answer to a claim is a bare array of grants.
extension [GrantBody] {
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

extension AttemptBody: AnswerBody {
    package static let fieldNames = [
        "user", "job", "status", "attempt", "leaseUntil", "nextAttemptAt",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            user: try object.required("user"), job: try object.required("job"),
            status: try object.required("status"), attempt: try object.required("attempt"),
            leaseUntil: try object.optional("leaseUntil"),
            nextAttemptAt: try object.optional("nextAttemptAt"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("user", user)
            writer.member("job", job)
            writer.member("status", status)
            writer.member("attempt", attempt)
            writer.member("leaseUntil", leaseUntil)
            writer.member("nextAttemptAt", nextAttemptAt)
        }
    }
}
