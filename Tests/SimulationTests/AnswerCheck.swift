import Engine
import JobModel
import TestKit
import Units

/// Holds what callers were told against what the log says.
struct AnswerCheck {
    let day: SimulatedDay
    let model: Model
    let events: [Event]
    /// Events of each job, by its first one.
    private var histories: [LSN: [LSN]] = [:]

    init(day: SimulatedDay, model: Model, events: [Event]) {
        self.day = day
        self.model = model
        self.events = events
        for (index, event) in events.enumerated() {
            let lsn = LSN(rawValue: UInt64(index + 1))
            switch event.fact {
            case .ticked(let job, let tick):
                histories[job.submitted, default: []].append(lsn)
                if tick.outcome.makesOccurrence { histories[lsn, default: []].append(lsn) }
            default: histories[event.fact.reference?.submitted ?? lsn, default: []].append(lsn)
            }
        }
    }

    func run() throws(Finding) {
        for exchange in day.record.exchanges where !exchange.answer.isUnknown {
            do throws(Finding) {
                try check(exchange)
            } catch {
                throw Finding("call \(exchange.call.number), turn \(exchange.turn): \(error)")
            }
        }
    }

    /// Newest event when the call was put in line: every answer must know of it.
    private func floor(_ exchange: Exchange) -> LSN {
        exchange.call.turn == 0 ? .zero : day.record.turns[exchange.call.turn - 1].end
    }

    private func ceiling(_ exchange: Exchange) -> LSN { day.record.turns[exchange.turn].end }

    private func check(_ exchange: Exchange) throws(Finding) {
        if case .refused(let error) = exchange.answer { try check(error, exchange) }
        switch (exchange.call.wish, exchange.answer) {
        case (.submit(let jobs, _), .submitted(let receipt)):
            try check(jobs[0], receipt.job.submittedLSN, isNew: receipt.isNew, exchange)
            try check(receipt.job, exchange)
        case (.submit(let jobs, _), .outcomes(let outcomes)):
            guard jobs.count == outcomes.count else { throw Finding("\(outcomes.count) outcomes") }
            for (job, outcome) in zip(jobs, outcomes) { try check(job, outcome, exchange) }
        case (.change(let key, _), .job(let view)), (.look(let key), .job(let view)):
            guard view.key == key else { throw Finding("told of \(view.key), not \(key)") }
            try check(view, exchange)
        case (.claim, .grants(let grants)):
            for grant in grants { try check(grant, exchange) }
        case (.report(let reports, _), .job(let view)):
            try check(view, exchange)
            try check(reports[0], at: view.lastLSN, view.status)
        case (.report(let reports, _), .attempts(let outcomes)):
            for (report, outcome) in zip(reports, outcomes) { try check(report, outcome, exchange) }
        case (.list, .page(let page)): try check(page, exchange)
        case (.redrive, .redriven(let result)):
            let redriven = events[Int(floor(exchange).rawValue)..<Int(ceiling(exchange).rawValue)]
                .count { if case .redriven = $0.fact { true } else { false } }
            guard redriven >= result.count else { throw Finding("redrove \(redriven)") }
        default: break
        }
    }

    // MARK: - Submits

    private func check(
        _ job: Submission, _ lsn: LSN, isNew: Bool, _ exchange: Exchange
    ) throws(Finding) {
        guard let number = model.byFirst[lsn], model.jobs[number].key == job.key,
            model.jobs[number].content == job.content
        else { throw Finding("\(job.key) was acknowledged at \(lsn) and is not there") }
        guard isNew == (lsn > floor(exchange)) || !isNew else {
            throw Finding("\(job.key) is said to be new, and was there at \(lsn)")
        }
        guard lsn <= ceiling(exchange) else { throw Finding("\(job.key) at \(lsn) is not durable") }
    }

    private func check(
        _ job: Submission, _ outcome: SubmitOutcome, _ exchange: Exchange
    ) throws(Finding) {
        switch outcome {
        case .new(let lsn): try check(job, lsn, isNew: true, exchange)
        case .existing(let lsn, _): try check(job, lsn, isNew: false, exchange)
        case .rejected(let rejection): try check(rejection, exchange)
        }
    }

    // MARK: - What is seen of a job

    /// A view shows the job as it was after its newest event, and that is not an old one.
    private func check(_ view: JobView, _ exchange: Exchange) throws(Finding) {
        guard let history = histories[view.submittedLSN], history.contains(view.lastLSN) else {
            throw Finding("\(view.key) is shown as after \(view.lastLSN), which is not its event")
        }
        guard let newest = history.last(where: { $0 <= floor(exchange) }) ?? history.first,
            view.lastLSN >= newest, view.lastLSN <= ceiling(exchange)
        else { throw Finding("\(view.key) is shown as after \(view.lastLSN), long ago") }
        if view.lastLSN == view.submittedLSN {
            guard view.status == .notStarted, view.attempt == 0 else {
                throw Finding("\(view.key) is \(view.status.name) from the start")
            }
            return
        }
        guard let snapshot = model.snapshots[view.lastLSN],
            model.jobs[snapshot.job].key == view.key, snapshot.status == view.status,
            snapshot.attempt == view.attempt, snapshot.expiries == view.leaseExpiries,
            snapshot.priority == view.priority
        else { throw Finding("\(view.key) is shown otherwise than it was at \(view.lastLSN)") }
    }

    private func check(_ page: JobPage, _ exchange: Exchange) throws(Finding) {
        for view in page.jobs { try check(view, exchange) }
        for (newer, older) in zip(page.jobs, page.jobs.dropFirst()) {
            guard newer.submittedLSN > older.submittedLSN else {
                throw Finding("\(older.key) is listed behind an older job")
            }
        }
    }

    private func check(_ grant: Grant, _ exchange: Exchange) throws(Finding) {
        let token = grant.job.lastLSN
        guard token > .zero, token <= ceiling(exchange), Int(token.rawValue) <= events.count,
            case .claimed(let job, let worker, _) = events[Int(token.rawValue) - 1].fact,
            let number = model.byFirst[job.submitted], let snapshot = model.snapshots[token],
            case .claim(let order, _) = exchange.call.wish
        else { throw Finding("\(grant.job.key) was granted, and \(token) is no claim") }
        let found = model.jobs[number]
        guard found.key == grant.job.key, worker == order.worker,
            order.types.contains(found.type), grant.job.attempt == snapshot.attempt,
            grant.payload == found.content.payload, grant.checkpoint == snapshot.checkpoint,
            grant.job.lease?.token == token
        else { throw Finding("\(grant.job.key) was granted otherwise than the log says") }
    }

    // MARK: - Reports

    /// A report is taken from whoever holds the latest grant, and from nobody else.
    private func check(
        _ report: AttemptReport, at lsn: LSN, _ status: ExecutionStatus
    ) throws(Finding) {
        guard let snapshot = model.snapshots[lsn], snapshot.token == report.token else {
            throw Finding("a report with token \(report.token) was taken at \(lsn)")
        }
        let isRight: Bool =
            switch report.step {
            case .start: status == .processing
            case .heartbeat: status.isLeased
            case .succeed: status == .success
            case .fail(let isRetriable, _):
                status == .fatalFailure || (isRetriable && status == .retriableFailure)
            }
        guard isRight else { throw Finding("\(report.step) was answered with \(status.name)") }
    }

    private func check(
        _ report: AttemptReport, _ outcome: AttemptOutcome, _ exchange: Exchange
    ) throws(Finding) {
        switch outcome {
        case .rejected(let rejection): try check(rejection, exchange)
        case .done(let status):
            // The token's attempt had not ended before; what became of it is in this turn.
            guard let number = model.byToken[report.token] else {
                throw Finding("a report with token \(report.token) was taken")
            }
            let end = model.tokenEnds[report.token] ?? ceiling(exchange)
            guard end > floor(exchange) || !status.isFinal && status != .retriableFailure else {
                throw Finding(
                    "a report with token \(report.token), which ended at \(end), was taken")
            }
            let window = histories[model.jobs[number].first]?.filter {
                $0 > floor(exchange) && $0 <= ceiling(exchange)
            }
            let isSeen = window?.contains { model.snapshots[$0]?.status == status } ?? false
            guard isSeen || status.isLeased else {
                throw Finding("a report with token \(report.token) made \(status.name) of nothing")
            }
        }
    }

    // MARK: - Refusals

    private func check(_ error: EngineError, _ exchange: Exchange) throws(Finding) {
        switch error {
        case .rejected(let rejection): try check(rejection, exchange)
        case .outOfSpace where day.record.turns[exchange.turn].isShort: break
        case .outcomeUnknown: break
        case .unreadable where day.hasDamagedHistory: break
        case .historyMissing where day.hasDamagedHistory: break
        default: throw Finding("refused: \(error)")
        }
    }

    /// Nobody is refused without a reason.
    private func check(_ rejection: Rejection, _ exchange: Exchange) throws(Finding) {
        switch rejection {
        case .unknownToken(let token):
            guard let end = model.tokenEnds[token], end <= ceiling(exchange) else {
                throw Finding("token \(token) is refused and holds")
            }
        case .contentConflict(let key):
            guard case .submit(let jobs, _) = exchange.call.wish, let number = model.byKey[key],
                jobs.contains(where: { $0.key == key && $0.content != model.jobs[number].content })
            else { throw Finding("\(key) is refused as in conflict") }
        case .unknownJob(let key):
            guard model.byKey[key].map({ model.jobs[$0].first > floor(exchange) }) ?? true else {
                throw Finding("\(key) is said to be unknown")
            }
        case .unknownUser(let user):
            let first = model.jobs.first { $0.user == user }
            guard first.map({ $0.first > floor(exchange) }) ?? true else {
                throw Finding("\(user) is said to be unknown")
            }
        case .wrongStatus(let key, let status, _):
            guard let number = model.byKey[key] else { throw Finding("\(key) is not there") }
            try checkSeen(model.jobs[number], status, exchange)
        case .waitingLimit, .invalidRecurrence, .staleToken, .momentAhead, .momentDropped:
            if case .waitingLimit = rejection { return }
            throw Finding("refused: \(rejection)")
        }
    }

    private func checkSeen(
        _ job: ModelJob, _ status: ExecutionStatus, _ exchange: Exchange
    ) throws(Finding) {
        let history = histories[job.first] ?? []
        let start = history.lastIndex { $0 <= floor(exchange) } ?? 0
        let isSeen = history[start...].contains { lsn in
            lsn <= ceiling(exchange)
                && (lsn == job.first
                    ? status == .notStarted : model.snapshots[lsn]?.status == status)
        }
        guard isSeen else { throw Finding("\(job.key) is said to be \(status.name)") }
    }
}
