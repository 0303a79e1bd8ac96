import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import Units

/// What the writer's thread owns: state, log, timers and the claims in line.
///
/// One call of `turn` is one batch: a time stamp, the requests, the timers, one commit. Nothing in
/// here waits, so a simulator can drive it as well as a thread can.
struct EngineCore: ~Copyable {
    /// Due jobs moved in one turn, so that a million jobs due at once delay no request by more
    /// than a few milliseconds.
    private static let dueJobsPerTurnMax = 4_096
    /// Leases ended in one turn: after a restart, those of dead workers all end at the same moment.
    private static let expiriesPerTurnMax = 4_096
    /// Payload and checkpoint bytes of one claim's answer, past which no further job is granted.
    private static let grantBytesMax = 4 << 20
    /// How often a full disk is looked at again.
    private static let shortOfSpacePatience = TimeSpan.milliseconds(250)
    /// Jobs that one listing looks at.
    private static let listingLooksMax = 10_000

    var state: JobState
    private var leases = LeaseClock()
    private var desk = ClaimDesk()
    private var record = ByteWriter(capacity: 4_096)
    private let log: EventLog
    private let replies: ReplyQueue
    private let clock: any EngineClock
    private let startedAt: MonotonicTime
    private var wall: WallTime
    private var monotonic: MonotonicTime
    private var readiedTypes: Set<JobType> = []
    private var isMoreDue = false
    private var space = SpaceBudget()

    /// Takes over a recovered state: every lease in it gets its full duration from now on.
    init(state: consuming JobState, log: EventLog, replies: ReplyQueue, clock: any EngineClock) {
        monotonic = clock.monotonicTime()
        startedAt = monotonic
        wall = state.appliedTime
        self.log = log
        self.replies = replies
        self.clock = clock
        for terms in state.allTerms() { leases.begin(terms, now: monotonic) }
        self.state = state
    }

    /// Does one batch: answers leave as soon as what they show is durable.
    mutating func turn(_ requests: [Request]) {
        stampTime()
        space.renew(log.space)
        advanceDue()
        for request in requests { handle(request) }
        // After the requests: a heartbeat that is here already saves its lease.
        expireLeases()
        serveWaiting()
        log.commit(now: wall)
        giveUpOverdueClaims()
    }

    /// What keeps the engine from taking all work, in words for people; nil where nothing does.
    var trouble: String? { space.trouble }

    /// How long the next turn may be put off if no request comes.
    mutating func patience() -> TimeSpan {
        if isMoreDue { return .zero }
        // Leases that ran out wait for space, and so does everybody else.
        if space.trouble != nil { return Self.shortOfSpacePatience }
        let now = clock.monotonicTime()
        var wake = min(
            leases.nextAlarm ?? .distantFuture, desk.nextDeadline ?? .distantFuture)
        if desk.count > 0, let due = state.nextDue() {
            // Looked at again soon in any case: the wall clock may jump while we wait.
            let wait = min(max(due.span(since: clock.wallTime()), .zero), .milliseconds(250))
            wake = min(wake, now.advanced(by: wait))
        }
        return min(max(wake.span(since: now), .zero), .seconds(3_600))
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

    private mutating func advanceDue() {
        let (types, isMore) = state.advance(to: wall, jobsMax: Self.dueJobsPerTurnMax)
        readiedTypes.formUnion(types)
        isMoreDue = isMore
    }

    private mutating func expireLeases() {
        for _ in 0..<Self.expiriesPerTurnMax {
            guard space.allows(.finish(payloadBytes: 0)) else { return }
            guard let (token, reason) = leases.popExpired(now: monotonic) else { return }
            guard let fact = state.decideExpiry(token: token, reason: reason, now: wall) else {
                continue
            }
            append(fact)
        }
    }

    /// Appends a fact and folds it into state and timers.
    @discardableResult
    private mutating func append(_ fact: Fact) -> LSN {
        let event = Event(time: wall, fact: fact)
        record.removeAll()
        event.encode(into: &record)
        let lsn = log.append(record.bytes)
        space.spend(record.count)
        let ended = fact.reference.flatMap {
            endsLease(fact) ? state.token(leasing: $0.submitted) : nil
        }
        state.apply(event, at: lsn)
        if let ended { leases.end(ended) }
        if case .claimed = fact, let terms = state.terms(of: lsn) {
            leases.begin(terms, now: monotonic)
        }
        return lsn
    }

    private func endsLease(_ fact: Fact) -> Bool {
        switch fact {
        case .succeeded, .retriableFailed, .fatalFailed, .cancelled: true
        case .submitted, .claimed, .processing, .heartbeat: false
        }
    }

    private func answer<Answer>(
        _ reply: @escaping Reply<Answer>, _ result: Result<Answer, EngineError>
    ) {
        replies.hold(until: log.lastLSN) { fate in
            switch fate {
            case .durable: reply(result)
            case .unknown: reply(.failure(.outcomeUnknown))
            }
        }
    }

    /// A view whose lease ends when its timer says, not when the wall clock at its start said.
    private func view(_ job: LSN) -> JobView {
        guard let view = state.view(submittedAt: job) else {
            preconditionFailure("job \(job) is not there")
        }
        return timed(view)
    }

    private func timed(_ view: JobView) -> JobView {
        guard let token = view.lease?.token, let left = leases.remaining(token, now: monotonic)
        else {
            return view
        }
        var view = view
        view.lease?.until = wall.advanced(by: left)
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
        case .submit(let key, let content, let reply):
            answer(reply, result { core throws(Rejection) in try core.submit(key, content) })
        case .cancel(let key, let reply):
            answer(reply, result { core throws(Rejection) in try core.cancel(key) })
        case .claim(let id, let order, let wait, let reply):
            claim(id, order, wait: wait, reply)
        case .withdraw(let id):
            if let waiter = desk.remove(id) { waiter.reply(.success([])) }
        case .attempt(let token, let step, let reply):
            answer(reply, result { core throws(Rejection) in try core.attempt(token, step) })
        case .look(let key, let reply):
            answer(reply, result { core throws(Rejection) in try core.look(key) })
        case .list(let query, let reply):
            answer(reply, result { core throws(Rejection) in try core.list(query) })
        case .users(let skip, let limit, let reply):
            answer(reply, .success(users(skip: skip, limit: limit)))
        case .stats(let reply):
            answer(reply, .success(stats()))
        }
    }

    /// True for a submit that writes nothing: the job is there already, or is in conflict.
    private func isKnown(_ request: Request) -> Bool {
        guard case .submit(let key, let content, _) = request else { return false }
        do throws(Rejection) {
            if case .new = try state.decideSubmit(key, content) { return false }
            return true
        } catch {
            return true
        }
    }

    private mutating func result<Answer>(
        _ body: (inout EngineCore) throws(Rejection) -> Answer
    ) -> Result<Answer, EngineError> {
        do throws(Rejection) {
            return .success(try body(&self))
        } catch {
            return .failure(.rejected(error))
        }
    }

    private mutating func submit(
        _ key: JobKey, _ content: JobContent
    ) throws(Rejection) -> SubmitReceipt {
        switch try state.decideSubmit(key, content) {
        case .existing:
            return SubmitReceipt(isNew: false, job: timed(try state.view(key)))
        case .new(let fact):
            let job = append(fact)
            // One that is due at once is ready in this very turn, not in the next.
            if (content.executionTime ?? wall) <= wall { advanceDue() }
            return SubmitReceipt(isNew: true, job: view(job))
        }
    }

    private mutating func cancel(_ key: JobKey) throws(Rejection) -> JobView {
        if let fact = try state.decideCancel(key) { append(fact) }
        return try state.view(key)
    }

    private mutating func attempt(_ token: LSN, _ step: AttemptStep) throws(Rejection) -> JobView {
        guard let job = state.job(leasedBy: token) else { throw .unknownToken(token) }
        switch step {
        case .start:
            if let fact = try state.decideStart(token: token) { append(fact) }
        case .heartbeat(let duration, let progress, let checkpoint):
            append(
                try state.decideHeartbeat(
                    token: token, leaseDuration: duration, progress: progress,
                    checkpoint: checkpoint))
            if let terms = state.terms(of: token) {
                leases.extend(token, by: terms.duration, now: monotonic)
            }
        case .succeed(let message):
            append(try state.decideSucceed(token: token, message: message))
        case .fail(let isRetriable, let message):
            append(
                try state.decideFail(
                    token: token, isRetriable: isRetriable, message: message, now: wall))
        }
        return view(job)
    }

    private func look(_ key: JobKey) throws(Rejection) -> Look {
        let job = try state.view(key)
        return Look(
            job: timed(job), progress: state.progress(submittedAt: job.submittedLSN),
            lastFailure: state.lastFailure(submittedAt: job.submittedLSN),
            newestToken: state.newestToken(submittedAt: job.submittedLSN))
    }

    private func list(_ query: JobQuery) throws(Rejection) -> JobPage {
        let (jobs, next) = try state.page(
            of: query.user, statuses: query.statuses, type: query.type, before: query.before,
            limit: query.limit, looksMax: Self.listingLooksMax)
        var page = JobPage(jobs: [], next: next)
        for job in jobs { page.jobs.append(timed(job)) }
        return page
    }

    private func users(skip: Int, limit: Int) -> UserPage {
        let users = state.users(skip: skip, limit: limit)
        let end = skip + users.count
        return UserPage(
            users: users.map { UserCounts(user: $0.user, counts: $0.counts) },
            next: end < state.userCount ? end : nil)
    }

    private func stats() -> EngineStats {
        let size = log.size
        return EngineStats(
            now: wall, uptime: monotonic.span(since: startedAt), counts: state.counts,
            users: state.userCount,
            types: state.typeCounts().map {
                EngineStats.TypeCounts(type: $0.type, counts: $0.counts)
            },
            ready: state.readyCount, waitingClaims: desk.count, durableLSN: log.durableLSN,
            logSegments: size.segments, logRawBytes: size.rawBytes,
            logStoredBytes: size.storedBytes, logTrouble: trouble ?? size.trouble)
    }
}

// MARK: - Claims

extension EngineCore {
    private mutating func claim(
        _ id: ClaimID, _ order: ClaimOrder, wait: TimeSpan, _ reply: @escaping Reply<[Grant]>
    ) {
        // Who has waited longer comes first, also for a job that became ready in this very turn.
        serveWaiting()
        let grants = grant(order)
        guard grants.isEmpty, wait > .zero else { return answer(reply, .success(grants)) }
        let deadline = monotonic.advanced(by: wait)
        desk.add(id, ClaimDesk.Waiter(order: order, deadline: deadline, reply: reply))
    }

    private mutating func grant(_ order: ClaimOrder) -> [Grant] {
        var grants: [Grant] = []
        var bytes = 0
        while grants.count < order.countMax, bytes < Self.grantBytesMax, space.allows(.claim),
            let job = state.firstReady(of: order.types)
        {
            let payload = state.payload(submittedAt: job)
            let checkpoint = state.checkpoint(submittedAt: job)
            append(
                state.decideClaim(job, worker: order.worker, leaseDuration: order.leaseDuration))
            bytes += payload.count + (checkpoint?.count ?? 0)
            grants.append(Grant(job: view(job), payload: payload, checkpoint: checkpoint))
        }
        return grants
    }

    /// Hands jobs that have become ready to the claims that wait for their types.
    private mutating func serveWaiting() {
        guard desk.count > 0 else { return readiedTypes.removeAll() }
        // In order of name, so that two runs over the same requests grant alike.
        for type in readiedTypes.sorted(by: { $0.text < $1.text }) {
            while space.allows(.claim), let id = desk.first(for: type),
                state.firstReady(of: [type]) != nil,
                let waiter = desk.remove(id)
            {
                answer(waiter.reply, .success(grant(waiter.order)))
            }
        }
        readiedTypes.removeAll()
    }

    private mutating func giveUpOverdueClaims() {
        while let waiter = desk.popOverdue(now: monotonic) { answer(waiter.reply, .success([])) }
    }
}
