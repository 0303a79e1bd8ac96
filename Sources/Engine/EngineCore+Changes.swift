import JobModel
import JobState
import Units

extension EngineCore {
    /// Dead letters that one redrive looks at.
    private static let redriveLooksMax = 10_000

    mutating func change(_ key: JobKey, _ change: JobChange) throws(Rejection) -> JobView {
        let job = try slot(of: key)
        switch change {
        case .cancel:
            if let fact = try state.decideCancel(job) { append(fact, about: job) }
        case .redrive(let dueAt):
            append(try state.decideRedrive(job, dueAt: max(dueAt ?? wall, wall)), about: job)
        case .reschedule(let priority, let executionTime):
            let fact = try state.decideReschedule(
                job, priority: priority, executionTime: executionTime)
            if let fact { append(fact, about: job) }
        }
        return view(job)
    }

    /// Does what a worker says about its attempt.
    ///
    /// - Returns: The job.
    mutating func attempt(_ report: AttemptReport) throws(Rejection) -> JobSlot {
        let job = try slot(leasedBy: report.token)
        try perform(report.step, of: job)
        return job
    }

    private mutating func slot(leasedBy token: LSN) throws(Rejection) -> JobSlot {
        guard let job = state.slot(leasedBy: token) else { throw .unknownToken(token) }
        return job
    }

    private mutating func perform(_ step: AttemptStep, of job: JobSlot) throws(Rejection) {
        switch step {
        case .start: start(job)
        case .heartbeat(let duration, let progress, let checkpoint):
            append(
                state.decideHeartbeat(
                    job, leaseDuration: duration, progress: progress, checkpoint: checkpoint),
                about: job)
            leases.extend(
                state.timer(of: job), by: state.terms(of: job).duration, now: monotonic)
        case .succeed(let message): try succeed(job, message: message)
        case .fail(let isRetriable, let message):
            append(
                state.decideFail(job, isRetriable: isRetriable, message: message, now: wall),
                about: job)
        }
    }

    private mutating func start(_ job: JobSlot) {
        if let fact = state.decideStart(job) { append(fact, about: job) }
    }

    private mutating func succeed(_ job: JobSlot, message: String?) throws(Rejection) {
        append(try state.decideSucceed(job, message: message), about: job)
    }

    mutating func attempts(_ reports: ReportBatch) -> [AttemptOutcome] {
        var outcomes: [AttemptOutcome] = []
        outcomes.reserveCapacity(reports.count)
        for index in 0..<reports.count {
            if index % JobState.prefetchMax == 0 {
                state.prefetch(leases: reports.tokens[index...].prefix(JobState.prefetchMax))
            }
            do throws(Rejection) {
                let job = try slot(leasedBy: reports.tokens[index])
                switch reports.steps[index] {
                case .start: start(job)
                case .succeed: try succeed(job, message: nil)
                case .other(let place): try perform(reports.others[Int(place)], of: job)
                }
                outcomes.append(.done(state.status(job)))
            } catch {
                outcomes.append(.rejected(error))
            }
        }
        return outcomes
    }

    /// Tries dead letters again, their due times spaced out: a rate without a process that keeps it.
    mutating func redrive(_ order: RedriveOrder) -> RedriveResult {
        var due = max(order.firstDue ?? wall, wall)
        let (jobs, next) = state.deadLetters(
            user: order.user, type: order.type, from: order.start, limit: order.countMax,
            looksMax: Self.redriveLooksMax)
        for job in jobs {
            guard
                case .success(let fact) = result({ core throws(Rejection) in
                    try core.state.decideRedrive(job, dueAt: due)
                })
            else { preconditionFailure("a dead letter cannot be redriven") }
            append(fact, about: job)
            due = due.advanced(by: order.spacing)
        }
        return RedriveResult(
            count: jobs.count, nextDue: jobs.isEmpty ? order.firstDue : due, next: next)
    }

    mutating func set(_ change: ControlChange, for scope: ControlScope) -> Control {
        if change.isReset {
            if state.isSet(scope) { append(.controlChanged(scope, nil)) }
            return state.control(scope)
        }
        let old = state.control(scope)
        let new = change.applied(to: old)
        if new != old { append(.controlChanged(scope, new)) }
        return new
    }
}
