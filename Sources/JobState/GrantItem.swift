package import ByteCoding
package import JobModel
import Tables
package import Units

/// What a worker is told of a job that it was granted; names and payload lie in bytes beside it.
package struct GrantItem: Sendable {
    package let token: LSN
    package let type: JobType
    /// By which the state knows the type.
    package let typeNumber: UInt32
    package let policy: JobPolicy
    package let checkpoint: [UInt8]?
    package let isPacked: Bool
    package let rawPayloadBytes: Int
    package let payload: Range<Int>
    let user: Range<Int>
    let job: Range<Int>
    let location: Range<Int>
    let worker: WorkerName
    let submitted: LSN
    let submittedAt: WallTime
    let grantedAt: WallTime
    let executionTime: WallTime
    let leaseUntil: WallTime
    let expiresAt: WallTime?
    let priority: UInt8
    let attempt: Int
    let leaseExpiries: Int
    let occurrenceOf: JobID?

    /// The job as a reader sees it at the moment of the grant.
    package func view(_ bytes: RawSpan) -> JobView {
        let name = bytes.extracting(location)
        return JobView(
            key: JobKey(
                user: UserID(unchecked: bytes.extracting(user).text),
                job: JobID(unchecked: bytes.extracting(job).text)),
            type: type, status: .claimed, executionTime: executionTime, expiresAt: expiresAt,
            priority: priority, policy: policy,
            resultLocation: name.byteCount == 0 ? nil : name.text, attempt: attempt,
            leaseExpiries: leaseExpiries, submittedAt: submittedAt, updatedAt: grantedAt,
            nextAttemptAt: nil,
            lease: LeaseView(worker: worker, token: token, until: leaseUntil), hold: nil,
            recurrence: nil, occurrenceOf: occurrenceOf, submittedLSN: submitted, lastLSN: token)
    }
}

extension JobState {
    /// Asks for the memory that a grant needs beside what its claim does.
    package func prefetchGrant(_ slot: JobSlot) {
        userNames.prefetch(number: jobs[slot.index].user)
    }

    /// Copies what a worker is told of a job that was just claimed.
    package mutating func grant(
        _ slot: JobSlot, worker: WorkerName, leaseUntil: WallTime, into bytes: inout ByteWriter
    ) -> GrantItem {
        let job = slot.index
        let record = jobs[job]
        let activity = activities[record.activity]
        let blob = blobs.blob(of: record)
        let type = type(of: job)
        let start = bytes.count
        bytes.write(userNames.bytes(record.user))
        let jobStart = bytes.count
        bytes.write(blobs.name(of: record))
        let locationStart = bytes.count
        bytes.write(blobs.location(of: record))
        let payloadStart = bytes.count
        bytes.write(blobs.payload(of: record))
        return GrantItem(
            token: LSN(rawValue: activity.token), type: jobTypes[Int(type)],
            typeNumber: type, policy: policy(of: job), checkpoint: checkpoint(slot),
            isPacked: record.flags.contains(.packed), rawPayloadBytes: blob.rawPayloadBytes,
            payload: payloadStart..<bytes.count, user: start..<jobStart,
            job: jobStart..<locationStart, location: locationStart..<payloadStart, worker: worker,
            submitted: record.submittedLSN, submittedAt: record.submittedAt,
            grantedAt: activity.updatedAt, executionTime: activity.executionTime,
            leaseUntil: leaseUntil, expiresAt: expiryTimes.isEmpty ? nil : expiryTimes[job],
            priority: record.priority, attempt: Int(activity.attempt),
            leaseExpiries: Int(activity.leaseExpiries),
            occurrenceOf: occurrences.isEmpty
                ? nil : occurrences[job].map { JobID(unchecked: blobs.name(of: jobs[$0]).text) })
    }
}
