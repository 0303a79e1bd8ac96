import Engine
import EventLog
import JobModel
import Storage
import TestKit
import Units

/// One simulated day of an engine, its disk, its clocks, and everybody who uses it.
///
/// Everything is drawn from the seed and nothing else has a say: the same seed gives the same day.
/// After the day comes an evening without faults, in which everything that is due must end.
final class SimulatedDay {
    let seed: UInt64
    var random: SeededGenerator
    let clock: VirtualClock
    var storage: SimulatedStorage
    var engine: SteppedEngine?
    var mailbox = Mailbox()
    let outcomes = SnapshotOutcomes()
    var agenda = Agenda()
    var record = DayRecord()

    /// Calls that have no answer yet, by number.
    var pending: [Int: Call] = [:]
    var callCount = 0
    /// Submits whose outcome nobody knows yet.
    var unresolved: [Call.Wish] = []
    /// What was acknowledged: people refer to it.
    var known: [Submission] = []
    var submitted = 0
    var attempts: [SimulatedAttempt] = []
    var workers: [SimulatedWorker] = []

    /// The power is cut, or the process killed, at one of the next changes of the disk.
    var trap: Trap?
    /// A change that the engine must not survive was told to fail.
    var mustEnd: EngineFault?
    var isDiskFull = false
    /// The disk refuses something of every snapshot, or of every file of history.
    var refusesFiles = false
    /// History was damaged at some time: answers may say so.
    var hasDamagedHistory = false
    var historySeen: Set<String> = []
    /// Names of snapshots of which a bit was turned over.
    var snapshotsDamaged: Set<String> = []
    /// Segments up to here may be gone.
    var knownThrough = LSN.zero
    /// Digests of the state of this life, by the newest event.
    var digests: [LSN: UInt64] = [:]
    var openings = 0
    let dayStart: MonotonicTime
    let dayEnd: MonotonicTime
    var isEvening = false

    static let dayLength = TimeSpan.seconds(86_400)
    /// Three days: whatever is not done by then never will be.
    static let eveningMax = TimeSpan.seconds(3 * 86_400)

    init(seed: UInt64) {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        clock = VirtualClock(startingAt: DayStart.draw(&random))
        storage = SimulatedStorage(seed: seed)
        dayStart = clock.monotonicTime()
        dayEnd = dayStart.advanced(by: Self.dayLength)
    }

    /// Lives the day and the evening.
    ///
    /// - Throws: `Finding`, for what is seen at once; the rest is found by `DayCheck`.
    func run() throws(Finding) {
        planDay()
        try open()
        while let now = nextMoment(), now < dayEnd { try happen(at: now) }
        try beginEvening()
        let end = clock.monotonicTime().advanced(by: Self.eveningMax)
        while let now = nextMoment(), now < end, !isDone() { try happen(at: now) }
        guard let engine else { throw Finding("the engine is not there at the end of the day") }
        let digest = engine.digest()
        let position = engine.appliedLSN
        engine.close()
        self.engine = nil
        digests = [position: digest]
    }

    /// Everything takes at least a millisecond.
    private func nextMoment() -> MonotonicTime? {
        let now = clock.monotonicTime()
        var next = agenda.next
        if let turn = record.turns.last, engine != nil, let patience = turn.patience {
            let wake = turn.monotonic.advanced(by: patience)
            next = min(next ?? wake, wake)
        }
        return next.map { max($0, now.advanced(by: .milliseconds(1))) }
    }

    private func happen(at now: MonotonicTime) throws(Finding) {
        clock.advance(to: now)
        while let act = agenda.take(by: now) { try perform(act) }
        if engine != nil { try turn() }
    }

    private func perform(_ act: Agenda.Act) throws(Finding) {
        switch act {
        case .submit: submitSomething()
        case .resubmit: resubmit()
        case .tamper: tamper()
        case .read: read()
        case .operate: operate()
        case .undo(let scope, let change): undo(scope, change)
        case .poll(let worker): poll(worker)
        case .step(let attempt): step(attempt)
        case .jump(let span): jump(by: span)
        case .fault(let fault): try begin(fault)
        case .open: try open()
        case .freeDisk: freeDisk()
        case .cancel(let key): ask(.change(key, .cancel), for: .operators)
        case .snapshot: askForSnapshot()
        case .healFiles: healFiles()
        case .drop: dropSegments()
        case .look: break
        }
    }

    private func isDone() -> Bool {
        unresolved.isEmpty && pending.values.allSatisfy { !$0.isWork } && isEverythingFinal()
    }

    /// Asked of the newest answers only where nothing else is left to happen.
    private func isEverythingFinal() -> Bool {
        guard let engine, clock.monotonicTime() > nextCount else { return false }
        nextCount = clock.monotonicTime().advanced(by: .seconds(60))
        let counts = engine.counts
        return counts.total > 0
            && JobModel.ExecutionStatus.allCases.allSatisfy { $0.isFinal || counts[$0] == 0 }
    }

    private var nextCount = MonotonicTime(microseconds: 0)
}

// MARK: - Turns

extension SimulatedDay {
    /// Makes a turn and tells everybody what came of it.
    func turn() throws(Finding) {
        guard let engine else { return }
        if trap != nil || mustEnd != nil { digests[engine.appliedLSN] = engine.digest() }
        record.turns.append(
            DayRecord.Turn(
                monotonic: clock.monotonicTime(), wallClock: clock.wallTime(),
                end: engine.appliedLSN, patience: nil, isShort: false))
        engine.turn()
        let turn = record.turns.count - 1
        deliver(turn)
        // Also of a turn in which the machine dies: what was refused by then was refused for that.
        record.turns[turn].isShort = engine.trouble != nil
        if let photo = trap?.photo {
            die(leaving: photo)
        } else if engine.failureReason != nil {
            try endAfterFailure(engine)
        } else {
            record.turns[turn].end = engine.appliedLSN
            record.turns[turn].patience = engine.patience()
            if engine.trouble != nil { record.note(.fullDisk) }
        }
    }

    private func deliver(_ turn: Int) {
        for (number, answer) in mailbox.takeAll() {
            guard let call = pending.removeValue(forKey: number) else { continue }
            take(Exchange(call: call, answer: answer, turn: turn))
        }
    }

    /// Nobody answers any more what was asked of an engine that has died.
    func losePending() {
        for number in pending.keys.sorted() {
            guard let call = pending.removeValue(forKey: number) else { continue }
            record.note(.lostAnswer)
            take(Exchange(call: call, answer: .lost, turn: record.turns.count - 1))
        }
    }

    private func take(_ exchange: Exchange) {
        record.exchanges.append(exchange)
        switch exchange.call.caller {
        case .client: tookSubmit(exchange)
        case .stranger: break
        case .operators: tookControl(exchange)
        case .worker(let worker): tookGrants(exchange, worker)
        case .attempt(let attempt): tookReport(exchange, attempt)
        }
    }

    /// Puts a request in line for the next turn; lost where no engine is there.
    func ask(_ wish: Call.Wish, for caller: Caller) {
        callCount += 1
        let call = Call(number: callCount, wish: wish, caller: caller, turn: record.turns.count)
        guard let engine else {
            record.note(.lostAnswer)
            return take(Exchange(call: call, answer: .lost, turn: record.turns.count - 1))
        }
        pending[call.number] = call
        send(call, to: engine)
    }

    private func send(_ call: Call, to engine: SteppedEngine) {
        let number = call.number
        switch call.wish {
        case .submit(let jobs, asBatch: false):
            engine.submit(
                jobs[0].key, jobs[0].content,
                mailbox.reply(to: number) { .submitted($0) })
        case .submit(let jobs, asBatch: true):
            engine.submit(
                jobs.map { ($0.key, $0.content) }, mailbox.reply(to: number) { .outcomes($0) })
        case .change(let key, let change):
            engine.change(key, change, mailbox.reply(to: number) { .job($0) })
        case .claim(let order, let wait):
            engine.claim(order, wait: wait, mailbox.reply(to: number) { .grants($0) })
        case .report(let reports, asBatch: false):
            engine.report(reports[0], mailbox.reply(to: number) { .job($0) })
        case .report(let reports, asBatch: true):
            engine.report(reports, mailbox.reply(to: number) { .attempts($0) })
        case .redrive(let order):
            engine.redrive(order, mailbox.reply(to: number) { .redriven($0) })
        case .control(let scope, let change):
            engine.control(scope, change, mailbox.reply(to: number) { .control($0) })
        case .look(let key):
            engine.look(key, mailbox.reply(to: number) { .job($0) })
        case .list(let query):
            engine.list(query, mailbox.reply(to: number) { .page($0) })
        }
    }
}

extension Call {
    /// More than a look or a claim that waits.
    var isWork: Bool {
        switch wish {
        case .claim, .look, .list: false
        case .submit, .change, .report, .redrive, .control: true
        }
    }
}
