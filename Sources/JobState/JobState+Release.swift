import DequeModule
package import JobModel
import Tables
package import Units

/// The numbers of a job that has ended.
package struct EndedJob: Sendable {
    package let slot: JobSlot
    /// Numbers by which the state knows its names.
    package let user: UInt32
    package let type: UInt32
    package let jobClass: UInt32
    package let submitted: LSN
    package let last: LSN
    /// LSN of the event of its newest failed attempt; zero if none failed.
    package let lastFailure: LSN
    package let submittedAt: WallTime
    package let endedAt: WallTime
    package let executionTime: WallTime
    package let contentHash: UInt64
    package let attempts: UInt32
    package let leaseExpiries: UInt32
    package let status: ExecutionStatus
    package let priority: UInt8
    package let isRecurring: Bool
}

// Jobs that have ended leave memory once others keep them: `ended` for what is to be kept, `release`
// when it is. Neither is an event: what leaves is what the log says of all times before.
extension JobState {
    /// Jobs in memory that have ended and are not dead letters.
    package var endedCount: Int { ended.count }

    /// The job that ended as the `place`th of those in memory.
    package mutating func endedJob(_ place: Int) -> EndedJob {
        let job = ended[place]
        let record = jobs[job]
        let activity = activities[record.activity]
        return EndedJob(
            slot: JobSlot(index: job), user: record.user, type: classes[Int(record.kind)].type,
            jobClass: record.kind, submitted: record.submittedLSN,
            last: LSN(rawValue: activity.last),
            lastFailure: LSN(rawValue: activity.lastFailure), submittedAt: record.submittedAt,
            endedAt: activity.updatedAt, executionTime: activity.executionTime,
            contentHash: blob(job).contentHash, attempts: activity.attempt,
            leaseExpiries: activity.leaseExpiries, status: record.status,
            priority: record.priority, isRecurring: record.flags.contains(.recurring))
    }

    /// Lends the names of a job, and its policy as it stands in a `submitted` event.
    package mutating func withNames(
        of slot: JobSlot,
        _ body: (
            _ user: RawSpan, _ job: RawSpan, _ type: RawSpan, _ policy: RawSpan,
            _ location: RawSpan
        ) -> Void
    ) {
        let record = jobs[slot.index]
        let typeBytes = typeNames.bytes(type(of: slot.index)).byteCount
        let typeAndPolicy = classNames.bytes(record.kind)
        body(
            userNames.bytes(record.user), blobs.name(of: record),
            typeAndPolicy.extracting(..<typeBytes), typeAndPolicy.extracting(typeBytes...),
            blobs.location(of: record))
    }

    /// Asks for the memory of the jobs that ended from the `first`th on, all of it at once.
    package mutating func prefetchEnded(from first: Int) {
        let end = min(first + Self.prefetchMax, ended.count)
        guard first < end else { return }
        for place in first..<end { jobs.prefetch(ended[place]) }
        for place in first..<end {
            let record = jobs[ended[place]]
            activities.prefetch(record.activity)
            blobs.prefetch(record.blob)
            keys.prefetch(record.keyHash)
            users.prefetch(record.user)
            userNames.prefetch(number: record.user)
            if record.older != 0 { jobs.prefetch(record.older) }
            if record.newer != 0 { jobs.prefetch(record.newer) }
        }
    }

    /// Everybody who ended up to `lsn` is kept elsewhere, or is not to be kept: `release` may begin.
    package mutating func beginRelease(through lsn: LSN) {
        releasedThrough = max(releasedThrough, lsn)
    }

    /// Whether jobs may leave memory now: a snapshot first takes down how many had left before it.
    package var mayRelease: Bool {
        guard let phase = snapshot?.phase else { return true }
        return phase.rawValue > StateChunk.Kind.types.rawValue
    }

    /// Has jobs leave memory that ended up to `releasedThrough`, the first to end first.
    ///
    /// - Parameter countMax: At most so many.
    /// - Returns: Whether more are to leave.
    package mutating func release(countMax: Int) -> Bool {
        guard mayRelease else { return hasMoreToRelease }
        for count in 0..<countMax {
            guard hasMoreToRelease else { return false }
            if count % Self.prefetchMax == 0 { prefetchEnded(from: 0) }
            release(ended.removeFirst())
        }
        return hasMoreToRelease
    }

    private var hasMoreToRelease: Bool {
        mutating get {
            guard let job = ended.first else { return false }
            return last(job) <= releasedThrough
        }
    }

    private mutating func release(_ job: UInt32) {
        keep(job)
        releasedDigest &+= digest(of: job)
        let record = jobs[job]
        unlist(job, record)
        keys.remove(job, in: jobs)
        blobs.free(record.blob, byteCount: blobs.blob(of: record).byteCount)
        activities.free(record.activity)
        users[record.user].release(record.status)
        types[Int(type(of: job))].released.add(record.status)
        if !jobsOfFirstEncoding.isEmpty { jobsOfFirstEncoding[record.submitted] = nil }
        jobs[job].markFree()
        jobs.free(job)
    }

    /// Takes a job out of its user's list.
    private mutating func unlist(_ job: UInt32, _ record: JobRecord) {
        if record.older != 0 { jobs[record.older].newer = record.newer }
        if record.newer != 0 {
            jobs[record.newer].older = record.older
        } else {
            users[record.user].newest = record.older
        }
    }
}
