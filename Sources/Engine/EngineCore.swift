import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Units

/// What the writer's thread owns: state, log, timers and the claims in line.
///
/// One call of `turn` is one batch: a time stamp, the requests, the timers, a commit, and more of them on the way where
/// there is much. A simulator can drive it as well as a thread can.
struct EngineCore: ~Copyable {
    /// Due jobs moved in one turn, so that a million jobs due at once delay no request by more
    /// than a few milliseconds.
    static let dueJobsPerTurnMax = 4_096
    /// Leases ended in one turn: after a restart, those of dead workers all end at the same moment.
    static let expiriesPerTurnMax = 4_096
    /// Ticks and expiries of waiting jobs decided in one turn.
    static let ticksPerTurnMax = 1_024
    /// How often a full disk is looked at again.
    static let shortOfSpacePatience = TimeSpan.milliseconds(250)

    var state: JobState
    var leases: LeaseClock
    var desk = ClaimDesk()
    private var record = ByteWriter(capacity: 4_096)
    let log: EventLog
    let replies: ReplyQueue
    let clock: any EngineClock
    let dictionaries: PayloadDictionaries
    let startedAt: MonotonicTime
    private(set) var wall: WallTime
    private(set) var monotonic: MonotonicTime
    private var isMoreDue = false
    var space = SpaceBudget()
    var snapshots: SnapshotDesk
    var history: HistoryDesk
    let retention: RetentionDesk
    let finishedJobs: FinishedJobs

    /// Takes over a recovered state: every lease in it gets its full duration from now on.
    init(
        state: consuming JobState, log: EventLog, replies: ReplyQueue, clock: any EngineClock,
        dictionaries: PayloadDictionaries, snapshots: SnapshotDesk, history: HistoryDesk,
        retention: RetentionDesk
    ) {
        self.retention = retention
        self.snapshots = snapshots
        self.history = history
        finishedJobs = FinishedJobs(set: history.worker.set, hash: state.hash)
        monotonic = clock.monotonicTime()
        startedAt = monotonic
        wall = state.appliedTime
        leases = LeaseClock(now: monotonic)
        self.log = log
        self.replies = replies
        self.clock = clock
        self.dictionaries = dictionaries
        for terms in state.allTerms() {
            state.set(timer: leases.begin(terms, now: monotonic), of: terms.job)
        }
        self.state = state
    }

    /// Does one batch: answers leave as soon as what they show is durable.
    ///
    /// - Parameters:
    ///   - requests: What came since the last turn.
    ///   - isBusy: Asked at the end: whether more has come meanwhile.
    mutating func turn(_ requests: consuming [Request], isBusy: () -> Bool = { false }) {
        stampTime()
        space.renew(log.space)
        let isIdle = requests.isEmpty
        let endedBefore = state.endedCount
        advanceDue()
        for request in requests {
            handle(request)
            log.commitFull(now: wall)
        }
        // After the requests: a heartbeat that is here already saves its lease.
        expireLeases()
        serveWaiting()
        log.commit(now: wall, isBusy: isBusy())
        giveUpOverdueClaims()
        goOnWithSnapshot(isIdle: isIdle)
        goOnWithHistory(isIdle: isIdle, endedNow: state.endedCount - endedBefore)
    }

    /// What keeps the engine from taking all work, in words for people; nil where nothing does.
    var trouble: String? { space.trouble }

    /// How long the next turn may be put off if no request comes.
    ///
    /// - Parameter wallClockPatience: The wall clock may jump while we wait for a due time, so it is
    ///   looked at again after so long.
    /// - Returns: At most an hour.
    mutating func patience(
        wallClockPatience: TimeSpan = .milliseconds(250)
    ) -> TimeSpan {
        // Leases that ran out wait for space, and so does everybody else.
        if space.trouble != nil { return Self.shortOfSpacePatience }
        if isMoreDue { return .zero }
        let now = clock.monotonicTime()
        var wake = min(leases.nextAlarm() ?? .distantFuture, desk.nextDeadline ?? .distantFuture)
        if let wait = snapshots.patience { wake = min(wake, now.advanced(by: wait)) }
        if let wait = historyPatience { wake = min(wake, now.advanced(by: wait)) }
        if let due = state.nextDue() {
            let wait = min(max(wait(for: due, now: now), .zero), wallClockPatience)
            wake = min(wake, now.advanced(by: wait))
        }
        return min(max(wake.span(since: now), .zero), .seconds(3_600))
    }

    /// How long until a stamp says `time`: when the clock does, or at half speed from the last stamp
    /// where the clock was set back.
    private func wait(for time: WallTime, now: MonotonicTime) -> TimeSpan {
        let passed = now.span(since: monotonic).microseconds
        let byStamp = 2 * time.span(since: wall).microseconds - passed
        return min(TimeSpan(microseconds: byStamp), time.span(since: clock.wallTime()))
    }

    /// Tells every claim in line that nothing will come any more.
    mutating func dismissClaims() {
        for waiter in desk.removeAll() { waiter.reply(.failure(.notServing)) }
    }

    private mutating func stampTime() {
        let now = clock.monotonicTime()
        let half = TimeSpan(microseconds: now.span(since: monotonic).microseconds / 2)
        // The log's time never goes backwards. Where the wall clock was set back, it goes on at
        // half speed until the clock has caught up: standing still would hold up every retry.
        wall = max(wall.advanced(by: half), clock.wallTime())
        monotonic = now
    }

    /// Readies what is due, and acts on ticks and expiries.
    mutating func advanceDue() {
        isMoreDue = state.advance(to: wall, jobsMax: Self.dueJobsPerTurnMax)
        for _ in 0..<Self.ticksPerTurnMax {
            guard space.allows(.submit), let (job, fact) = state.decideTick(now: wall) else {
                break
            }
            append(fact, about: job)
            isMoreDue = true
        }
        for _ in 0..<Self.ticksPerTurnMax {
            guard space.allows(.finish(payloadBytes: 0)),
                let (job, fact) = state.decideExpired(now: wall)
            else { return }
            append(fact, about: job)
        }
    }

    private mutating func expireLeases() {
        guard space.allows(.finish(payloadBytes: 0)) else { return }
        for (token, reason) in leases.expired(now: monotonic, countMax: Self.expiriesPerTurnMax) {
            guard let job = state.slot(leasedBy: token) else {
                preconditionFailure("a timer rings for lease \(token), which has ended")
            }
            append(state.decideExpiry(job, reason: reason, now: wall), about: job)
        }
    }

    /// Appends a fact about a job and folds it into state and timers.
    @discardableResult
    mutating func append(_ fact: consuming Fact, about job: JobSlot) -> LSN {
        let wasLeased = state.isLeased(job)
        let timer = wasLeased ? state.timer(of: job) : 0
        let lsn = append(fact, hint: job)
        let isLeased = state.isLeased(job)
        if isLeased && !wasLeased {
            state.set(timer: leases.begin(state.terms(of: job), now: monotonic), of: job)
        } else if wasLeased && !isLeased {
            leases.end(timer)
        }
        return lsn
    }

    /// Appends a fact and folds it into the state.
    @discardableResult
    mutating func append(_ fact: consuming Fact, hint: JobSlot? = nil) -> LSN {
        let event = Event(time: wall, fact: fact)
        record.removeAll()
        event.encode(into: &record)
        let lsn = log.append(record.bytes)
        space.spend(record.count)
        state.apply(event, at: lsn, hint: hint)
        return lsn
    }

    func answer<Answer>(_ reply: @escaping Reply<Answer>, _ result: Result<Answer, EngineError>) {
        replies.hold(until: log.lastLSN) { fate in
            switch fate {
            case .durable: reply(result)
            case .unknown: reply(.failure(.outcomeUnknown))
            }
        }
    }

    /// A view whose lease ends when its timer says, not when the wall clock at its start said.
    mutating func view(_ job: JobSlot) -> JobView {
        var view = state.view(job)
        if view.lease != nil {
            let left = leases.remaining(state.timer(of: job), now: monotonic)
            view.lease?.until = wall.advanced(by: left)
        }
        return view
    }
}

// MARK: - Requests

extension EngineCore {
    private mutating func handle(_ request: Request) {
        if let use = request.spaceUse, !space.allows(use), !isKnown(request) {
            return request.refuse(.outOfSpace)
        }
        switch request {
        case .submit(let batch, let reply): submit(batch, reply)
        case .submitMany(let batch, let reply): submitMany(batch, reply)
        case .change(let key, let change, let reply):
            answer(reply, result { core throws(Rejection) in try core.change(key, change) })
        case .claim(let id, let order, let wait, let reply):
            claim(id, order, wait: wait, reply)
        case .withdraw(let id):
            if let waiter = desk.remove(id) { waiter.reply(.success(.empty)) }
        case .attempt(let report, let reply):
            answer(
                reply,
                result { core throws(Rejection) in core.view(try core.attempt(report)) })
        case .attempts(let reports, let reply):
            answer(reply, .success(attempts(reports)))
        case .redrive(let order, let reply):
            answer(reply, .success(redrive(order)))
        case .control(let scope, let change, let reply):
            answer(reply, .success(set(change, for: scope)))
        default: look(request)
        }
    }

    /// Answers requests that change nothing.
    private mutating func look(_ request: Request) {
        switch request {
        case .look(let key, let reply):
            answer(reply, result { core throws(Rejection) in try core.look(key) })
        case .list(let query, let reply):
            answer(reply, result { core throws(Rejection) in try core.list(query) })
        case .deadLetters(let query, let reply):
            answer(reply, .success(deadLetters(query)))
        case .users(let skip, let limit, let reply):
            answer(reply, .success(users(skip: skip, limit: limit)))
        case .controls(let reply):
            answer(
                reply,
                .success(
                    state.controls().map { ScopedControl(scope: $0.scope, control: $0.control) }))
        case .stats(let reply):
            answer(reply, .success(stats()))
        case .snapshot(let reply):
            snapshots.ask(reply, at: state.appliedLSN)
        case .digest(let reply):
            answer(reply, .success(StateDigest(lsn: state.appliedLSN, digest: state.digest())))
        case .submit, .submitMany, .change, .claim, .withdraw, .attempt, .attempts, .redrive,
            .control:
            preconditionFailure("a request that changes something is handled elsewhere")
        }
    }

    mutating func result<Answer>(
        _ body: (inout EngineCore) throws(Rejection) -> Answer
    ) -> Result<Answer, EngineError> {
        do throws(Rejection) {
            return .success(try body(&self))
        } catch {
            return .failure(.rejected(error))
        }
    }

    mutating func slot(of key: JobKey) throws(Rejection) -> JobSlot {
        guard let job = state.slot(of: key) else { throw state.missing(key) }
        return job
    }
}
