import Engine
import JobModel
import Units
import Wire

/// What workers ask for, checked against the bounds of the job model.
extension ClaimRequest {
    func order() throws(Refusal) -> ClaimOrder {
        let countMax = max ?? 1
        guard (1...JobLimits.claimCountMax).contains(countMax) else {
            throw Refusal.field(
                "max", "is \(countMax): it must be from 1 to \(JobLimits.claimCountMax)")
        }
        return ClaimOrder(
            worker: try workerName(), types: try jobTypes(), countMax: countMax,
            leaseDuration: try SpanField.lease.check(leaseSeconds))
    }

    func wait() throws(Refusal) -> TimeSpan {
        try SpanField("waitSeconds", .zero...JobLimits.claimWaitMax).check(waitSeconds) ?? .zero
    }

    private func workerName() throws(Refusal) -> WorkerName {
        do {
            return try WorkerName(worker)
        } catch {
            throw Refusal(error)
        }
    }

    private func jobTypes() throws(Refusal) -> [JobType] {
        guard (1...JobLimits.claimTypesMax).contains(types.count) else {
            throw Refusal.field(
                "types", "holds \(types.count) types: give 1 to \(JobLimits.claimTypesMax)")
        }
        var checked: [JobType] = []
        for (index, type) in types.enumerated() {
            do {
                checked.append(try JobType(type))
            } catch {
                throw Refusal.field("types[\(index)]", error.problem)
            }
        }
        return checked
    }
}

extension HeartbeatRequest {
    func step() throws(Refusal) -> AttemptStep {
        let lease = try SpanField.lease.check(leaseSeconds)
        try Self.check(progress, "progress", bytesMax: JobLimits.progressBytesMax)
        try Self.check(checkpoint, "checkpoint", bytesMax: JobLimits.checkpointBytesMax)
        return .heartbeat(leaseDuration: lease, progress: progress, checkpoint: checkpoint)
    }

    private static func check(
        _ json: [UInt8]?, _ field: String, bytesMax: Int
    ) throws(Refusal) {
        guard let json, json.count > bytesMax else { return }
        throw Refusal.tooLarge(
            "\(field)TooLarge", field: field, bytes: json.count, bytesMax: bytesMax)
    }
}

extension ReportRequest {
    func checked() throws(Refusal) -> AttemptReport {
        AttemptReport(token: LSN(rawValue: token), step: try step())
    }

    private func step() throws(Refusal) -> AttemptStep {
        guard let verb = Route.AttemptVerb(rawValue: report) else {
            throw Refusal.field(
                "report",
                "is '\(report.prefix(64))': it must be start, heartbeat, succeed or fail")
        }
        try checkFields(of: verb)
        switch verb {
        case .start: return .start
        case .heartbeat:
            return try HeartbeatRequest(
                leaseSeconds: leaseSeconds, progress: progress, checkpoint: checkpoint
            ).step()
        case .succeed: return .succeed(message: try Refusal.checkMessage(message))
        case .fail:
            return .fail(
                isRetriable: retriable ?? true, message: try Refusal.checkMessage(message))
        }
    }

    /// A field that the report does not take is a mistake that should be told.
    private func checkFields(of verb: Route.AttemptVerb) throws(Refusal) {
        let heartbeat = verb == .heartbeat
        let fields = [
            ("retriable", retriable != nil, verb == .fail),
            ("message", message != nil, verb == .fail || verb == .succeed),
            ("leaseSeconds", leaseSeconds != nil, heartbeat),
            ("progress", progress != nil, heartbeat),
            ("checkpoint", checkpoint != nil, heartbeat),
        ]
        for (name, isThere, isAllowed) in fields where isThere && !isAllowed {
            throw Refusal.field(name, "does not belong to the report '\(report)'")
        }
    }
}

extension SpanField {
    static let lease = SpanField("leaseSeconds", JobLimits.leaseMin...JobLimits.leaseMax)
}

extension Refusal {
    static func checkMessage(_ message: String?) throws(Refusal) -> String? {
        let bytesMax = JobLimits.messageBytesMax
        guard let count = message?.utf8.count, count > bytesMax else { return message }
        throw Refusal.field(
            "message", "is \(count) bytes long: at most \(bytesMax) are allowed")
    }
}
