import ByteCoding
package import JobModel
import Tables
package import Units

/// A lease as the engine's timers need it.
package struct LeaseTerms: Equatable, Sendable {
    package let job: JobSlot
    package let token: LSN
    package let duration: TimeSpan
    /// Nil: the attempt may go on as long as it heartbeats.
    package let runLimit: TimeSpan?
}

/// A payload as the state keeps it.
package struct KeptPayload: Sendable {
    package let bytes: [UInt8]
    /// Packed with the dictionary of its type.
    package let isPacked: Bool
    package let rawByteCount: Int
}

extension JobState {
    mutating func key(of job: UInt32) -> JobKey {
        JobKey(
            user: UserID(unchecked: userNames.bytes(jobs[job].user).text),
            job: JobID(unchecked: blobs.name(of: jobs[job]).text))
    }

    /// What a reader sees of a job.
    package mutating func view(_ slot: JobSlot) -> JobView {
        let job = slot.index
        let record = jobs[job]
        let activity = record.activity == 0 ? nil : activities[record.activity]
        let location = blobs.location(of: record).text
        return JobView(
            key: key(of: job), type: jobTypes[Int(type(of: job))], status: record.status,
            executionTime: activity?.executionTime ?? record.dueAt, expiresAt: expiryTimes[job],
            priority: record.priority, policy: policy(of: job),
            resultLocation: location.isEmpty ? nil : location,
            attempt: Int(activity?.attempt ?? 0), leaseExpiries: Int(activity?.leaseExpiries ?? 0),
            submittedAt: record.submittedAt, updatedAt: activity?.updatedAt ?? record.submittedAt,
            nextAttemptAt: record.isWaiting && !record.flags.contains(.blocked)
                ? schedules[job].map { $0.nextTick } ?? record.dueAt : nil,
            lease: record.status.isLeased ? activity.map { lease($0) } : nil, hold: hold(of: job),
            recurrence: schedules[job]?.recurrence,
            occurrenceOf: occurrences[job].map { JobID(unchecked: blobs.name(of: jobs[$0]).text) },
            submittedLSN: record.submittedLSN, lastLSN: last(job))
    }

    private mutating func lease(_ activity: Activity) -> LeaseView {
        LeaseView(
            worker: WorkerName(unchecked: workerNames.bytes(activity.worker).text),
            token: LSN(rawValue: activity.token),
            until: activity.renewedAt.advanced(by: activity.leaseDuration))
    }

    /// The newest checkpoint of a job that has not ended.
    package mutating func checkpoint(_ job: JobSlot) -> [UInt8]? {
        checkpoints.isEmpty ? nil : checkpoints[job.index]
    }

    /// The payload as it is kept here; nil once the job has ended and cannot be redriven.
    package mutating func keptPayload(_ slot: JobSlot) -> KeptPayload? {
        let record = jobs[slot.index]
        guard record.needsPayload else { return nil }
        return KeptPayload(
            bytes: blobs.payload(of: record).array, isPacked: record.flags.contains(.packed),
            rawByteCount: blobs.blob(of: record).rawPayloadBytes)
    }

    /// The newest progress of the running attempt of a job.
    package mutating func progress(_ job: JobSlot) -> [UInt8]? {
        progress[job.index]
    }

    /// LSN of the event of the job's newest failed attempt; nil if none failed.
    package mutating func lastFailure(_ job: JobSlot) -> LSN? {
        let activity = jobs[job.index].activity
        guard activity != 0, activities[activity].lastFailure != 0 else { return nil }
        return LSN(rawValue: activities[activity].lastFailure)
    }

    /// Token of the job's newest attempt, whether it has ended or not; nil before the first.
    package mutating func newestToken(_ job: JobSlot) -> LSN? {
        let activity = jobs[job.index].activity
        guard activity != 0, activities[activity].token != 0 else { return nil }
        return LSN(rawValue: activities[activity].token)
    }

    /// The terms of the lease on a job.
    ///
    /// - Precondition: the job is leased.
    package mutating func terms(of job: JobSlot) -> LeaseTerms {
        let activity = activities[jobs[job.index].activity]
        return LeaseTerms(
            job: job, token: LSN(rawValue: activity.token), duration: activity.leaseDuration,
            runLimit: policy(of: job.index).runLimit)
    }

    /// The terms of every lease, in order of grant.
    package mutating func allTerms() -> [LeaseTerms] {
        var all: [LeaseTerms] = []
        var activity: UInt32 = 0
        while activity < UInt32(activities.slotsUsed) {
            activity += 1
            let job = activities[activity].job
            // One that nobody uses any more names a job that has another, or none.
            guard jobs[job].activity == activity, jobs[job].status.isLeased else { continue }
            all.append(terms(of: JobSlot(index: job)))
        }
        return all.sorted { $0.token < $1.token }
    }

    /// Where the engine keeps the number of the timer of a lease.
    package mutating func timer(of job: JobSlot) -> UInt32 {
        activities[jobs[job.index].activity].timer
    }

    package mutating func set(timer: UInt32, of job: JobSlot) {
        activities[jobs[job.index].activity].timer = timer
    }

    package mutating func status(_ job: JobSlot) -> ExecutionStatus { jobs[job.index].status }

    /// LSN of the job's first event.
    package mutating func submitted(_ job: JobSlot) -> LSN { jobs[job.index].submittedLSN }

    /// Bytes of memory that names and payloads of jobs take.
    package var blobBytes: Int { blobs.storedBytes }

    package mutating func isLeased(_ job: JobSlot) -> Bool { jobs[job.index].status.isLeased }

    /// The stretches in which the job's user and type were held back lately, oldest first.
    package mutating func holdSpans(_ job: JobSlot) -> [HoldSpan] {
        let user = holds[.user(jobs[job.index].user)]?.spans ?? []
        let type = holds[.type(type(of: job.index))]?.spans ?? []
        return (user + type).sorted { $0.from < $1.from }
    }

    /// Whether anything is set for the scope itself.
    package mutating func isSet(_ scope: ControlScope) -> Bool {
        switch scope {
        case .everyUser: everyUser != .none
        case .user(let user): userNumber(user).map { userControls[$0] != nil } ?? false
        case .type(let type): typeNumber(type).map { typeControls[$0] != nil } ?? false
        }
    }

    /// What is set for a user or a type.
    package mutating func control(_ scope: ControlScope) -> Control {
        switch scope {
        case .everyUser: everyUser
        case .user(let user): userNumber(user).map { control(ofUser: $0) } ?? everyUser
        case .type(let type): typeNumber(type).flatMap { typeControls[$0] } ?? .none
        }
    }

    /// Everything that is set, users and types each in order of name.
    package mutating func controls() -> [(scope: ControlScope, control: Control)] {
        var all: [(scope: ControlScope, control: Control)] = []
        if everyUser != .none { all.append((.everyUser, everyUser)) }
        let users = userControls.map {
            (user: UserID(unchecked: userNames.bytes($0.key).text), control: $0.value)
        }
        for entry in users.sorted(by: { $0.user.text < $1.user.text }) {
            all.append((.user(entry.user), entry.control))
        }
        let types = typeControls.map { (type: jobTypes[Int($0.key)], control: $0.value) }
        for entry in types.sorted(by: { $0.type.text < $1.type.text }) {
            all.append((.type(entry.type), entry.control))
        }
        return all
    }
}
