import ByteCoding
package import JobModel
package import Units

extension Event {
    /// When the event of this record happened, which stands at the same place in all.
    ///
    /// - Precondition: `record` begins like an event, or is refused as one: then the time means nothing.
    package static func time(of record: RawSpan) -> WallTime {
        guard record.byteCount >= SubmittedRecord.keyHashOffset else { return .earliest }
        return WallTime(microseconds: record.fixed(at: SubmittedRecord.timeOffset))
    }

    /// Reads the event that fills `record` from its first byte to its last.
    package init(decoding record: RawSpan) throws(EventFault) {
        if record.byteCount > 0, record.fixed(at: 0) == EventKind.submitted.rawValue {
            let submitted = try SubmittedRecord(record)
            self.init(
                time: submitted.time,
                fact: .submitted(
                    try submitted.keyValue(), try submitted.content(), keyHash: submitted.keyHash,
                    firstTick: submitted.firstTick))
            return
        }
        self = try JobCoding.decoding(record) { reader throws in
            let number: UInt8 = try reader.readFixed()
            let time = try reader.readTime()
            if let kind = EventKind(rawValue: number) {
                return Event(time: time, fact: try Fact(kind, reading: &reader))
            }
            guard let kind = EventKindV1(rawValue: number) else {
                throw EventFault.unknownKind(number)
            }
            return Event(time: time, fact: try Fact(v1: kind, reading: &reader))
        }
    }
}

extension Fact {
    fileprivate init(_ kind: EventKind, reading reader: inout ByteReader) throws {
        if kind == .controlChanged {
            let scope = try ControlScope(reading: &reader)
            self = .controlChanged(scope, try reader.readControl())
            return
        }
        let job = try JobReference(reading: &reader)
        switch kind {
        case .submitted, .controlChanged:
            preconditionFailure("events without a reference were read above")
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
            guard let reason = CancelReason(rawValue: try reader.readFixed()) else {
                throw EventFault.invalidField("cancel reason")
            }
            self = .cancelled(job, reason: reason)
        case .redriven:
            self = .redriven(job, dueAt: try reader.readTime())
        case .rescheduled:
            let flags = try reader.readFlags([.priority, .newTime])
            let priority: UInt8? = flags.contains(.priority) ? try reader.readFixed() : nil
            let time = flags.contains(.newTime) ? try reader.readTime() : nil
            self = .rescheduled(job, priority: priority, executionTime: time)
        case .ticked:
            self = .ticked(job, try Tick(reading: &reader))
        }
    }
}

extension Tick {
    fileprivate init(reading reader: inout ByteReader) throws {
        let at = try reader.readTime()
        guard let outcome = TickOutcome(rawValue: try reader.readFixed()) else {
            throw EventFault.invalidField("tick outcome")
        }
        let missedCount: UInt32 = try reader.readFixed()
        let occurrenceHash: UInt32 = try reader.readFixed()
        let flags = try reader.readFlags(.nextTick)
        self.init(
            at: at, next: flags.contains(.nextTick) ? try reader.readTime() : nil,
            outcome: outcome, missedCount: missedCount, occurrenceHash: occurrenceHash)
    }
}

extension ControlScope {
    fileprivate init(reading reader: inout ByteReader) throws {
        switch ScopeKind(rawValue: try reader.readFixed()) {
        case .user: self = .user(UserID(unchecked: try reader.readText()))
        case .type: self = .type(JobType(unchecked: try reader.readText()))
        case .everyUser: self = .everyUser
        case nil: throw EventFault.invalidField("scope")
        }
    }
}

extension ByteReader {
    fileprivate mutating func readControl() throws -> Control? {
        let flags = try readFlags([.paused, .waitingMax, .runningMax, .reset])
        if flags.contains(.reset) {
            guard flags == .reset else { throw EventFault.invalidField("flags") }
            return nil
        }
        let waitingMax: UInt32? = flags.contains(.waitingMax) ? try readFixed() : nil
        let runningMax: UInt32? = flags.contains(.runningMax) ? try readFixed() : nil
        return Control(
            isPaused: flags.contains(.paused), waitingMax: waitingMax, runningMax: runningMax)
    }
}

extension JobReference {
    fileprivate init(reading reader: inout ByteReader) throws {
        let submitted = LSN(rawValue: try reader.readFixed())
        let previous = LSN(rawValue: try reader.readFixed())
        self.init(submitted: submitted, previous: previous, keyHash: try reader.readFixed())
    }
}

extension ByteReader {
    mutating func readCount() throws -> Int {
        guard let count = Int(exactly: try readVarint()) else {
            throw EventFault.invalidField("count")
        }
        return count
    }

    mutating func readSpan() throws -> TimeSpan {
        guard let microseconds = Int64(exactly: try readVarint()),
            microseconds <= JobLimits.durationMax.microseconds
        else { throw EventFault.invalidField("duration") }
        return TimeSpan(microseconds: microseconds)
    }

    /// A moment that four digits of a year can write.
    mutating func readTime() throws -> WallTime {
        let time = WallTime(microseconds: try readFixed())
        guard time >= .earliest, time <= .latest else { throw EventFault.invalidField("time") }
        return time
    }

    mutating func readText() throws -> String {
        try readString(count: readCount())
    }

    mutating func readBlob() throws -> [UInt8] {
        try readArray(count: readCount())
    }

    mutating func readFailureReason() throws -> FailureReason {
        guard let reason = FailureReason(rawValue: try readFixed()) else {
            throw EventFault.invalidField("failure reason")
        }
        return reason
    }

    fileprivate mutating func readMessage(_ flags: FieldFlags) throws -> String? {
        flags.contains(.message) ? try readText() : nil
    }

    fileprivate mutating func readFlags(_ known: FieldFlags) throws -> FieldFlags {
        let flags = FieldFlags(rawValue: try readFixed())
        guard flags.isSubset(of: known) else { throw EventFault.invalidField("flags") }
        return flags
    }
}
