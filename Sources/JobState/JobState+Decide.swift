import ByteCoding
package import JobCoding
package import JobModel
import Tables
package import Units

/// What a submit comes to.
package enum SubmitDecision: Equatable, Sendable {
    /// The key was free: append the event.
    case new(SubmitPlace)
    /// The same job with the same content is there already.
    case existing(JobSlot)
}

extension JobState {
    /// Decides a submit: idempotent by key, a conflict if the content differs, refused where the
    /// user has as many jobs waiting as may.
    package mutating func decideSubmit(
        _ record: borrowing SubmittedRecord, _ hint: SubmitHint
    ) throws(Rejection) -> SubmitDecision {
        guard let user = userNames.find(record.user, hash: hint.userHash) else {
            try checkWaitingLimit(everyUser, waiting: 0, record)
            return .new(SubmitPlace(user: 0))
        }
        if let job = find(user: user, job: record.job, hash: record.keyHash) {
            guard blob(job).contentHash == hint.contentHash,
                jobs[job].flags.contains(.recurring)
                    || record.recurrenceBytes == 0
            else { throw .contentConflict(key(of: job)) }
            return .existing(JobSlot(index: job))
        }
        try checkWaitingLimit(control(ofUser: user), waiting: users[user].waiting, record)
        return .new(SubmitPlace(user: user))
    }

    /// Whether the job of this key is in memory.
    package mutating func holds(_ record: borrowing SubmittedRecord, _ hint: SubmitHint) -> Bool {
        guard let user = userNames.find(record.user, hash: hint.userHash) else { return false }
        return find(user: user, job: record.job, hash: record.keyHash) != nil
    }

    private mutating func checkWaitingLimit(
        _ control: Control, waiting: UInt32, _ record: borrowing SubmittedRecord
    ) throws(Rejection) {
        guard let max = control.waitingMax, waiting >= max else { return }
        throw .waitingLimit(UserID(unchecked: record.user.text), limit: max)
    }

    /// When a recurring job would tick first if it were submitted now.
    ///
    /// - Throws: `Rejection.invalidRecurrence` where the rule can't be read or never ticks.
    package static func firstTick(
        of recurrence: Recurrence, executionTime: WallTime?, now: WallTime
    ) throws(Rejection) -> WallTime {
        let ticker = try Ticker(recurrence.rule)
        guard let tick = ticker.first(from: max(executionTime ?? now, now)) else {
            throw .invalidRecurrence(
                InvalidField(
                    field: "recurrence.cron",
                    problem: "never ticks: there is no such day in the next 100 years"))
        }
        return tick
    }

    /// Decides a cancel; nil if the job is cancelled already.
    package mutating func decideCancel(_ job: JobSlot) throws(Rejection) -> Fact? {
        let status = jobs[job.index].status
        if status == .cancelled { return nil }
        guard !status.isFinal else {
            throw .wrongStatus(key(of: job.index), status, wanted: .cancel)
        }
        return .cancelled(reference(to: job.index), reason: .requested)
    }

    /// Decides to grant a job to `worker`.
    ///
    /// - Precondition: it was just taken out of a claim's line.
    package mutating func decideClaim(
        _ job: JobSlot, worker: WorkerName, leaseDuration: TimeSpan?
    ) -> Fact {
        precondition(
            jobs[job.index].flags.contains(.ready), "job \(jobs[job.index].submitted) is not ready")
        return .claimed(
            reference(to: job.index), worker: worker,
            leaseDuration: leaseDuration ?? policy(of: job.index).leaseDuration)
    }

    /// Decides that a worker begins; nil if it has begun already.
    package mutating func decideStart(_ job: JobSlot) -> Fact? {
        jobs[job.index].status == .claimed ? .processing(reference(to: job.index)) : nil
    }

    /// Decides that a worker is alive: the lease begins anew, for its old duration unless told.
    package mutating func decideHeartbeat(
        _ job: JobSlot, leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?
    ) -> Fact {
        let standing = activities[jobs[job.index].activity].leaseDuration
        return .heartbeat(
            reference(to: job.index), leaseDuration: leaseDuration ?? standing, progress: progress,
            checkpoint: checkpoint)
    }

    /// Decides that an attempt has succeeded; it must have been started.
    package mutating func decideSucceed(_ job: JobSlot, message: String?) throws(Rejection) -> Fact
    {
        guard jobs[job.index].status == .processing else {
            throw .wrongStatus(key(of: job.index), jobs[job.index].status, wanted: .succeed)
        }
        return .succeeded(reference(to: job.index), message: message)
    }

    /// Decides that a worker's attempt has failed: another one after the backoff, or the end.
    package mutating func decideFail(
        _ job: JobSlot, isRetriable: Bool, message: String?, now: WallTime
    ) -> Fact {
        guard isRetriable else {
            return .fatalFailed(
                reference(to: job.index), reason: .reported, message: message,
                retriesExhausted: false)
        }
        return failure(of: job.index, reason: .reported, message: message, now: now)
    }

    /// Decides that an attempt's time is up.
    ///
    /// - Precondition: the job is leased.
    package mutating func decideExpiry(_ job: JobSlot, reason: FailureReason, now: WallTime) -> Fact
    {
        precondition(jobs[job.index].status.isLeased, "an expiry of a lease that has ended")
        let activity = activities[jobs[job.index].activity]
        let expiries = Int(activity.leaseExpiries - activity.expiryBase) + 1
        let bearable = policy(of: job.index).leaseExpiriesMax
        if reason == .leaseExpired, bearable > 0, expiries >= bearable {
            return .fatalFailed(
                reference(to: job.index), reason: .poison,
                message: "its lease has run out \(expiries) times", retriesExhausted: false)
        }
        return failure(of: job.index, reason: reason, message: nil, now: now)
    }

    private mutating func failure(
        of job: UInt32, reason: FailureReason, message: String?, now: WallTime
    ) -> Fact {
        let policy = policy(of: job)
        let activity = activities[jobs[job].activity]
        let attempt = Int(activity.attempt - activity.attemptBase)
        guard attempt <= policy.maxRetries else {
            return .fatalFailed(
                reference(to: job), reason: reason, message: message, retriesExhausted: true)
        }
        let delay = policy.backoff.delay(
            afterAttempt: attempt, of: LSN(rawValue: jobs[job].submitted))
        return .retriableFailed(
            reference(to: job), reason: reason, message: message,
            retryAt: now.advanced(by: delay))
    }

    /// Decides that a dead letter is tried again from `dueAt` on.
    package mutating func decideRedrive(_ job: JobSlot, dueAt: WallTime) throws(Rejection) -> Fact {
        guard jobs[job.index].status == .fatalFailure else {
            throw .wrongStatus(key(of: job.index), jobs[job.index].status, wanted: .redrive)
        }
        return .redriven(reference(to: job.index), dueAt: dueAt)
    }

    /// Decides that a waiting job gets another priority or time; nil if that changes nothing.
    package mutating func decideReschedule(
        _ job: JobSlot, priority: UInt8?, executionTime: WallTime?
    ) throws(Rejection) -> Fact? {
        let record = jobs[job.index]
        guard record.isWaiting, !record.flags.contains(.recurring) else {
            throw .wrongStatus(key(of: job.index), record.status, wanted: .reschedule)
        }
        guard priority ?? record.priority != record.priority || executionTime != nil else {
            return nil
        }
        return .rescheduled(
            reference(to: job.index), priority: priority, executionTime: executionTime)
    }

    package mutating func missing(_ key: JobKey) -> Rejection {
        userNumber(key.user) == nil ? .unknownUser(key.user) : .unknownJob(key)
    }
}
