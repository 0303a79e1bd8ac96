package import JobModel
package import Units

/// A lease as the engine's timers need it.
package struct LeaseTerms: Equatable, Sendable {
    package let token: LSN
    package let duration: TimeSpan
    /// Nil: the attempt may go on as long as it heartbeats.
    package let runLimit: TimeSpan?
}

extension JobState {
    /// What a reader sees of the job called `key`.
    package func view(_ key: JobKey) throws(Rejection) -> JobView {
        guard let slot = slot(of: key) else { throw missing(key) }
        return view(slot)
    }

    /// What a reader sees of the job submitted at `lsn`; nil if none was.
    package func view(submittedAt lsn: LSN) -> JobView? {
        guard let slot = slotsBySubmit.find(lsn) else { return nil }
        return view(slot)
    }

    /// The payload of a job that has not ended; empty for one that has.
    package func payload(submittedAt lsn: LSN) -> [UInt8] {
        guard let slot = slotsBySubmit.find(lsn) else { return [] }
        return jobs[slot].payload
    }

    /// The newest checkpoint of a job that has not ended.
    package func checkpoint(submittedAt lsn: LSN) -> [UInt8]? {
        guard let slot = slotsBySubmit.find(lsn) else { return nil }
        return checkpoints[slot]
    }

    /// The newest progress of the running attempt of a job.
    package func progress(submittedAt lsn: LSN) -> [UInt8]? {
        guard let slot = slotsBySubmit.find(lsn) else { return nil }
        return progress[slot]
    }

    /// LSN of the event of the job's newest failed attempt; nil if none failed.
    package func lastFailure(submittedAt lsn: LSN) -> LSN? {
        guard let slot = slotsBySubmit.find(lsn), jobs[slot].lastFailure != .zero else {
            return nil
        }
        return jobs[slot].lastFailure
    }

    /// Token of the job's newest attempt, whether it has ended or not; nil before the first.
    package func newestToken(submittedAt lsn: LSN) -> LSN? {
        guard let slot = slotsBySubmit.find(lsn), jobs[slot].token != .zero else { return nil }
        return jobs[slot].token
    }

    /// The terms of the lease that `token` stands for; nil if it has ended.
    package func terms(of token: LSN) -> LeaseTerms? {
        guard let lease = leases[token] else { return nil }
        let policy = policies[Int(jobs[lease.slot].policy.index)]
        return LeaseTerms(token: token, duration: lease.duration, runLimit: policy.runLimit)
    }

    /// The job that the lease of `token` is for, by the LSN of its submit; nil if it has ended.
    package func job(leasedBy token: LSN) -> LSN? {
        guard let lease = leases[token] else { return nil }
        return jobs[lease.slot].submitted
    }

    /// The token of the lease on a job; nil if no worker holds one.
    package func token(leasing job: LSN) -> LSN? {
        guard let slot = slotsBySubmit.find(job), jobs[slot].status.isLeased else { return nil }
        return jobs[slot].token
    }

    /// The terms of every lease, in order of grant.
    package func allTerms() -> [LeaseTerms] {
        var all: [LeaseTerms] = []
        for token in leases.keys.sorted() {
            if let terms = terms(of: token) { all.append(terms) }
        }
        return all
    }

    /// One page of a user's jobs, newest submit first; looks at no more than `looksMax` jobs.
    package func page(
        of user: UserID, statuses: Set<ExecutionStatus>, type: JobType?, before: LSN?,
        limit: Int, looksMax: Int
    ) throws(Rejection) -> (jobs: [JobView], next: LSN?) {
        guard let known = internedUsers.find(user) else { throw .unknownUser(user) }
        let slots = users[Int(known)].jobs
        var wantedType: UInt32??
        if let type { wantedType = .some(internedTypes.find(type)) }
        var found: [JobView] = []
        var position = slots.count
        if let before { position = countSubmitted(before: before, in: slots) }
        let end = max(0, position - looksMax)
        while position > end, found.count < limit {
            position -= 1
            let slot = slots[position]
            if !statuses.isEmpty, !statuses.contains(jobs[slot].status) { continue }
            if let wantedType, wantedType != jobs[slot].type.index { continue }
            found.append(view(slot))
        }
        return (found, position == 0 ? nil : jobs[slots[position]].submitted)
    }

    /// Users in order of their first submit, with their counts.
    package func users(skip: Int, limit: Int) -> [(user: UserID, counts: StatusCounts)] {
        users.dropFirst(skip).prefix(limit).map { ($0.user, $0.counts) }
    }

    /// How many users have ever submitted.
    package var userCount: Int { users.count }

    /// All types in order of first use, with their counts.
    package func typeCounts() -> [(type: JobType, counts: StatusCounts)] {
        types.map { ($0.type, $0.counts) }
    }

    private func countSubmitted(before lsn: LSN, in slots: ContiguousArray<JobSlot>) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = low + (high - low) / 2
            if jobs[slots[middle]].submitted < lsn { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func view(_ slot: JobSlot) -> JobView {
        let job = jobs[slot]
        return JobView(
            key: key(of: slot), type: types[Int(job.type.index)].type, status: job.status,
            executionTime: job.executionTime, priority: job.priority,
            policy: policies[Int(job.policy.index)], resultLocation: job.resultLocation,
            attempt: Int(job.attempt), leaseExpiries: Int(job.leaseExpiries),
            submittedAt: job.submittedAt, updatedAt: job.updatedAt,
            nextAttemptAt: job.isWaiting ? job.dueAt : nil, lease: leaseView(job),
            submittedLSN: job.submitted, lastLSN: job.last)
    }

    private func leaseView(_ job: JobRecord) -> LeaseView? {
        guard let lease = leases[job.token] else { return nil }
        return LeaseView(
            worker: lease.worker, token: job.token,
            until: lease.renewedAt.advanced(by: lease.duration))
    }
}
