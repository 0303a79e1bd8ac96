package import JobModel
package import Units

/// What a submit comes to.
package enum SubmitDecision: Sendable {
    /// The key was free: append this.
    case new(Fact)
    /// The same job with the same content is there already.
    case existing
}

extension JobState {
    /// Decides a submit: idempotent by key, a conflict if the content differs.
    package func decideSubmit(
        _ key: JobKey, _ content: JobContent
    ) throws(Rejection) -> SubmitDecision {
        guard let slot = slot(of: key) else { return .new(.submitted(key, content)) }
        guard jobs[slot].contentHash == content.fingerprint else {
            throw .contentConflict(key)
        }
        return .existing
    }

    /// Decides a cancel; nil if the job is cancelled already.
    package func decideCancel(_ key: JobKey) throws(Rejection) -> Fact? {
        guard let slot = slot(of: key) else { throw missing(key) }
        let status = jobs[slot].status
        if status == .cancelled { return nil }
        guard !status.isFinal else { throw .wrongStatus(key, status, wanted: .cancel) }
        return .cancelled(reference(to: slot))
    }

    /// Decides to grant the job submitted at `job` to `worker`.
    ///
    /// - Precondition: `firstReady` has just named the job.
    package func decideClaim(
        _ job: LSN, worker: WorkerName, leaseDuration: TimeSpan?
    ) -> Fact {
        guard let slot = slotsBySubmit.find(job), jobs[slot].isReady else {
            preconditionFailure("job \(job) is not ready to be claimed")
        }
        let standard = policies[Int(jobs[slot].policy.index)].leaseDuration
        return .claimed(
            reference(to: slot), worker: worker, leaseDuration: leaseDuration ?? standard)
    }

    /// Decides that a worker begins; nil if it has begun already.
    package func decideStart(token: LSN) throws(Rejection) -> Fact? {
        let lease = try lease(token)
        guard jobs[lease.slot].status == .claimed else { return nil }
        return .processing(reference(to: lease.slot))
    }

    /// Decides that a worker is alive: the lease begins anew, for its old duration unless told.
    package func decideHeartbeat(
        token: LSN, leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?
    ) throws(Rejection) -> Fact {
        let lease = try lease(token)
        return .heartbeat(
            reference(to: lease.slot), leaseDuration: leaseDuration ?? lease.duration,
            progress: progress, checkpoint: checkpoint)
    }

    /// Decides that an attempt has succeeded; it must have been started.
    package func decideSucceed(token: LSN, message: String?) throws(Rejection) -> Fact {
        let slot = try lease(token).slot
        guard jobs[slot].status == .processing else {
            throw .wrongStatus(key(of: slot), jobs[slot].status, wanted: .succeed)
        }
        return .succeeded(reference(to: slot), message: message)
    }

    /// Decides that a worker's attempt has failed: another one after the backoff, or the end.
    package func decideFail(
        token: LSN, isRetriable: Bool, message: String?, now: WallTime
    ) throws(Rejection) -> Fact {
        let slot = try lease(token).slot
        guard isRetriable else {
            return .fatalFailed(
                reference(to: slot), reason: .reported, message: message, retriesExhausted: false)
        }
        return failure(of: slot, reason: .reported, message: message, now: now)
    }

    /// Decides that an attempt's time is up; nil if the lease has ended by itself meanwhile.
    package func decideExpiry(token: LSN, reason: FailureReason, now: WallTime) -> Fact? {
        guard let lease = leases[token] else { return nil }
        return failure(of: lease.slot, reason: reason, message: nil, now: now)
    }

    private func failure(
        of slot: JobSlot, reason: FailureReason, message: String?, now: WallTime
    ) -> Fact {
        let policy = policies[Int(jobs[slot].policy.index)]
        let attempt = Int(jobs[slot].attempt)
        guard attempt <= policy.maxRetries else {
            return .fatalFailed(
                reference(to: slot), reason: reason, message: message, retriesExhausted: true)
        }
        let retryAt = now.advanced(by: policy.backoff.delay(afterAttempt: attempt))
        return .retriableFailed(
            reference(to: slot), reason: reason, message: message, retryAt: retryAt)
    }

    private func lease(_ token: LSN) throws(Rejection) -> Lease {
        guard let lease = leases[token] else { throw .unknownToken(token) }
        return lease
    }

    private func reference(to slot: JobSlot) -> JobReference {
        JobReference(submitted: jobs[slot].submitted, previous: jobs[slot].last)
    }

    func missing(_ key: JobKey) -> Rejection {
        internedUsers.find(key.user) == nil ? .unknownUser(key.user) : .unknownJob(key)
    }
}
