import ByteCoding
import JobCoding
import JobModel
import JobState
import Units

/// Drives a state by hand: decides, and applies what was decided at the next LSN.
final class StateDriver {
    static let hash = KeyedHash(low: 1, high: 2)

    var state = JobState(hash: StateDriver.hash)
    var now = WallTime(microseconds: 1_000_000_000)
    /// All facts so far, to be folded again from the start.
    private(set) var history: [Event] = []

    @discardableResult
    func append(_ fact: Fact, about job: JobSlot? = nil) -> LSN {
        let event = Event(time: now, fact: fact)
        history.append(event)
        let lsn = state.appliedLSN.next
        state.apply(event, at: lsn, hint: job)
        return lsn
    }

    @discardableResult
    func submit(_ key: JobKey, _ content: JobContent = .mail) throws(Rejection) -> LSN? {
        var firstTick: WallTime?
        if let recurrence = content.recurrence {
            firstTick = try JobState.firstTick(
                of: recurrence, executionTime: content.executionTime, now: now)
        }
        let fact = Fact.submitted(
            key, content, keyHash: state.keyHash(key), firstTick: firstTick)
        var writer = ByteWriter()
        Event(time: now, fact: fact).encode(into: &writer)
        guard case .new = try decide(writer.bytes) else { return nil }
        return append(fact)
    }

    private func decide(_ bytes: RawSpan) throws(Rejection) -> SubmitDecision {
        let record: SubmittedRecord
        do throws(EventFault) {
            record = try SubmittedRecord(bytes)
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
        return try state.decideSubmit(record, SubmitHint(record, Self.hash))
    }

    /// Claims the first ready job of the types; nil if there is none.
    func claim(
        _ types: [JobType] = [.mail], leaseDuration: TimeSpan? = nil
    ) -> LSN? {
        advance(jobsMax: .max)
        var line = state.line(of: types)
        guard let job = state.next(in: &line) else { return nil }
        return append(
            state.decideClaim(
                job, worker: WorkerName(unchecked: "w1"), leaseDuration: leaseDuration),
            about: job)
    }

    /// Claims jobs one after another and names them, until none is ready.
    func claimAll(_ types: [JobType] = [.mail]) -> [String] {
        var names: [String] = []
        while let token = claim(types), let view = view(leasedBy: token) {
            names.append(view.key.job.text)
        }
        return names
    }

    private func slot(_ token: LSN) throws(Rejection) -> JobSlot {
        guard let job = state.slot(leasedBy: token) else { throw .unknownToken(token) }
        return job
    }

    private func slot(_ key: JobKey) throws(Rejection) -> JobSlot {
        guard let job = state.slot(of: key) else { throw state.missing(key) }
        return job
    }

    func start(_ token: LSN) throws(Rejection) {
        let job = try slot(token)
        if let fact = state.decideStart(job) { append(fact, about: job) }
    }

    func heartbeat(
        _ token: LSN, progress: [UInt8]? = nil, checkpoint: [UInt8]? = nil
    ) throws(Rejection) {
        let job = try slot(token)
        append(
            state.decideHeartbeat(
                job, leaseDuration: nil, progress: progress, checkpoint: checkpoint))
    }

    func succeed(_ token: LSN) throws(Rejection) {
        append(try state.decideSucceed(try slot(token), message: nil))
    }

    /// Starts and succeeds.
    func finish(_ token: LSN) throws(Rejection) {
        try start(token)
        try succeed(token)
    }

    func fail(_ token: LSN, isRetriable: Bool = true) throws(Rejection) {
        append(
            state.decideFail(
                try slot(token), isRetriable: isRetriable, message: "no route", now: now))
    }

    func expire(_ token: LSN) -> Bool {
        guard let job = state.slot(leasedBy: token) else { return false }
        append(state.decideExpiry(job, reason: .leaseExpired, now: now))
        return true
    }

    /// All that have ended leave memory.
    func releaseAll() {
        state.beginRelease(through: state.appliedLSN)
        while state.release(countMax: 100) {}
    }

    func cancel(_ key: JobKey) throws(Rejection) {
        if let fact = try state.decideCancel(try slot(key)) { append(fact) }
    }

    func redrive(_ key: JobKey) throws(Rejection) {
        append(try state.decideRedrive(try slot(key), dueAt: now))
    }

    func reschedule(
        _ key: JobKey, priority: UInt8? = nil, executionTime: WallTime? = nil
    ) throws(Rejection) {
        let fact = try state.decideReschedule(
            try slot(key), priority: priority, executionTime: executionTime)
        if let fact { append(fact) }
    }

    func control(_ scope: ControlScope, _ control: Control) {
        append(.controlChanged(scope, control))
    }

    func pass(_ span: TimeSpan) {
        now = now.advanced(by: span)
    }

    /// Lets time pass in steps, acting on what is due after each.
    func pass(_ span: TimeSpan, step: TimeSpan) {
        let end = now.advanced(by: span)
        while now < end {
            pass(step)
            advance(jobsMax: .max)
        }
    }

    var readyCount: Int { state.readyCount }

    var counts: StatusCounts { state.counts }

    func nextDue() -> WallTime? { state.nextDue() }

    /// Readies what is due and acts on ticks and expiries; whether more is due.
    @discardableResult
    func advance(jobsMax: Int) -> Bool {
        var isMore = state.advance(to: now, jobsMax: jobsMax)
        while let (job, fact) = state.decideTick(now: now) {
            append(fact, about: job)
            isMore = state.advance(to: now, jobsMax: jobsMax)
        }
        while let (job, fact) = state.decideExpired(now: now) { append(fact, about: job) }
        return isMore
    }

    func view(_ key: JobKey) throws(Rejection) -> JobView { state.view(try slot(key)) }

    func view(leasedBy token: LSN) -> JobView? {
        state.slot(leasedBy: token).map { state.view($0) }
    }

    func progress(_ key: JobKey) throws(Rejection) -> [UInt8]? { state.progress(try slot(key)) }

    func checkpoint(_ key: JobKey) throws(Rejection) -> [UInt8]? {
        state.checkpoint(try slot(key))
    }

    func page(
        _ user: String, statuses: Set<ExecutionStatus> = [], type: JobType? = nil,
        before: JobPosition? = nil, limit: Int, looksMax: Int = 1_000
    ) throws(Rejection) -> (jobs: [JobView], next: JobPosition?) {
        let page = try state.page(
            of: UserID(unchecked: user), statuses: statuses, type: type, before: before,
            limit: limit, looksMax: looksMax)
        return (page.jobs.map { state.view($0) }, page.next)
    }

    /// Ids of the dead letters, the latest death first.
    func deadLetters(user: String? = nil, type: JobType? = nil) -> [String] {
        state.deadLetters(
            user: user.map { UserID(unchecked: $0) }, type: type, from: nil, limit: 100,
            looksMax: 1_000
        ).jobs.map { state.view($0).key.job.text }
    }

    func allTerms() -> [LeaseTerms] { state.allTerms() }

    /// Ids of all jobs of a user, oldest first.
    func jobs(_ user: String) throws(Rejection) -> [String] {
        try page(user, limit: 1_000).jobs.map(\.key.job.text).reversed()
    }

    /// A second state, folded from the history alone, through the bytes of the log.
    func refolded() throws -> StateDriver {
        let again = StateDriver()
        for event in history {
            var writer = ByteWriter()
            event.encode(into: &writer)
            again.state.apply(
                try Event(decoding: writer.bytes), at: again.state.appliedLSN.next)
        }
        again.now = now
        return again
    }

    func status(_ key: JobKey) throws(Rejection) -> ExecutionStatus { try view(key).status }
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

extension ControlScope {
    static func user(_ name: String) -> ControlScope { .user(UserID(unchecked: name)) }
}

extension JobContent {
    /// A mail that is due at once and may be retried twice.
    static let mail = JobContent(type: .mail, executionTime: nil, policy: .twoRetries)

    /// A mail that recurs.
    static func recurring(
        _ rule: RecurrenceRule, overlap: OverlapPolicy = .skip, missed: MissedTickPolicy = .once
    ) -> JobContent {
        var content = JobContent.mail
        content.recurrence = Recurrence(rule: rule, overlap: overlap, missed: missed)
        return content
    }
}

extension JobPolicy {
    static let twoRetries: JobPolicy = {
        var policy = JobPolicy.standard
        policy.maxRetries = 2
        policy.backoff = Backoff(
            initial: .seconds(1), factorPercent: 200, max: .seconds(3_600), jitterPercent: 0)
        return policy
    }()
}
