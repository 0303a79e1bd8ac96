import ByteCoding
import DequeModule
import JobCoding
package import JobModel
import Tables
package import Units

// Recurring jobs: each tick is one event, which is also the first of the occurrence it makes.
extension JobState {
    /// Ticks that were missed are counted no further than this by one event.
    private static let missedCountMax = 1_000

    /// Decides the tick of a recurring job whose time has come; nil: none has.
    package mutating func decideTick(now: WallTime) -> (job: JobSlot, fact: Fact)? {
        while let job = ticking.popFirst() {
            // Of one that was cancelled meanwhile the slot may be another job's by now.
            guard jobs[job].flags.contains(.ticking) else { continue }
            jobs[job].flags.remove(.ticking)
            guard jobs[job].status == .notStarted, let schedule = schedules[job],
                let next = schedule.nextTick
            else { continue }
            let end = expiryTimes[job].map { WallTime(microseconds: $0.microseconds - 1) }
            // Its expiry is decided next.
            guard next <= end ?? next else { continue }
            let tick = tick(of: job, schedule, from: next, now: min(now, end ?? now))
            return (JobSlot(index: job), .ticked(reference(to: job), tick))
        }
        return nil
    }

    private mutating func tick(
        of job: UInt32, _ schedule: Schedule, from first: WallTime, now: WallTime
    ) -> Tick {
        let ticker = schedule.ticker
        let following = ticker.next(after: first)
        guard let following, following <= now, !schedule.isFixedDelay else {
            return outcome(of: job, schedule, at: first, next: following, missedCount: 0)
        }
        let backlog = ticker.backlog(
            from: first, to: now, kept: schedule.recurrence.missed.countMax,
            countMax: Self.missedCountMax)
        if schedule.recurrence.missed == .skip {
            return Tick(
                at: backlog.tick, next: ticker.next(after: backlog.tick), outcome: .missed,
                missedCount: UInt32(backlog.skipped), occurrenceHash: 0)
        }
        return outcome(
            of: job, schedule, at: backlog.tick, next: ticker.next(after: backlog.tick),
            missedCount: UInt32(backlog.skipped))
    }

    private mutating func outcome(
        of job: UInt32, _ schedule: Schedule, at tick: WallTime, next: WallTime?,
        missedCount: UInt32
    ) -> Tick {
        let key = key(of: job)
        let occurrence = JobKey(user: key.user, job: key.job.occurrence(at: tick))
        let outcome: TickOutcome
        if slot(of: occurrence) != nil {
            outcome = .taken
        } else if schedule.open.isEmpty {
            outcome = .submitted
        } else if schedule.open.count >= JobLimits.occurrencesMax {
            outcome = .overlapped
        } else {
            outcome = schedule.recurrence.overlap.outcome
        }
        let waitsForEnd = schedule.isFixedDelay && outcome.makesOccurrence
        return Tick(
            at: tick, next: waitsForEnd ? nil : next, outcome: outcome, missedCount: missedCount,
            occurrenceHash: outcome.makesOccurrence ? keyHash(occurrence) : 0)
    }

    /// Begins a recurring job: it waits for its first tick.
    mutating func beginSchedule(_ job: UInt32, _ record: borrowing SubmittedRecord) {
        guard let firstTick = record.firstTick else {
            preconditionFailure("a recurring job has a first tick")
        }
        do {
            let recurrence = try Recurrence(decoding: record.recurrence)
            schedules[job] = Schedule(
                recurrence: recurrence, ticker: try Ticker(recurrence.rule), nextTick: firstTick)
        } catch {
            preconditionFailure("the recurrence of a checked event cannot be read: \(error)")
        }
        wait(job, until: firstTick)
    }

    mutating func apply(_ tick: Tick, of job: UInt32, at lsn: LSN, time: WallTime) {
        // Replay finds the job in the wheel; live, `advance` has taken it out.
        leaveLine(job)
        schedules[job]?.nextTick = tick.next
        if tick.outcome.makesOccurrence { addOccurrence(of: job, tick, at: lsn, time: time) }
        if let next = tick.next {
            wait(job, until: next)
        } else if schedules[job]?.isFixedDelay != true {
            // It never ticks again: everything that it was to do is handed out.
            dropPayload(job)
            move(job, to: .success)
            unbind(job)
            ended.append(job)
        }
    }

    private mutating func addOccurrence(
        of job: UInt32, _ tick: Tick, at lsn: LSN, time: WallTime
    ) {
        let parent = jobs[job]
        let name = Array(key(of: job).job.occurrence(at: tick.at).text.utf8)
        let old = blob(job)
        let head = JobBlob(
            contentHash: old.contentHash, jobBytes: name.count, locationBytes: old.locationBytes,
            rawPayloadBytes: old.rawPayloadBytes, storedPayloadBytes: old.storedPayloadBytes)
        let blob = blobs.begin(head)
        blobs.write(name.rawBytes, to: blob, byteCount: head.byteCount, at: JobBlob.headBytes)
        blobs.copy(
            old.byteCount - old.locationOffset, from: parent.blob, at: old.locationOffset,
            byteCount: old.byteCount, to: blob, at: head.locationOffset, byteCount: head.byteCount)
        var flags: JobFlags = [.occurrence]
        if parent.flags.contains(.packed) { flags.insert(.packed) }
        if tick.outcome == .queued { flags.insert(.blocked) }
        let occurrence = add(
            JobRecord(
                submitted: lsn, submittedAt: time, dueAt: time,
                keyHash: tick.occurrenceHash, user: parent.user, kind: parent.kind,
                priority: parent.priority, content: head, blob: blob, flags: flags))
        occurrences[occurrence] = job
        schedules[job]?.open.append(occurrence)
        if tick.outcome != .queued { wait(occurrence, until: time) }
    }

    /// Undoes what binds a job that has ended to others and to timers.
    mutating func unbind(_ job: UInt32) {
        if jobs[job].flags.contains(.expires) { expiryTimes[job] = nil }
        if jobs[job].flags.contains(.recurring) { endSchedule(job) }
        if let parent = occurrences.removeValue(forKey: job) { endOccurrence(job, of: parent) }
        jobs[job].flags.subtract([.expires, .occurrence])
    }

    private mutating func endSchedule(_ job: UInt32) {
        guard let schedule = schedules.removeValue(forKey: job) else { return }
        for occurrence in schedule.open {
            keepForOther(occurrence)
            occurrences[occurrence] = nil
            jobs[occurrence].flags.remove(.occurrence)
            release(occurrence)
        }
    }

    private mutating func endOccurrence(_ job: UInt32, of parent: UInt32) {
        guard schedules[parent] != nil else { return }
        keepForOther(parent)
        guard var schedule = schedules[parent] else { return }
        schedule.open.removeAll { $0 == job }
        if schedule.recurrence.overlap == .queue, let next = schedule.open.first { release(next) }
        if case .interval(let interval) = schedule.ticker, schedule.isFixedDelay,
            schedule.open.isEmpty
        {
            let next = appliedTime.advanced(by: interval)
            schedule.nextTick = next
            schedules[parent] = schedule
            leaveLine(parent)
            wait(parent, until: next)
        } else {
            schedules[parent] = schedule
        }
    }

    /// An occurrence that waited for the one before it waits for a worker from now on.
    private mutating func release(_ occurrence: UInt32) {
        guard jobs[occurrence].flags.contains(.blocked) else { return }
        keepForOther(occurrence)
        jobs[occurrence].flags.remove(.blocked)
        wait(occurrence, until: max(jobs[occurrence].dueAt, appliedTime))
    }
}

extension Schedule {
    var isFixedDelay: Bool {
        if case .fixedDelay = recurrence.rule { true } else { false }
    }
}

extension OverlapPolicy {
    /// What a tick comes to while an occurrence is open.
    fileprivate var outcome: TickOutcome {
        switch self {
        case .skip: .overlapped
        case .queue: .queued
        case .allow: .submitted
        }
    }
}
