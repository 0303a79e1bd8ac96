import JobModel
import Units
import Wire

/// What a submit means, once it is checked against the bounds of the job model.
extension SubmitRequest {
    /// - Throws: a refusal that names the field.
    func content() throws(Refusal) -> JobContent {
        let policy = try policy()
        return JobContent(
            type: try Names.type(type), executionTime: executionTime,
            expiresAt: try checkedExpiry(),
            priority: try Priority.check(priority) ?? JobContent.priorityStandard,
            payload: try payloadBytes(contentType: policy.contentType),
            resultLocation: try checkedResultLocation(), policy: policy,
            recurrence: try checkedRecurrence())
    }

    /// A time that has passed is taken: the same submit must be taken again later.
    private func checkedExpiry() throws(Refusal) -> WallTime? {
        if let expiresAt, let executionTime, expiresAt <= executionTime {
            throw Refusal.field("expiresAt", "must be later than 'executionTime'")
        }
        return expiresAt
    }

    private func checkedRecurrence() throws(Refusal) -> Recurrence? {
        guard let recurrence else { return nil }
        let bytesMax = JobLimits.recurringJobBytesMax
        if let count = job?.utf8.count, count > bytesMax {
            throw Refusal.field(
                "job",
                "is \(count) bytes long: a job that recurs has at most \(bytesMax), its occurrences "
                    + "add '@' and a time to it")
        }
        return try recurrence.checked()
    }

    private func policy() throws(Refusal) -> JobPolicy {
        let standard = JobPolicy.standard
        let retries = try CountField("maxRetries", 0...JobLimits.retriesMax).check(maxRetries)
        return JobPolicy(
            maxRetries: retries ?? standard.maxRetries, backoff: try checkedBackoff(),
            leaseDuration: try SpanField.lease.check(leaseSeconds) ?? standard.leaseDuration,
            runLimit: try SpanField(
                "runLimitSeconds", TimeSpan.milliseconds(1)...JobLimits.runLimitMax
            ).check(runLimitSeconds),
            leaseExpiriesMax: try CountField(
                "leaseExpiriesMax", 0...JobLimits.leaseExpiriesMax
            ).check(leaseExpiriesMax) ?? standard.leaseExpiriesMax,
            contentType: try checkedContentType())
    }

    private func checkedBackoff() throws(Refusal) -> Backoff {
        let standard = Backoff.standard
        let range = TimeSpan.zero...JobLimits.backoffMax
        let initial = try SpanField("backoff.initialSeconds", range).check(backoff?.initialSeconds)
        let max = try SpanField("backoff.maxSeconds", range).check(backoff?.maxSeconds)
        let backoff = Backoff(
            initial: initial ?? standard.initial, factorPercent: try factorPercent(),
            max: max ?? Swift.max(standard.max, initial ?? .zero),
            jitterPercent: try jitterPercent())
        guard backoff.initial <= backoff.max else {
            throw Refusal.field("backoff.maxSeconds", "must not be less than the initial wait")
        }
        return backoff
    }

    private func factorPercent() throws(Refusal) -> UInt32 {
        guard let factor = backoff?.factor else { return Backoff.standard.factorPercent }
        let percentMax = JobLimits.backoffFactorPercentMax
        let percent = (factor * 100).rounded()
        guard percent >= 100, percent <= Double(percentMax) else {
            throw Refusal.field(
                "backoff.factor", "is \(factor): it must be from 1 to \(percentMax / 100)")
        }
        return UInt32(percent)
    }

    private func jitterPercent() throws(Refusal) -> UInt32 {
        guard let jitter = backoff?.jitter else { return Backoff.standard.jitterPercent }
        let percent = (jitter * 100).rounded()
        guard percent >= 0, percent <= Double(JobLimits.backoffJitterPercentMax) else {
            throw Refusal.field("backoff.jitter", "is \(jitter): it must be from 0 to 1")
        }
        return UInt32(percent)
    }

    private func checkedContentType() throws(Refusal) -> String {
        guard let contentType else { return JobPolicy.standard.contentType }
        let bytesMax = JobLimits.contentTypeBytesMax
        guard (1...bytesMax).contains(contentType.utf8.count),
            contentType.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }), contentType.contains("/")
        else {
            throw Refusal.field(
                "contentType",
                "must be a media type of 1 to \(bytesMax) printable ASCII bytes, for instance text/plain"
            )
        }
        return contentType
    }
}

/// The payload: JSON as it was sent, text, or base64.
extension SubmitRequest {
    fileprivate func payloadBytes(contentType: String) throws(Refusal) -> [UInt8] {
        let bytes: [UInt8]
        let field = payloadBase64 == nil ? "payload" : "payloadBase64"
        switch (payload, payloadBase64) {
        case (nil, nil): return []
        case (.some, .some):
            throw Refusal.field(
                "payloadBase64", "cannot stand beside 'payload': send one of the two")
        case (nil, let base64?):
            guard let decoded = Base64.decode(base64) else {
                throw Refusal.field(
                    "payloadBase64", "must be base64 of the standard alphabet, padded with '='")
            }
            bytes = decoded
        case (let json?, nil):
            bytes = isJSON(contentType) ? json : try textBytes(json)
        }
        if field == "payloadBase64", isJSON(contentType) { try checkJSON(bytes) }
        let bytesMax = JobLimits.payloadBytesMax
        guard bytes.count <= bytesMax else {
            throw Refusal.tooLarge(
                "payloadTooLarge", field: field, bytes: bytes.count, bytesMax: bytesMax)
        }
        return bytes
    }

    private func isJSON(_ contentType: String) -> Bool {
        PayloadKind(contentType: contentType) == .json
    }

    private func textBytes(_ json: [UInt8]) throws(Refusal) -> [UInt8] {
        do {
            return Array(try JSONText.string(json).utf8)
        } catch {
            throw Refusal.field(
                "payload",
                "must be a string where 'contentType' is not JSON; bytes go into 'payloadBase64'")
        }
    }

    private func checkJSON(_ bytes: [UInt8]) throws(Refusal) {
        do {
            try JSONText.check(bytes)
        } catch {
            throw Refusal.field(
                "payloadBase64",
                "\(error.problem) (at byte \(error.offsetBytes)): set 'contentType' if it is no JSON"
            )
        }
    }
}

/// Where the result goes.
extension SubmitRequest {
    fileprivate func checkedResultLocation() throws(Refusal) -> String? {
        guard let resultLocation else { return nil }
        let bytesMax = JobLimits.resultLocationBytesMax
        guard resultLocation.utf8.count <= bytesMax else {
            throw Refusal.field(
                "resultLocation",
                "is \(resultLocation.utf8.count) bytes long: at most \(bytesMax) are allowed")
        }
        guard FileURL(resultLocation) != nil else {
            throw Refusal.field(
                "resultLocation",
                "must be the file URL of a file with an absolute path and no '..', for instance "
                    + "file:///var/results/j1.json")
        }
        return resultLocation
    }
}
