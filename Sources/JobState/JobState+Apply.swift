import HeapModule
package import JobModel
package import Units

extension JobState {
    /// Folds one event of the log into the state.
    ///
    /// Events come in order, without gaps.
    package mutating func apply(_ event: Event, at lsn: LSN) {
        precondition(lsn == appliedLSN.next, "event \(lsn) does not follow \(appliedLSN)")
        appliedLSN = lsn
        appliedTime = max(appliedTime, event.time)
        switch event.fact {
        case .submitted(let key, let content):
            insert(key, content, at: lsn, time: event.time)
        case .claimed(let job, let worker, let duration):
            let slot = touch(job, lsn, event.time)
            claim(slot, token: lsn, worker: worker, duration: duration, time: event.time)
        case .processing(let job):
            move(touch(job, lsn, event.time), to: .processing)
        case .heartbeat(let job, let duration, let progress, let checkpoint):
            let slot = touch(job, lsn, event.time)
            renew(slot, duration: duration, time: event.time)
            if let progress { self.progress[slot] = progress }
            if let checkpoint { checkpoints[slot] = checkpoint }
        case .succeeded(let job, _):
            end(touch(job, lsn, event.time), as: .success)
        case .retriableFailed(let job, let reason, _, let retryAt):
            let slot = touch(job, lsn, event.time)
            recordFailure(of: slot, reason: reason, at: lsn)
            wait(slot, as: .retriableFailure, until: retryAt)
        case .fatalFailed(let job, let reason, _, _):
            let slot = touch(job, lsn, event.time)
            recordFailure(of: slot, reason: reason, at: lsn)
            end(slot, as: .fatalFailure)
        case .cancelled(let job):
            end(touch(job, lsn, event.time), as: .cancelled)
        }
    }

    private mutating func insert(
        _ key: JobKey, _ content: JobContent, at lsn: LSN, time: WallTime
    ) {
        let user = userSlot(key.user)
        let executionTime = content.executionTime ?? time
        let record = JobRecord(
            submitted: lsn, submittedAt: time, user: user, type: typeSlot(content.type),
            policy: policySlot(content.policy), job: key.job, priority: content.priority,
            executionTime: executionTime, resultLocation: content.resultLocation,
            contentHash: content.fingerprint, payload: content.payload, status: .notStarted,
            last: lsn, updatedAt: time, dueAt: executionTime)
        let slot = jobs.append(record)
        slotsBySubmit.append(lsn)
        let old = index.updateValue(slot, forKey: IndexKey(user: user, job: key.job))
        precondition(old == nil, "job \(key) was submitted twice, again at \(lsn)")
        users[Int(user.index)].jobs.append(slot)
        count(slot, .notStarted, by: 1)
        due.insert(DueEntry(dueAt: executionTime, submitted: lsn, slot: slot))
    }

    /// Finds the job of an event and makes the event its newest.
    private mutating func touch(_ job: JobReference, _ lsn: LSN, _ time: WallTime) -> JobSlot {
        guard let slot = slotsBySubmit.find(job.submitted) else {
            preconditionFailure("event \(lsn) is about job \(job.submitted), which is not there")
        }
        precondition(
            jobs[slot].last == job.previous,
            "event \(lsn) follows \(job.previous), but the job's newest is \(jobs[slot].last)")
        jobs[slot].last = lsn
        jobs[slot].updatedAt = time
        return slot
    }

    private mutating func claim(
        _ slot: JobSlot, token: LSN, worker: WorkerName, duration: TimeSpan, time: WallTime
    ) {
        precondition(jobs[slot].isWaiting, "job \(jobs[slot].submitted) is held already")
        leaveQueue(slot)
        jobs[slot].attempt += 1
        jobs[slot].token = token
        leases[token] = Lease(slot: slot, worker: worker, duration: duration, renewedAt: time)
        move(slot, to: .claimed)
    }

    private mutating func renew(_ slot: JobSlot, duration: TimeSpan, time: WallTime) {
        let token = jobs[slot].token
        precondition(leases[token] != nil, "heartbeat of attempt \(token) without a lease")
        leases[token]?.duration = duration
        leases[token]?.renewedAt = time
    }

    private mutating func recordFailure(of slot: JobSlot, reason: FailureReason, at lsn: LSN) {
        jobs[slot].lastFailure = lsn
        if reason == .leaseExpired { jobs[slot].leaseExpiries += 1 }
    }

    private mutating func wait(_ slot: JobSlot, as status: ExecutionStatus, until dueAt: WallTime) {
        dropLease(slot)
        jobs[slot].dueAt = dueAt
        due.insert(DueEntry(dueAt: dueAt, submitted: jobs[slot].submitted, slot: slot))
        move(slot, to: status)
    }

    private mutating func end(_ slot: JobSlot, as status: ExecutionStatus) {
        leaveQueue(slot)
        dropLease(slot)
        checkpoints[slot] = nil
        jobs[slot].payload = []
        move(slot, to: status)
    }

    private mutating func dropLease(_ slot: JobSlot) {
        guard jobs[slot].status.isLeased else { return }
        leases[jobs[slot].token] = nil
        progress[slot] = nil
    }

    private mutating func leaveQueue(_ slot: JobSlot) {
        guard jobs[slot].isReady else { return }
        jobs[slot].isReady = false
        readyCount -= 1
    }

    private mutating func move(_ slot: JobSlot, to status: ExecutionStatus) {
        count(slot, jobs[slot].status, by: -1)
        jobs[slot].status = status
        count(slot, status, by: 1)
    }

    private mutating func count(_ slot: JobSlot, _ status: ExecutionStatus, by step: Int) {
        let step = UInt64(bitPattern: Int64(step))
        counts[status] &+= step
        users[Int(jobs[slot].user.index)].counts[status] &+= step
        types[Int(jobs[slot].type.index)].counts[status] &+= step
    }

    private mutating func userSlot(_ user: UserID) -> UserSlot {
        if let known = internedUsers.find(user) { return UserSlot(index: known) }
        users.append(UserRecord(user: user))
        return UserSlot(index: internedUsers.add(user))
    }

    private mutating func typeSlot(_ type: JobType) -> TypeSlot {
        if let known = internedTypes.find(type) { return TypeSlot(index: known) }
        types.append(TypeRecord(type: type))
        return TypeSlot(index: internedTypes.add(type))
    }

    private mutating func policySlot(_ policy: JobPolicy) -> PolicySlot {
        if let known = internedPolicies.find(policy) { return PolicySlot(index: known) }
        policies.append(policy)
        return PolicySlot(index: internedPolicies.add(policy))
    }
}
