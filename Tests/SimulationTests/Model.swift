import JobModel
import Units

/// The rules of the whole job model, told once more and on purpose differently: maps and lists, one
/// event after another, every one judged before it is believed.
///
/// It sees the log and the clocks, never the engine's state.
struct Model {
    var jobs: [ModelJob] = []
    var byFirst: [LSN: Int] = [:]
    var byKey: [JobKey: Int] = [:]
    /// Jobs that wait for their time or for a worker, by type.
    var waiting: [JobType: [Int]] = [:]
    var leased: Set<Int> = []
    var recurring: Set<Int> = []
    var waitingCount: [UserID: Int] = [:]
    var runningByUser: [UserID: Int] = [:]
    var runningByType: [JobType: Int] = [:]

    var everyUser = Control.none
    var userControls: [UserID: Control] = [:]
    var typeControls: [JobType: Control] = [:]

    var oracle: TickOracle
    /// The job after each event.
    var snapshots: [LSN: ModelSnapshot] = [:]
    /// The last event of each token's attempt.
    var tokenEnds: [LSN: LSN] = [:]
    var byToken: [LSN: Int] = [:]
    /// What each grant was asked for, where the worker got it.
    var typesAsked: [LSN: [JobType]] = [:]
    var fired: [FaultKind: Int] = [:]

    // Turns of users: when they were granted something, and since when they have stood in line
    // without a break, both counted in claims.
    var claimCount = 0
    var latestClaim: [TurnKey: [UserID: (count: Int, turn: Int, wall: WallTime)]] = [:]
    var lineBreak: [UserID: Int] = [:]
    var allBroke = 0

    init(around moment: WallTime) {
        oracle = TickOracle(around: moment)
    }

    /// A new life of the engine: every lease begins anew, and so do the turns of users.
    mutating func begin(lifeAt monotonic: MonotonicTime) {
        for job in leased {
            jobs[job].leaseEnd = monotonic.advanced(by: jobs[job].lease)
            jobs[job].runEnd =
                jobs[job].policy.runLimit.map { monotonic.advanced(by: $0) } ?? .distantFuture
        }
        latestClaim = [:]
        allBroke = claimCount
    }

    /// Judges an event and believes it.
    mutating func apply(_ event: Event, at lsn: LSN, _ now: ModelMoment) throws(Finding) {
        guard event.time == now.wall else {
            throw Finding("it is stamped \(event.time), the engine's time was \(now.wall)")
        }
        guard let reference = event.fact.reference else {
            return try applyAlone(event.fact, lsn, now)
        }
        guard let job = byFirst[reference.submitted] else {
            throw Finding("there is no job \(reference.submitted)")
        }
        guard jobs[job].last == reference.previous else {
            throw Finding("\(jobs[job].key): its newest event is \(jobs[job].last)")
        }
        do throws(Finding) {
            try apply(event.fact, to: job, lsn, now)
        } catch {
            throw Finding("\(jobs[job].key): \(error)")
        }
        note(job, lsn)
    }

    private mutating func applyAlone(_ fact: Fact, _ lsn: LSN, _ now: ModelMoment) throws(Finding) {
        switch fact {
        case .submitted(let key, let content, _, let firstTick):
            try submit(key, content, firstTick, lsn, now)
        case .controlChanged(.everyUser, let control):
            everyUser = control ?? .none
            allBroke = claimCount
        case .controlChanged(.user(let user), let control):
            // Where nothing is set for every user, setting nothing means having no setting of one's own.
            userControls[user] = control == Control.none && everyUser == .none ? nil : control
            lineBreak[user] = claimCount
        case .controlChanged(.type(let type), let control): typeControls[type] = control
        default: throw Finding("an event about no job")
        }
    }

    private mutating func submit(
        _ key: JobKey, _ content: JobContent, _ firstTick: WallTime?, _ lsn: LSN,
        _ now: ModelMoment
    ) throws(Finding) {
        guard byKey[key] == nil else { throw Finding("\(key) is submitted twice") }
        if let max = control(of: key.user).waitingMax, waitingCount[key.user, default: 0] >= max {
            throw Finding(
                "\(key): \(waitingCount[key.user, default: 0]) jobs of \(max) wait already")
        }
        let due = max(content.executionTime ?? now.wall, now.wall)
        var job = ModelJob(key: key, content: content, first: lsn, due: due, turn: now.turn)
        if let recurrence = content.recurrence {
            job.nextTick = oracle.first(of: recurrence.rule, from: due)
            guard job.nextTick == firstTick else {
                throw Finding(
                    "\(key): its first tick is \(job.nextTick as Any), not \(firstTick as Any)")
            }
        }
        add(job)
        note(jobs.count - 1, lsn)
    }

    mutating func add(_ job: ModelJob) {
        let number = jobs.count
        jobs.append(job)
        byFirst[job.first] = number
        byKey[job.key] = number
        waitingCount[job.user, default: 0] += 1
        if job.isRecurring {
            recurring.insert(number)
        } else {
            waiting[job.type, default: []].append(number)
        }
    }

    private mutating func note(_ job: Int, _ lsn: LSN) {
        jobs[job].last = lsn
        let now = jobs[job]
        snapshots[lsn] = ModelSnapshot(
            job: job, status: now.status, attempt: now.attempt, expiries: now.expiries,
            priority: now.priority, token: now.token, checkpoint: now.checkpoint)
    }

    /// Gives a job another status and keeps what is counted by status.
    mutating func move(_ job: Int, to status: ExecutionStatus) {
        let old = jobs[job].status
        let user = jobs[job].user
        let type = jobs[job].type
        let wasWaiting = old == .notStarted || old == .retriableFailure
        let isWaiting = status == .notStarted || status == .retriableFailure
        waitingCount[user, default: 0] += (isWaiting ? 1 : 0) - (wasWaiting ? 1 : 0)
        let running = (status.isLeased ? 1 : 0) - (old.isLeased ? 1 : 0)
        runningByUser[user, default: 0] += running
        runningByType[type, default: 0] += running
        if running != 0, control(of: user).runningMax != nil { lineBreak[user] = claimCount }
        if wasWaiting, !isWaiting {
            waiting[type]?.removeAll { $0 == job }
            recurring.remove(job)
        } else if isWaiting, !wasWaiting {
            waiting[type, default: []].append(job)
        }
        if status.isLeased { leased.insert(job) } else { leased.remove(job) }
        jobs[job].status = status
    }

    func control(of user: UserID) -> Control { userControls[user] ?? everyUser }

    /// Whether anything of the user, or of the type, may be claimed.
    func mayRun(_ user: UserID) -> Bool {
        let control = control(of: user)
        return !control.isPaused
            && (control.runningMax.map { runningByUser[user, default: 0] < Int($0) } ?? true)
    }

    func mayRun(_ type: JobType) -> Bool {
        guard let control = typeControls[type] else { return true }
        return !control.isPaused
            && (control.runningMax.map { runningByType[type, default: 0] < Int($0) } ?? true)
    }
}
