import JobModel
import Units

extension Model {
    /// Judges a tick by a calculation of its own.
    mutating func apply(
        _ tick: Tick, of job: Int, _ lsn: LSN, _ now: ModelMoment
    ) throws(Finding) {
        let found = jobs[job]
        guard let recurrence = found.content.recurrence, found.status == .notStarted,
            let first = found.nextTick
        else { throw Finding("ticks without a tick to come") }
        guard first <= now.wall else { throw Finding("ticks at \(now.wall), before \(first)") }
        let until = min(now.wall, found.content.expiresAt ?? .latest)
        guard first <= until else { throw Finding("ticks for \(first), after its expiry") }
        let (at, skipped) = chosen(recurrence, from: first, to: until)
        let isMissed = skipped.map { $0 > 0 || recurrence.missed == .skip } ?? false
        let outcome = outcome(of: found, recurrence, at: at, isSkipped: skipped != nil)
        let makes = outcome == .submitted || outcome == .queued
        let next =
            makes && recurrence.rule.isFixedDelay
            ? nil : oracle.next(of: recurrence.rule, after: at)
        let expected = (at, next, outcome, min(skipped ?? 0, 1_000))
        guard expected == (tick.at, tick.next, tick.outcome, Int(tick.missedCount)) else {
            throw Finding("ticks \(tick), expected \(expected)")
        }
        if isMissed { fired[.tickMissed, default: 0] += 1 }
        if outcome == .overlapped { fired[.tickOverlapped, default: 0] += 1 }
        if outcome == .queued { fired[.tickQueued, default: 0] += 1 }
        jobs[job].nextTick = next
        if makes { addOccurrence(of: job, at: at, isBlocked: outcome == .queued, lsn, now) }
    }

    /// Which of the ticks that have come is acted on, and how many are skipped; nil: none was missed.
    private mutating func chosen(
        _ recurrence: Recurrence, from first: WallTime, to now: WallTime
    ) -> (at: WallTime, skipped: Int?) {
        if recurrence.rule.isFixedDelay { return (first, nil) }
        var ticks = [first]
        while let next = oracle.next(of: recurrence.rule, after: ticks[ticks.count - 1]),
            next <= now
        {
            ticks.append(next)
        }
        if ticks.count == 1 { return (first, nil) }
        let kept: Int =
            switch recurrence.missed {
            case .skip, .once: 1
            case .all(let max): min(max, ticks.count)
            }
        return (ticks[ticks.count - kept], ticks.count - kept)
    }

    private func outcome(
        of job: ModelJob, _ recurrence: Recurrence, at tick: WallTime, isSkipped: Bool
    ) -> TickOutcome {
        if isSkipped, recurrence.missed == .skip { return .missed }
        let key = JobKey(user: job.user, job: job.key.job.occurrence(at: tick))
        if byKey[key] != nil { return .taken }
        if job.open.isEmpty { return .submitted }
        switch recurrence.overlap {
        case .skip: return .overlapped
        case .queue: return .queued
        case .allow: return .submitted
        }
    }

    private mutating func addOccurrence(
        of parent: Int, at tick: WallTime, isBlocked: Bool, _ lsn: LSN, _ now: ModelMoment
    ) {
        let found = jobs[parent]
        var job = ModelJob(
            key: JobKey(user: found.user, job: found.key.job.occurrence(at: tick)),
            content: found.content, first: lsn, due: now.wall, turn: now.turn,
            parentKey: found.key)
        job.isBlocked = isBlocked
        job.parent = parent
        job.priority = found.priority
        add(job)
        jobs[parent].open.append(jobs.count - 1)
    }

    /// What the end of a job means for its occurrences, and the end of an occurrence for the others.
    mutating func endOccurrences(of job: Int, _ lsn: LSN, _ now: ModelMoment) {
        for occurrence in jobs[job].open {
            jobs[occurrence].parent = nil
            release(occurrence, lsn, now)
        }
        jobs[job].open = []
        guard let parent = jobs[job].parent, let recurrence = jobs[parent].content.recurrence else {
            return
        }
        jobs[job].parent = nil
        jobs[parent].open.removeAll { $0 == job }
        if recurrence.overlap == .queue, let first = jobs[parent].open.first {
            release(first, lsn, now)
        }
        if case .fixedDelay(let delay) = recurrence.rule, jobs[parent].open.isEmpty {
            jobs[parent].nextTick = now.wall.advanced(by: delay)
        }
    }

    private mutating func release(_ occurrence: Int, _ lsn: LSN, _ now: ModelMoment) {
        guard jobs[occurrence].isBlocked else { return }
        jobs[occurrence].isBlocked = false
        jobs[occurrence].due = max(jobs[occurrence].due, now.wall)
        jobs[occurrence].enteredAt = lsn
        jobs[occurrence].enteredTurn = now.turn
    }
}

extension RecurrenceRule {
    var isFixedDelay: Bool {
        if case .fixedDelay = self { true } else { false }
    }
}
