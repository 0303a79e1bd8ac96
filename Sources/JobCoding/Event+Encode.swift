package import ByteCoding
package import JobModel
package import Units

extension Event {
    /// Writes the event's record: kind, time, then the fact's fields (docs/log-format.md, "Events").
    package func encode(into writer: inout ByteWriter) {
        writer.writeFixed(kind.rawValue)
        writer.writeFixed(time.microseconds)
        if let reference = fact.reference { writer.write(reference) }
        switch fact {
        case .submitted(let key, let content, let keyHash, let firstTick):
            writer.write(key, content, keyHash: keyHash ?? 0, firstTick: firstTick)
        case .claimed(_, let worker, let leaseDuration):
            writer.write(leaseDuration)
            writer.writeSized(worker.text)
        case .processing:
            break
        case .cancelled(_, let reason):
            writer.writeFixed(reason.rawValue)
        case .heartbeat(_, let leaseDuration, let progress, let checkpoint):
            writer.write(leaseDuration)
            writer.write(progress: progress, checkpoint: checkpoint)
        case .succeeded(_, let message):
            writer.write(message: message, flags: [])
        case .retriableFailed(_, let reason, let message, let retryAt):
            writer.writeFixed(reason.rawValue)
            writer.writeFixed(retryAt.microseconds)
            writer.write(message: message, flags: [])
        case .fatalFailed(_, let reason, let message, let retriesExhausted):
            writer.writeFixed(reason.rawValue)
            writer.write(message: message, flags: retriesExhausted ? .retriesExhausted : [])
        case .redriven(_, let dueAt):
            writer.writeFixed(dueAt.microseconds)
        case .rescheduled(_, let priority, let executionTime):
            writer.write(priority: priority, executionTime: executionTime)
        case .ticked(_, let tick):
            writer.write(tick)
        case .controlChanged(let scope, let control):
            writer.write(scope)
            writer.write(control)
        }
    }

    private var kind: EventKind {
        switch fact {
        case .submitted: .submitted
        case .claimed: .claimed
        case .processing: .processing
        case .heartbeat: .heartbeat
        case .succeeded: .succeeded
        case .retriableFailed: .retriableFailed
        case .fatalFailed: .fatalFailed
        case .cancelled: .cancelled
        case .redriven: .redriven
        case .rescheduled: .rescheduled
        case .ticked: .ticked
        case .controlChanged: .controlChanged
        }
    }
}

extension ByteWriter {
    /// Writes the record of a `submitted` event, as `Event.encode` does, without making an event first.
    ///
    /// - Parameters:
    ///   - key: The job.
    ///   - content: What its caller says about it.
    ///   - keyHash: Of the key, under the log's own secret.
    ///   - firstTick: Of a recurring job; else it is not looked at.
    ///   - time: Of the submit.
    package mutating func writeSubmitted(
        _ key: JobKey, _ content: JobContent, keyHash: UInt32, firstTick: WallTime?,
        time: WallTime
    ) {
        writeFixed(EventKind.submitted.rawValue)
        writeFixed(time.microseconds)
        write(key, content, keyHash: keyHash, firstTick: firstTick)
    }

    fileprivate mutating func write(
        _ key: JobKey, _ content: JobContent, keyHash: UInt32, firstTick: WallTime?
    ) {
        let head = count
        var flags = FieldFlags()
        if content.executionTime != nil { flags.insert(.executionTime) }
        if content.expiresAt != nil { flags.insert(.expiresAt) }
        writeFixed(keyHash)
        // Flags, priority, and how long the names are: a byte each.
        writeFixed(
            UInt32(flags.rawValue) | UInt32(content.priority) << 8
                | UInt32(UInt8(key.user.text.utf8.count)) << 16
                | UInt32(UInt8(key.job.text.utf8.count)) << 24)
        // Of type, policy and recurrence; the last two are filled in below.
        writeFixed(UInt32(UInt8(content.type.text.utf8.count)))
        writeFixed(UInt16(content.resultLocation?.utf8.count ?? 0))
        writeFixed(UInt32(content.payload.count))
        writeFixed(content.executionTime?.microseconds ?? 0)
        writeFixed(content.expiresAt?.microseconds ?? 0)
        write(utf8: key.user.text)
        write(utf8: key.job.text)
        write(utf8: content.type.text)
        let policy = count
        content.policy.encode(into: &self)
        patchFixed(UInt8(count - policy), at: head + 9)
        if let recurrence = content.recurrence {
            let start = count
            recurrence.encode(into: &self)
            patchFixed(UInt16(count - start), at: head + 10)
        }
        if let resultLocation = content.resultLocation { write(utf8: resultLocation) }
        write(content.payload)
        if content.recurrence != nil { writeFixed(firstTick?.microseconds ?? 0) }
    }

    fileprivate mutating func write(_ job: JobReference) {
        writeFixed(job.submitted.rawValue)
        writeFixed(job.previous.rawValue)
        writeFixed(job.keyHash ?? 0)
    }

    fileprivate mutating func write(progress: [UInt8]?, checkpoint: [UInt8]?) {
        var flags = FieldFlags()
        if progress != nil { flags.insert(.progress) }
        if checkpoint != nil { flags.insert(.checkpoint) }
        writeFixed(flags.rawValue)
        if let progress { writeSized(progress) }
        if let checkpoint { writeSized(checkpoint) }
    }

    fileprivate mutating func write(message: String?, flags: FieldFlags) {
        guard let message else { return writeFixed(flags.rawValue) }
        writeFixed(flags.union(.message).rawValue)
        writeSized(message)
    }

    fileprivate mutating func write(priority: UInt8?, executionTime: WallTime?) {
        var flags = FieldFlags()
        if priority != nil { flags.insert(.priority) }
        if executionTime != nil { flags.insert(.newTime) }
        writeFixed(flags.rawValue)
        if let priority { writeFixed(priority) }
        if let executionTime { writeFixed(executionTime.microseconds) }
    }

    fileprivate mutating func write(_ tick: Tick) {
        writeFixed(tick.at.microseconds)
        writeFixed(tick.outcome.rawValue)
        writeFixed(tick.missedCount)
        writeFixed(tick.occurrenceHash)
        writeFixed((tick.next == nil ? [] : FieldFlags.nextTick).rawValue)
        if let next = tick.next { writeFixed(next.microseconds) }
    }

    fileprivate mutating func write(_ scope: ControlScope) {
        switch scope {
        case .user(let user):
            writeFixed(ScopeKind.user.rawValue)
            writeSized(user.text)
        case .type(let type):
            writeFixed(ScopeKind.type.rawValue)
            writeSized(type.text)
        case .everyUser:
            writeFixed(ScopeKind.everyUser.rawValue)
        }
    }

    fileprivate mutating func write(_ control: Control?) {
        guard let control else { return writeFixed(FieldFlags.reset.rawValue) }
        var flags = FieldFlags()
        if control.isPaused { flags.insert(.paused) }
        if control.waitingMax != nil { flags.insert(.waitingMax) }
        if control.runningMax != nil { flags.insert(.runningMax) }
        writeFixed(flags.rawValue)
        if let waitingMax = control.waitingMax { writeFixed(waitingMax) }
        if let runningMax = control.runningMax { writeFixed(runningMax) }
    }

    fileprivate mutating func writeSized(_ text: String) {
        writeVarint(UInt64(text.utf8.count))
        write(utf8: text)
    }

    fileprivate mutating func writeSized(_ bytes: [UInt8]) {
        writeVarint(UInt64(bytes.count))
        write(bytes)
    }
}

/// What kind of scope a `controlChanged` event names.
enum ScopeKind: UInt8 {
    case user = 0
    case type = 1
    case everyUser = 2
}
