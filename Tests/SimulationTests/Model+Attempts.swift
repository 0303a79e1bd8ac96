import JobModel
import Units

extension Model {
    mutating func apply(
        _ fact: Fact, to job: Int, _ lsn: LSN, _ now: ModelMoment
    ) throws(Finding) {
        let status = jobs[job].status
        switch fact {
        case .claimed(_, _, let lease): try claim(job, lease, lsn, now)
        case .processing:
            guard status == .claimed else { throw Finding("begins while \(status.name)") }
            move(job, to: .processing)
        case .heartbeat(_, let lease, _, let checkpoint):
            guard status.isLeased else { throw Finding("heartbeat while \(status.name)") }
            jobs[job].lease = lease
            jobs[job].leaseEnd = now.monotonic.advanced(by: lease)
            jobs[job].checkpoint = checkpoint ?? jobs[job].checkpoint
        case .succeeded:
            guard status == .processing else { throw Finding("succeeds while \(status.name)") }
            end(job, as: .success, lsn, now)
        case .retriableFailed(_, let reason, _, let retryAt):
            try fail(job, reason, retryAt: retryAt, isExhausted: false, lsn, now)
        case .fatalFailed(_, let reason, _, let isExhausted):
            try fail(job, reason, retryAt: nil, isExhausted: isExhausted, lsn, now)
        case .cancelled(_, let reason): try cancel(job, reason, lsn, now)
        case .redriven(_, let due):
            guard status == .fatalFailure, due >= now.wall else {
                throw Finding("redriven to \(due) while \(status.name)")
            }
            fired[.redriven, default: 0] += 1
            jobs[job].attemptBase = jobs[job].attempt
            jobs[job].expiryBase = jobs[job].expiries
            wait(job, as: .retriableFailure, until: due, lsn, now)
        case .rescheduled(_, let priority, let time):
            guard jobs[job].isWaiting else { throw Finding("rescheduled while \(status.name)") }
            fired[.rescheduled, default: 0] += 1
            lineBreak[jobs[job].user] = claimCount
            jobs[job].priority = priority ?? jobs[job].priority
            let due = time ?? jobs[job].due
            jobs[job].due = jobs[job].isBlocked ? due : max(due, now.wall)
            jobs[job].enteredAt = lsn
            jobs[job].enteredTurn = now.turn
        case .ticked(_, let tick): try apply(tick, of: job, lsn, now)
        case .submitted, .controlChanged: throw Finding("it is about no job")
        }
    }

    private mutating func claim(
        _ job: Int, _ lease: TimeSpan, _ lsn: LSN, _ now: ModelMoment
    ) throws(Finding) {
        let found = jobs[job]
        guard found.isWaiting, !found.isBlocked else {
            throw Finding("claimed while \(found.status.name), blocked: \(found.isBlocked)")
        }
        guard found.due <= now.wall else {
            throw Finding("claimed at \(now.wall), due at \(found.due)")
        }
        if found.status == .notStarted, found.parentKey == nil,
            let expiry = found.content.expiresAt,
            expiry <= now.wall
        {
            throw Finding("claimed at \(now.wall), expired at \(expiry)")
        }
        guard mayRun(found.user), mayRun(found.type) else {
            throw Finding("claimed while its user or type is paused or at its limit")
        }
        try checkOrder(job, lsn, now)
        claimCount += 1
        latestClaim[TurnKey(type: found.type, priority: found.priority), default: [:]][
            found.user] = (claimCount, now.turn, now.wall)
        jobs[job].attempt += 1
        jobs[job].token = lsn
        byToken[lsn] = job
        jobs[job].lease = lease
        jobs[job].leaseEnd = now.monotonic.advanced(by: lease)
        jobs[job].runEnd =
            found.policy.runLimit.map { now.monotonic.advanced(by: $0) } ?? .distantFuture
        move(job, to: .claimed)
    }

    /// A lower priority number first; within a user by due time and submit; users take turns.
    private func checkOrder(_ job: Int, _ lsn: LSN, _ now: ModelMoment) throws(Finding) {
        let found = jobs[job]
        let turns = latestClaim[TurnKey(type: found.type, priority: found.priority)] ?? [:]
        let before = turns[found.user]
        for type in typesAsked[lsn] ?? [found.type] where mayRun(type) {
            for number in waiting[type] ?? [] {
                let other = jobs[number]
                guard number != job, !other.isBlocked, other.due <= now.wall,
                    other.enteredTurn < now.turn, mayRun(other.user)
                else { continue }
                if other.priority < found.priority {
                    throw Finding("claimed before \(other.key), which has a lower priority number")
                }
                guard other.priority == found.priority, type == found.type else { continue }
                if other.user == found.user {
                    try checkLine(other, before: found)
                } else if let before, before.count > max(lineBreak[other.user] ?? 0, allBroke),
                    other.due <= before.wall, other.enteredTurn < before.turn,
                    turns[other.user].map({ $0.count < before.count }) ?? true
                {
                    throw Finding("a second job of its user, while \(other.key) has stood in line")
                }
            }
        }
    }

    private func checkLine(_ other: ModelJob, before found: ModelJob) throws(Finding) {
        let isEarlier =
            other.due < found.due
            || (other.due == found.due && other.first < found.first
                && other.enteredAt < found.enteredAt)
        if isEarlier { throw Finding("claimed before \(other.key), which is due earlier") }
    }

    /// It waits again, or still.
    mutating func wait(
        _ job: Int, as status: ExecutionStatus, until due: WallTime, _ lsn: LSN, _ now: ModelMoment
    ) {
        move(job, to: status)
        jobs[job].due = due
        jobs[job].enteredAt = lsn
        jobs[job].enteredTurn = now.turn
    }

    private mutating func fail(
        _ job: Int, _ reason: FailureReason, retryAt: WallTime?, isExhausted: Bool, _ lsn: LSN,
        _ now: ModelMoment
    ) throws(Finding) {
        let found = jobs[job]
        guard found.status.isLeased else { throw Finding("fails while \(found.status.name)") }
        if reason == .leaseExpired || reason == .poison { jobs[job].expiries += 1 }
        try checkTimeout(found, reason, now)
        try checkPoison(jobs[job], reason)
        let retries = found.attempt - found.attemptBase
        guard let retryAt else {
            let mustEnd = retries > found.policy.maxRetries
            if isExhausted != mustEnd, reason != .poison, isExhausted || reason != .reported {
                throw Finding("ends after \(retries) attempts, retries exhausted: \(isExhausted)")
            }
            fired[.deadLetter, default: 0] += 1
            return end(job, as: .fatalFailure, lsn, now)
        }
        guard retries <= found.policy.maxRetries else {
            throw Finding("fails for the \(retries). time and may be tried again")
        }
        try checkBackoff(found, retries, retryAt, now)
        tokenEnds[found.token] = lsn
        wait(job, as: .retriableFailure, until: retryAt, lsn, now)
    }

    /// A lease or a run limit ends when it does, by the monotonic clock, and not a turn earlier.
    private mutating func checkTimeout(
        _ job: ModelJob, _ reason: FailureReason, _ now: ModelMoment
    ) throws(Finding) {
        switch reason {
        case .reported: return
        case .leaseExpired, .poison:
            fired[reason == .poison ? .poisoned : .leaseExpired, default: 0] += 1
            guard job.leaseEnd <= now.monotonic, job.leaseEnd < job.runEnd else {
                throw Finding(
                    "lease over at \(now.monotonic), to be held until \(job.leaseEnd), \(job.runEnd)"
                )
            }
        case .runLimitExceeded:
            fired[.runLimitExceeded, default: 0] += 1
            guard job.runEnd <= now.monotonic, job.runEnd <= job.leaseEnd else {
                throw Finding("run limit over at \(now.monotonic), not \(job.runEnd)")
            }
        }
    }

    private func checkPoison(_ job: ModelJob, _ reason: FailureReason) throws(Finding) {
        guard reason == .leaseExpired || reason == .poison else { return }
        let max = job.policy.leaseExpiriesMax
        let expiries = job.expiries - job.expiryBase
        guard (reason == .poison) == (max > 0 && expiries >= max) else {
            throw Finding("\(reason.name) at the \(expiries). expiry of at most \(max)")
        }
    }

    private func checkBackoff(
        _ job: ModelJob, _ attempt: Int, _ retryAt: WallTime, _ now: ModelMoment
    ) throws(Finding) {
        let backoff = job.policy.backoff
        var whole = Double(backoff.initial.microseconds)
        for _ in 1..<max(attempt, 1) { whole *= Double(backoff.factorPercent) / 100 }
        whole = min(whole, Double(backoff.max.microseconds))
        let least = whole * Double(100 - backoff.jitterPercent) / 100
        let waited = Double(retryAt.span(since: now.wall).microseconds)
        // Whole microseconds at each step: a few are lost on the way.
        guard waited <= whole + 1, waited >= least - 200 else {
            throw Finding("is tried again after \(waited) µs, not \(least) to \(whole)")
        }
    }

    private mutating func cancel(
        _ job: Int, _ reason: CancelReason, _ lsn: LSN, _ now: ModelMoment
    ) throws(Finding) {
        let found = jobs[job]
        guard !found.status.isFinal else { throw Finding("cancelled while \(found.status.name)") }
        if reason == .expired {
            guard let expiry = found.content.expiresAt, expiry <= now.wall,
                found.status == .notStarted, found.parentKey == nil
            else { throw Finding("expires at \(now.wall) while \(found.status.name)") }
            fired[.expiredWaiting, default: 0] += 1
        }
        if found.status.isLeased { fired[.cancelledRunning, default: 0] += 1 }
        lineBreak[found.user] = claimCount
        end(job, as: .cancelled, lsn, now)
    }

    private mutating func end(
        _ job: Int, as status: ExecutionStatus, _ lsn: LSN, _ now: ModelMoment
    ) {
        if jobs[job].status.isLeased { tokenEnds[jobs[job].token] = lsn }
        move(job, to: status)
        jobs[job].isBlocked = false
        jobs[job].checkpoint = nil
        endOccurrences(of: job, lsn, now)
    }
}
