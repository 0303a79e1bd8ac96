extension SubmitRequest: RequestBody {
    package static let fieldNames = [
        "job", "type", "executionTime", "expiresAt", "priority", "payload", "payloadBase64",
        "contentType", "resultLocation", "maxRetries", "backoff", "leaseSeconds",
        "runLimitSeconds", "leaseExpiriesMax", "recurrence",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            job: try object.optional("job"), type: try object.required("type"),
            executionTime: try object.optional("executionTime"),
            expiresAt: try object.optional("expiresAt"),
            priority: try object.optional("priority"), payload: object.text("payload"),
            payloadBase64: try object.optional("payloadBase64"),
            contentType: try object.optional("contentType"),
            resultLocation: try object.optional("resultLocation"),
            maxRetries: try object.optional("maxRetries"), backoff: try object.optional("backoff"),
            leaseSeconds: try object.optional("leaseSeconds"),
            runLimitSeconds: try object.optional("runLimitSeconds"),
            leaseExpiriesMax: try object.optional("leaseExpiriesMax"),
            recurrence: try object.optional("recurrence"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writeMembers(to: &$0) }
    }

    func writeMembers(to writer: inout JSONWriter) {
        writer.member("job", job)
        writer.member("type", type)
        writer.member("executionTime", executionTime)
        writer.member("expiresAt", expiresAt)
        writer.member("priority", priority)
        writer.member("payload", json: payload)
        writer.member("payloadBase64", payloadBase64)
        writer.member("contentType", contentType)
        writer.member("resultLocation", resultLocation)
        writer.member("maxRetries", maxRetries)
        writer.member("backoff", backoff)
        writer.member("leaseSeconds", leaseSeconds)
        writer.member("runLimitSeconds", runLimitSeconds)
        writer.member("leaseExpiriesMax", leaseExpiriesMax)
        writer.member("recurrence", recurrence)
    }
}

extension BackoffBody: JSONBody {
    package static let fieldNames = ["initialSeconds", "factor", "maxSeconds", "jitter"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            initialSeconds: try object.optional("initialSeconds"),
            factor: try object.optional("factor"), maxSeconds: try object.optional("maxSeconds"),
            jitter: try object.optional("jitter"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("initialSeconds", initialSeconds)
            writer.member("factor", factor)
            writer.member("maxSeconds", maxSeconds)
            writer.member("jitter", jitter)
        }
    }
}

extension RecurrenceBody: JSONBody {
    package static let fieldNames = [
        "interval", "mode", "cron", "zone", "overlap", "missed", "missedMax",
    ]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            interval: try object.optional("interval"), mode: try object.optional("mode"),
            cron: try object.optional("cron"), zone: try object.optional("zone"),
            overlap: try object.optional("overlap"), missed: try object.optional("missed"),
            missedMax: try object.optional("missedMax"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("interval", interval)
            writer.member("mode", mode)
            writer.member("cron", cron)
            writer.member("zone", zone)
            writer.member("overlap", overlap)
            writer.member("missed", missed)
            writer.member("missedMax", missedMax)
        }
    }
}

extension ClaimRequest: RequestBody {
    package static let fieldNames = ["worker", "types", "max", "leaseSeconds", "waitSeconds"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            worker: try object.required("worker"), types: try object.required("types"),
            max: try object.optional("max"), leaseSeconds: try object.optional("leaseSeconds"),
            waitSeconds: try object.optional("waitSeconds"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("worker", worker)
            writer.member("types", types)
            writer.member("max", max)
            writer.member("leaseSeconds", leaseSeconds)
            writer.member("waitSeconds", waitSeconds)
        }
    }
}

extension HeartbeatRequest: RequestBody {
    package static let fieldNames = ["leaseSeconds", "progress", "checkpoint"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            leaseSeconds: try object.optional("leaseSeconds"), progress: object.text("progress"),
            checkpoint: object.text("checkpoint"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("leaseSeconds", leaseSeconds)
            writer.member("progress", json: progress)
            writer.member("checkpoint", json: checkpoint)
        }
    }
}

extension SucceedRequest: RequestBody {
    package static let fieldNames = ["message"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(message: try object.optional("message"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { $0.member("message", message) }
    }
}

extension FailRequest: RequestBody {
    package static let fieldNames = ["retriable", "message"]

    package init(object: JSONObject) throws(JSONFault) {
        self.init(
            retriable: try object.optional("retriable"), message: try object.optional("message"))
    }

    package func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("retriable", retriable)
            writer.member("message", message)
        }
    }
}
