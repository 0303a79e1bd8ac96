import ByteCoding
import JobModel
import Tables
import Units

extension JobState {
    /// A hash of all that the state says, whichever slots its jobs have and whichever of those that
    /// have ended it still holds: two states of one log that were folded from the same events have the
    /// same, and others do not.
    package mutating func digest() -> UInt64 {
        var sum = settingsDigest()
        var job: UInt32 = 0
        while job < UInt32(jobs.slotsUsed) {
            job += 1
            if !jobs[job].isFree { sum &+= digest(of: job) }
        }
        return sum
    }

    /// A job's part of the digest.
    mutating func digest(of job: UInt32) -> UInt64 {
        var writer = ByteWriter(capacity: 0)
        swap(&writer, &digestBytes)
        defer { swap(&writer, &digestBytes) }
        writer.removeAll()
        write(job, to: &writer)
        return hash.hash(writer.bytes)
    }

    /// The digest without the jobs that are in memory.
    mutating func settingsDigest() -> UInt64 {
        var writer = ByteWriter(capacity: 1_024)
        for (scope, control) in controls() { writer.write(utf8: "\(scope) \(control);") }
        writer.writeFixed(appliedLSN.rawValue)
        writer.writeFixed(appliedTime.microseconds)
        return hash.hash(writer.bytes, salt: 1) &+ releasedDigest
    }

    /// What a job's part of the digest is made of.
    private mutating func write(_ job: UInt32, to writer: inout ByteWriter) {
        let record = jobs[job]
        let flags = record.flags.intersection([.blocked, .recurring, .occurrence])
        writer.writeFixed(record.submitted)
        writer.writeFixed(record.submittedAt.microseconds)
        writer.writeFixed(record.isWaiting ? record.dueAt.microseconds : 0)
        writer.writeFixed(record.keyHash)
        writer.writeFixed(UInt16(record.priority) | UInt16(record.status.rawValue) << 8)
        writer.writeFixed(flags.rawValue)
        writer.writeFixed(blob(job).contentHash)
        writer.writeFixed(last(job).rawValue)
        writer.write(userNames.bytes(record.user))
        writer.writeFixed(UInt8(0))
        writer.write(blobs.name(of: record))
        writer.writeFixed(UInt8(0))
        writer.write(typeNames.bytes(type(of: job)))
        if record.activity != 0 { write(activities[record.activity], to: &writer) }
        if let next = schedules[job]?.nextTick { writer.writeFixed(next.microseconds) }
        if let expiry = expiryTimes[job] { writer.writeFixed(expiry.microseconds) }
        if let checkpoint = checkpoints[job] { writer.write(checkpoint) }
        if let progress = progress[job] { writer.write(progress) }
    }

    private mutating func write(_ activity: Activity, to writer: inout ByteWriter) {
        writer.writeFixed(activity.token)
        writer.writeFixed(activity.last)
        writer.writeFixed(activity.lastFailure)
        writer.writeFixed(activity.updatedAt.microseconds)
        writer.writeFixed(activity.executionTime.microseconds)
        // Two counts in one.
        writer.writeFixed(UInt64(activity.attempt) | UInt64(activity.attemptBase) << 32)
        writer.writeFixed(UInt64(activity.leaseExpiries) | UInt64(activity.expiryBase) << 32)
    }
}
