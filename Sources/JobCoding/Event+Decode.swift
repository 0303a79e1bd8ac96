package import ByteCoding
package import JobModel
import Units

/// Why a record of the log is no event that this version knows.
package enum EventFault: Error, Equatable, Sendable {
    /// The bytes end too early, or a number or a text is malformed.
    case malformed(ByteFault)
    /// Written by a newer version, or no event at all.
    case unknownKind(UInt8)
    /// A field has a value that no version ever wrote.
    case invalidField(String)
    /// Bytes are left after the last field.
    case trailingBytes(Int)
}

extension Event {
    /// Reads the event that fills `record` from its first byte to its last.
    package init(decoding record: RawSpan) throws(EventFault) {
        var reader = ByteReader(record)
        do {
            try self.init(reading: &reader)
        } catch let fault as ByteFault {
            throw .malformed(fault)
        } catch let fault as EventFault {
            throw fault
        } catch {
            preconditionFailure("the reader throws nothing else: \(error)")
        }
        guard reader.remaining == 0 else { throw .trailingBytes(reader.remaining) }
    }

    private init(reading reader: inout ByteReader) throws {
        let number: UInt8 = try reader.readFixed()
        guard let kind = EventKind(rawValue: number) else { throw EventFault.unknownKind(number) }
        let time = WallTime(microseconds: try reader.readFixed())
        self.init(time: time, fact: try Fact(kind, reading: &reader))
    }
}

extension Fact {
    fileprivate init(_ kind: EventKind, reading reader: inout ByteReader) throws {
        if kind == .submitted {
            self = try .submitted(reading: &reader)
            return
        }
        let job = try JobReference(reading: &reader)
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
            let reason = try reader.readReason()
            let retryAt = WallTime(microseconds: try reader.readFixed())
            let flags = try reader.readFlags(.message)
            self = .retriableFailed(
                job, reason: reason, message: try reader.readMessage(flags), retryAt: retryAt)
        case .fatalFailed:
            let reason = try reader.readReason()
            let flags = try reader.readFlags([.message, .retriesExhausted])
            self = .fatalFailed(
                job, reason: reason, message: try reader.readMessage(flags),
                retriesExhausted: flags.contains(.retriesExhausted))
        case .cancelled:
            self = .cancelled(job)
        }
    }

    private static func submitted(reading reader: inout ByteReader) throws -> Fact {
        let flags = try reader.readFlags([.executionTime, .resultLocation, .runLimit])
        let priority: UInt8 = try reader.readFixed()
        var executionTime: WallTime?
        if flags.contains(.executionTime) {
            executionTime = WallTime(microseconds: try reader.readFixed())
        }
        let user = UserID(unchecked: try reader.readText())
        let job = JobID(unchecked: try reader.readText())
        let type = JobType(unchecked: try reader.readText())
        let policy = try JobPolicy(flags, reading: &reader)
        let resultLocation = flags.contains(.resultLocation) ? try reader.readText() : nil
        let content = JobContent(
            type: type, executionTime: executionTime, priority: priority,
            payload: try reader.readBlob(), resultLocation: resultLocation, policy: policy)
        return .submitted(JobKey(user: user, job: job), content)
    }
}

extension JobPolicy {
    fileprivate init(_ flags: FieldFlags, reading reader: inout ByteReader) throws {
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
            contentType: try reader.readText())
    }
}

extension JobReference {
    fileprivate init(reading reader: inout ByteReader) throws {
        let submitted = LSN(rawValue: try reader.readFixed())
        self.init(submitted: submitted, previous: LSN(rawValue: try reader.readFixed()))
    }
}

extension ByteReader {
    fileprivate mutating func readCount() throws -> Int {
        guard let count = Int(exactly: try readVarint()) else {
            throw EventFault.invalidField("count")
        }
        return count
    }

    fileprivate mutating func readSpan() throws -> TimeSpan {
        guard let microseconds = Int64(exactly: try readVarint()) else {
            throw EventFault.invalidField("duration")
        }
        return TimeSpan(microseconds: microseconds)
    }

    fileprivate mutating func readText() throws -> String {
        try readString(count: readCount())
    }

    fileprivate mutating func readBlob() throws -> [UInt8] {
        try readArray(count: readCount())
    }

    fileprivate mutating func readMessage(_ flags: FieldFlags) throws -> String? {
        flags.contains(.message) ? try readText() : nil
    }

    fileprivate mutating func readReason() throws -> FailureReason {
        guard let reason = FailureReason(rawValue: try readFixed()) else {
            throw EventFault.invalidField("failure reason")
        }
        return reason
    }

    fileprivate mutating func readFlags(_ known: FieldFlags) throws -> FieldFlags {
        let flags = FieldFlags(rawValue: try readFixed())
        guard flags.isSubset(of: known) else { throw EventFault.invalidField("flags") }
        return flags
    }
}
