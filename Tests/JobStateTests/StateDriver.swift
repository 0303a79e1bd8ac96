import JobModel
import JobState
import Units

/// Drives a state by hand: decides, and applies what was decided at the next LSN.
final class StateDriver {
    var state = JobState()
    var now = WallTime(microseconds: 1_000_000_000)
    /// All facts so far, to be folded again from the start.
    private(set) var history: [Event] = []

    @discardableResult
    func append(_ fact: Fact) -> LSN {
        let event = Event(time: now, fact: fact)
        history.append(event)
        let lsn = state.appliedLSN.next
        state.apply(event, at: lsn)
        return lsn
    }

    @discardableResult
    func submit(_ key: JobKey, _ content: JobContent) throws(Rejection) -> LSN? {
        guard case .new(let fact) = try state.decideSubmit(key, content) else { return nil }
        return append(fact)
    }

    /// Claims the first ready job of a type; nil if there is none.
    func claim(
        _ types: [JobType] = [.mail], leaseDuration: TimeSpan? = nil
    ) -> LSN? {
        _ = state.advance(to: now, jobsMax: .max)
        guard let job = state.firstReady(of: types) else { return nil }
        return append(
            state.decideClaim(
                job, worker: WorkerName(unchecked: "w1"), leaseDuration: leaseDuration))
    }

    func start(_ token: LSN) throws(Rejection) {
        if let fact = try state.decideStart(token: token) { append(fact) }
    }

    func heartbeat(
        _ token: LSN, progress: [UInt8]? = nil, checkpoint: [UInt8]? = nil
    ) throws(Rejection) {
        append(
            try state.decideHeartbeat(
                token: token, leaseDuration: nil, progress: progress, checkpoint: checkpoint))
    }

    func succeed(_ token: LSN) throws(Rejection) {
        append(try state.decideSucceed(token: token, message: nil))
    }

    func fail(_ token: LSN, isRetriable: Bool = true) throws(Rejection) {
        append(
            try state.decideFail(
                token: token, isRetriable: isRetriable, message: "no route", now: now))
    }

    func expire(_ token: LSN) -> Bool {
        guard let fact = state.decideExpiry(token: token, reason: .leaseExpired, now: now) else {
            return false
        }
        append(fact)
        return true
    }

    func cancel(_ key: JobKey) throws(Rejection) {
        if let fact = try state.decideCancel(key) { append(fact) }
    }

    func pass(_ span: TimeSpan) {
        now = now.advanced(by: span)
    }

    var readyCount: Int { state.readyCount }

    var counts: StatusCounts { state.counts }

    func nextDue() -> WallTime? { state.nextDue() }

    /// Moves due jobs into their queues; whether more are due.
    @discardableResult
    func advance(jobsMax: Int) -> Bool {
        state.advance(to: now, jobsMax: jobsMax).isMore
    }

    func view(_ key: JobKey) throws(Rejection) -> JobView { try state.view(key) }

    func view(leasedBy token: LSN) -> JobView? {
        guard let job = state.job(leasedBy: token) else { return nil }
        return state.view(submittedAt: job)
    }

    func progress(_ key: JobKey) throws(Rejection) -> [UInt8]? {
        state.progress(submittedAt: try state.view(key).submittedLSN)
    }

    func checkpoint(_ key: JobKey) throws(Rejection) -> [UInt8]? {
        state.checkpoint(submittedAt: try state.view(key).submittedLSN)
    }

    func page(
        _ user: String, statuses: Set<ExecutionStatus> = [], type: JobType? = nil,
        before: LSN? = nil, limit: Int, looksMax: Int = 1_000
    ) throws(Rejection) -> (jobs: [JobView], next: LSN?) {
        try state.page(
            of: UserID(unchecked: user), statuses: statuses, type: type, before: before,
            limit: limit, looksMax: looksMax)
    }

    func allTerms() -> [LeaseTerms] { state.allTerms() }

    /// A second state, folded from the history alone.
    func refolded() -> StateDriver {
        let again = StateDriver()
        for event in history {
            again.state.apply(event, at: again.state.appliedLSN.next)
        }
        return again
    }

    func status(_ key: JobKey) throws(Rejection) -> ExecutionStatus {
        try state.view(key).status
    }
}

extension JobType {
    static let mail = JobType(unchecked: "mail")
    static let report = JobType(unchecked: "report")
}

extension JobKey {
    init(_ user: String, _ job: String) {
        self.init(user: UserID(unchecked: user), job: JobID(unchecked: job))
    }
}

extension JobContent {
    /// A mail that is due at once and may be retried twice.
    static let mail = JobContent(type: .mail, executionTime: nil, policy: .twoRetries)
}

extension JobPolicy {
    static let twoRetries: JobPolicy = {
        var policy = JobPolicy.standard
        policy.maxRetries = 2
        return policy
    }()
}
