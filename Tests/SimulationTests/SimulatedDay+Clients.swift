import Engine
import JobModel
import TestKit
import Units

/// Who submits, changes, looks and sets limits.
extension SimulatedDay {
    private var drawing: ContentDrawing {
        let left = dayEnd.span(since: clock.monotonicTime()).microseconds / 1_000_000
        return ContentDrawing(now: clock.wallTime(), secondsLeft: max(0, Int(left)))
    }

    /// One job, or a batch of them.
    func submitSomething() {
        guard !isEvening else { return }
        agenda.plan(.submit, at: soon(2_400))
        let asBatch = random.strikes(onceIn: 3)
        var jobs: [Submission] = []
        for _ in 0..<(asBatch ? 1 + random.number(below: 6) : 1) { jobs.append(draw()) }
        // The same one twice in a batch.
        if asBatch, random.strikes(onceIn: 5) { jobs.append(jobs[0]) }
        ask(.submit(jobs, asBatch: asBatch), for: .client)
        // In the same turn: who waits already comes first all the same.
        if random.strikes(onceIn: 3) { poll(workers.count - 1) }
    }

    private func draw() -> Submission {
        submitted += 1
        let isEarly = clock.monotonicTime() < dayStart.advanced(by: .seconds(50_000))
        let isRecurring = isEarly && random.strikes(onceIn: 16)
        let content = isRecurring ? drawing.recurringJob(&random) : drawing.job(&random)
        let key = JobKey(
            user: random.pick(Names.users), job: JobID(unchecked: "job-\(submitted)"))
        return Submission(key: key, content: content)
    }

    func tookSubmit(_ exchange: Exchange) {
        guard case .submit(let jobs, _) = exchange.call.wish else { return }
        switch exchange.answer {
        case .submitted(let receipt): remember(jobs[0], isNew: receipt.isNew)
        case .outcomes(let outcomes):
            for (job, outcome) in zip(jobs, outcomes) {
                switch outcome {
                case .new: remember(job, isNew: true)
                case .existing: remember(job, isNew: false)
                case .rejected(.waitingLimit): record.note(.waitingLimitReached)
                case .rejected: break
                }
            }
        case .refused(.rejected(.waitingLimit)): record.note(.waitingLimitReached)
        case .refused(.rejected): break
        default:
            if exchange.answer.isOutOfSpace { record.note(.refusedForSpace) }
            // Perhaps it is there, perhaps not: the same again, until somebody answers.
            unresolved.append(exchange.call.wish)
            agenda.plan(.resubmit, at: soon(120))
        }
    }

    private func remember(_ job: Submission, isNew: Bool) {
        known.append(job)
        if isEvening, job.content.recurrence != nil {
            ask(.change(job.key, .cancel), for: .operators)
        }
        // Somebody submits it again, and somebody else something else under its name.
        guard isNew, !isEvening, random.strikes(onceIn: 12) else { return }
        var other = job
        if random.strikes(onceIn: 2) {
            other = Submission(key: job.key, content: drawing.job(&random))
            if other.content != job.content { record.note(.conflictingSubmit) }
        }
        ask(.submit([other], asBatch: random.strikes(onceIn: 2)), for: .stranger)
    }

    func resubmit() {
        guard !unresolved.isEmpty else { return }
        guard engine != nil else { return agenda.plan(.resubmit, at: soon(120)) }
        record.note(.retriedSubmit)
        ask(unresolved.removeFirst(), for: .client)
    }

    /// Changes some job, mostly a late one.
    func tamper() {
        guard !isEvening else { return }
        agenda.plan(.tamper, at: soon(900))
        if random.strikes(onceIn: 8) { return ask(.redrive(redriveOrder()), for: .stranger) }
        guard let key = someKey() else { return }
        switch random.number(below: 7) {
        case 0...1: ask(.change(key, .cancel), for: .stranger)
        case 2...3: ask(.change(key, .redrive(dueAt: someTime())), for: .stranger)
        default:
            let priority: UInt8? = random.strikes(onceIn: 2) ? random.pick([0, 100, 200]) : nil
            ask(
                .change(key, .reschedule(priority: priority, executionTime: someTime())),
                for: .stranger)
        }
    }

    private func redriveOrder() -> RedriveOrder {
        RedriveOrder(
            user: random.strikes(onceIn: 2) ? random.pick(Names.users) : nil,
            type: random.strikes(onceIn: 3) ? random.pick(Names.types) : nil,
            firstDue: someTime(), spacing: .milliseconds(random.pick([0, 1_500])),
            countMax: 1 + random.number(below: 10))
    }

    /// A job that was acknowledged, or one of its occurrences that a worker had, or nobody's.
    private func someKey() -> JobKey? {
        if random.strikes(onceIn: 20) {
            return JobKey(user: random.pick(Names.users), job: JobID(unchecked: "nobody's"))
        }
        if !attempts.isEmpty, random.strikes(onceIn: 3) {
            return attempts.suffix(20).randomElement(using: &random)?.grant.job.key
        }
        return (random.strikes(onceIn: 4) ? known[...] : known.suffix(30))
            .randomElement(using: &random)?.key
    }

    private func someTime() -> WallTime? {
        guard random.strikes(onceIn: 2) else { return nil }
        return clock.wallTime().advanced(by: .seconds(Int64(random.number(below: 4_000)) - 600))
    }

    func read() {
        agenda.plan(.read, at: soon(900))
        guard let key = someKey() else { return }
        if random.strikes(onceIn: 3) {
            ask(.list(JobQuery(user: key.user, limit: 5)), for: .stranger)
        } else {
            ask(.look(key), for: .stranger)
        }
    }
}

// MARK: - Operators

extension SimulatedDay {
    /// Holds somebody back for a while.
    func operate() {
        guard !isEvening else { return }
        agenda.plan(.operate, at: soon(5_400))
        let scope: ControlScope =
            switch random.number(below: 5) {
            case 0...1: .user(random.pick(Names.users))
            case 2...3: .type(random.pick(Names.types))
            default: .everyUser
            }
        var change = ControlChange(runningMax: .some(UInt32(random.pick([0, 1, 1, 2, 3]))))
        if scope != .everyUser, random.strikes(onceIn: 3) { change = ControlChange(isPaused: true) }
        if case .user = scope, random.strikes(onceIn: 3) {
            change = ControlChange(waitingMax: .some(UInt32(random.pick([2, 4, 8]))))
        }
        ask(.control(scope, change), for: .operators)
        let undone: ControlChange = random.strikes(onceIn: 2) ? .reset : .nothingSet
        agenda.plan(.undo(scope, undone), at: soon(3_600))
    }

    func undo(_ scope: ControlScope, _ change: ControlChange) {
        // Nothing is held back any more in the evening, however late it was asked for.
        ask(.control(scope, isEvening ? .nothingSet : change), for: .operators)
    }

    /// What did not come through is asked for again.
    func tookControl(_ exchange: Exchange) {
        if case .control(let control) = exchange.answer, control != .none {
            record.note(.pausedOrLimited)
        }
        guard exchange.answer.isUnknown || exchange.answer.isOutOfSpace else { return }
        switch exchange.call.wish {
        case .control(let scope, let change): agenda.plan(.undo(scope, change), at: soon(60))
        case .change(let key, .cancel): agenda.plan(.cancel(key), at: soon(60))
        default: break
        }
    }
}

extension Answer {
    /// Nothing was changed: there is no room.
    var isOutOfSpace: Bool {
        if case .refused(.outOfSpace) = self { true } else { false }
    }
}
