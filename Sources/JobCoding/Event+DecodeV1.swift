import ByteCoding
import JobModel
import Units

extension Fact {
    /// Reads a fact of the first encoding, kinds 1 to 8: read for ever, never written.
    init(v1 kind: EventKindV1, reading reader: inout ByteReader) throws {
        if kind == .submitted {
            self = try .submitted(reading: &reader)
            return
        }
        let job = try JobReference(v1: &reader)
        switch kind {
        case .submitted:
            preconditionFailure("submitted events were read above")
        case .claimed:
            let duration = try reader.readSpan()
            let worker = WorkerName(unchecked: try reader.readText())
            self = .claimed(job, worker: worker, leaseDuration: duration)
        case .processing:
            self = .processing(job)
        case .heartbeat:
            let duration = try reader.readSpan()
            let flags = try reader.readFlags([.progress, .checkpoint])
            let progress = flags.contains(.progress) ? try reader.readBlob() : nil
            let checkpoint = flags.contains(.checkpoint) ? try reader.readBlob() : nil
            self = .heartbeat(
                job, leaseDuration: duration, progress: progress, checkpoint: checkpoint)
        case .succeeded:
            let flags = try reader.readFlags(.message)
            self = .succeeded(job, message: try reader.readMessage(flags))
        case .retriableFailed:
            let reason = try reader.readFailureReason()
            let retryAt = try reader.readTime()
            let flags = try reader.readFlags(.message)
            self = .retriableFailed(
                job, reason: reason, message: try reader.readMessage(flags), retryAt: retryAt)
        case .fatalFailed:
            let reason = try reader.readFailureReason()
            let flags = try reader.readFlags([.message, .retriesExhausted])
            self = .fatalFailed(
                job, reason: reason, message: try reader.readMessage(flags),
                retriesExhausted: flags.contains(.retriesExhausted))
        case .cancelled:
            self = .cancelled(job, reason: .requested)
        }
    }

    private static func submitted(reading reader: inout ByteReader) throws -> Fact {
        let flags = try reader.readFlags([.executionTime, .resultLocation, .runLimit])
        let priority: UInt8 = try reader.readFixed()
        var executionTime: WallTime?
        if flags.contains(.executionTime) {
            executionTime = try reader.readTime()
        }
        let user = UserID(unchecked: try reader.readText(bytes: 1...nameBytesMax))
        let job = JobID(unchecked: try reader.readText(bytes: 1...nameBytesMax))
        let type = JobType(unchecked: try reader.readText(bytes: 1...nameBytesMax))
        let policy = try JobPolicy(v1: flags, reading: &reader)
        let resultLocation =
            flags.contains(.resultLocation)
            ? try reader.readText(bytes: 0...JobLimits.resultLocationBytesMax) : nil
        let content = JobContent(
            type: type, executionTime: executionTime, priority: priority,
            payload: try reader.readPayload(), resultLocation: resultLocation, policy: policy)
        return .submitted(JobKey(user: user, job: job), content, keyHash: nil, firstTick: nil)
    }
}

extension JobPolicy {
    fileprivate init(v1 flags: FieldFlagsV1, reading reader: inout ByteReader) throws {
        let maxRetries = try reader.readCount()
        let initial = try reader.readSpan()
        guard let factor = UInt32(exactly: try reader.readVarint()) else {
            throw EventFault.invalidField("backoff factor")
        }
        let backoff = Backoff(
            initial: initial, factorPercent: factor, max: try reader.readSpan())
        self.init(
            maxRetries: maxRetries, backoff: backoff, leaseDuration: try reader.readSpan(),
            runLimit: flags.contains(.runLimit) ? try reader.readSpan() : nil,
            leaseExpiriesMax: 0,
            contentType: try reader.readText(bytes: 0...JobLimits.contentTypeBytesMax))
    }
}

extension JobReference {
    fileprivate init(v1 reader: inout ByteReader) throws {
        let submitted = LSN(rawValue: try reader.readFixed())
        let previous = LSN(rawValue: try reader.readFixed())
        self.init(submitted: submitted, previous: previous, keyHash: nil)
    }
}

extension ByteReader {
    /// A text of a length that the first encoding ever wrote.
    fileprivate mutating func readText(bytes: ClosedRange<Int>) throws -> String {
        let count = try readCount()
        guard bytes.contains(count) else { throw EventFault.invalidField("length of a text") }
        return try readString(count: count)
    }

    fileprivate mutating func readPayload() throws -> [UInt8] {
        let payload = try readBlob()
        guard payload.count <= JobLimits.payloadBytesMax else {
            throw EventFault.invalidField("payload")
        }
        return payload
    }

    fileprivate mutating func readMessage(_ flags: FieldFlagsV1) throws -> String? {
        flags.contains(.message) ? try readText() : nil
    }

    fileprivate mutating func readFlags(_ known: FieldFlagsV1) throws -> FieldFlagsV1 {
        let flags = FieldFlagsV1(rawValue: try readFixed())
        guard flags.isSubset(of: known) else { throw EventFault.invalidField("flags") }
        return flags
    }
}
