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
    func lease() throws(Refusal) -> TimeSpan? {
        try SpanField.lease.check(leaseSeconds)
    }

    func checkSizes() throws(Refusal) {
        try Self.check(progress, "progress", bytesMax: JobLimits.progressBytesMax)
        try Self.check(checkpoint, "checkpoint", bytesMax: JobLimits.checkpointBytesMax)
    }

    private static func check(
        _ json: [UInt8]?, _ field: String, bytesMax: Int
    ) throws(Refusal) {
        guard let json, json.count > bytesMax else { return }
        throw Refusal.tooLarge(
            "\(field)TooLarge", field: field, bytes: json.count, bytesMax: bytesMax)
    }
}

extension SpanField {
    static let lease = SpanField("leaseSeconds", JobLimits.leaseMin...JobLimits.leaseMax)
}

extension Refusal {
    static func checkMessage(_ message: String?) throws(Refusal) {
        let bytesMax = JobLimits.messageBytesMax
        guard let count = message?.utf8.count, count > bytesMax else { return }
        throw Refusal.field(
            "message", "is \(count) bytes long: at most \(bytesMax) are allowed")
    }
}
