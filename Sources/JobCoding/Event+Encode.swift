package import ByteCoding
package import JobModel
import Units

extension Event {
    /// Writes the event's record: kind, time, then the fact's fields (docs/log-format.md, "Events").
    package func encode(into writer: inout ByteWriter) {
        writer.writeFixed(kind.rawValue)
        writer.writeFixed(time.microseconds)
        switch fact {
        case .submitted(let key, let content):
            writer.write(key, content)
        case .claimed(let job, let worker, let leaseDuration):
            writer.write(job)
            writer.write(leaseDuration)
            writer.writeSized(worker.text)
        case .processing(let job), .cancelled(let job):
            writer.write(job)
        case .heartbeat(let job, let leaseDuration, let progress, let checkpoint):
            writer.write(job)
            writer.write(leaseDuration)
            var flags = FieldFlags()
            if progress != nil { flags.insert(.progress) }
            if checkpoint != nil { flags.insert(.checkpoint) }
            writer.writeFixed(flags.rawValue)
            if let progress { writer.writeSized(progress) }
            if let checkpoint { writer.writeSized(checkpoint) }
        case .succeeded(let job, let message):
            writer.write(job)
            writer.write(message: message, flags: [])
        case .retriableFailed(let job, let reason, let message, let retryAt):
            writer.write(job)
            writer.writeFixed(reason.rawValue)
            writer.writeFixed(retryAt.microseconds)
            writer.write(message: message, flags: [])
        case .fatalFailed(let job, let reason, let message, let retriesExhausted):
            writer.write(job)
            writer.writeFixed(reason.rawValue)
            writer.write(message: message, flags: retriesExhausted ? .retriesExhausted : [])
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
        }
    }
}

extension ByteWriter {
    fileprivate mutating func write(_ key: JobKey, _ content: JobContent) {
        var flags = FieldFlags()
        if content.executionTime != nil { flags.insert(.executionTime) }
        if content.resultLocation != nil { flags.insert(.resultLocation) }
        if content.policy.runLimit != nil { flags.insert(.runLimit) }
        writeFixed(flags.rawValue)
        writeFixed(content.priority)
        if let executionTime = content.executionTime { writeFixed(executionTime.microseconds) }
        writeSized(key.user.text)
        writeSized(key.job.text)
        writeSized(content.type.text)
        write(content.policy)
        if let resultLocation = content.resultLocation { writeSized(resultLocation) }
        writeSized(content.payload)
    }

    private mutating func write(_ policy: JobPolicy) {
        writeVarint(UInt64(policy.maxRetries))
        write(policy.backoff.initial)
        writeVarint(UInt64(policy.backoff.factorPercent))
        write(policy.backoff.max)
        write(policy.leaseDuration)
        if let runLimit = policy.runLimit { write(runLimit) }
        writeSized(policy.contentType)
    }

    fileprivate mutating func write(_ job: JobReference) {
        writeFixed(job.submitted.rawValue)
        writeFixed(job.previous.rawValue)
    }

    fileprivate mutating func write(_ span: TimeSpan) {
        writeVarint(UInt64(span.microseconds))
    }

    fileprivate mutating func write(message: String?, flags: FieldFlags) {
        guard let message else { return writeFixed(flags.rawValue) }
        writeFixed(flags.union(.message).rawValue)
        writeSized(message)
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
