import Engine
import EventLog
import Glibc
import JobModel
import Storage
import Synchronization
import TestKit
import Units

/// Photographs the disk at one of its next changes, and lets no answer through afterwards.
final class Trap: Sendable {
    private struct Contents {
        var changesLeft: Int
        var photo: PowerCut?
    }

    private let contents: Mutex<Contents>
    private let mailbox: Mailbox
    /// The process was killed and the machine goes on.
    let isKill: Bool

    init(changes: Int, isKill: Bool, mailbox: Mailbox) {
        contents = Mutex(Contents(changesLeft: changes))
        self.isKill = isKill
        self.mailbox = mailbox
    }

    var photo: PowerCut? { contents.withLock { $0.photo } }

    func set(on storage: SimulatedStorage) {
        storage.watch { [self] cut in
            let isSprung = contents.withLock { contents in
                contents.changesLeft -= 1
                if contents.changesLeft == 0 { contents.photo = cut }
                return contents.changesLeft == 0
            }
            if isSprung { mailbox.close() }
        }
    }
}

extension SimulatedDay {
    /// Draws when what goes wrong.
    func planDay() {
        var faults = EngineFault.allCases + [.powerCut, .close]
        if random.strikes(onceIn: 2) { faults.append(random.pick([.kill, .powerCut, .failSync])) }
        for fault in faults where !random.strikes(onceIn: 4) {
            agenda.plan(.fault(fault), at: sometime())
        }
        for _ in 0..<3 {
            let span = TimeSpan.seconds(Int64(random.number(below: 7_200)) - 3_600)
            agenda.plan(.jump(span), at: sometime())
        }
        for _ in 0..<3 { agenda.plan(.submit, at: soon(60)) }
        agenda.plan(.tamper, at: soon(1_200))
        agenda.plan(.read, at: soon(1_200))
        agenda.plan(.operate, at: soon(3_600))
        agenda.plan(.snapshot, at: soon(7_200))
        if dropsSegments { agenda.plan(.drop, at: soon(7_200)) }
        hireWorkers()
    }

    private func sometime() -> MonotonicTime {
        dayStart.advanced(by: .seconds(600 + Int64(random.number(below: 84_000))))
    }

    /// A moment within the next `seconds`.
    func soon(_ seconds: Int) -> MonotonicTime {
        let microseconds = 1 + random.number(below: seconds * 1_000_000)
        return clock.monotonicTime().advanced(by: TimeSpan(microseconds: Int64(microseconds)))
    }

    func jump(by span: TimeSpan) {
        clock.jump(by: span)
        record.note(span < .zero ? .clockBack : .clockForward)
        // Whoever waits for the wall clock looks at it that often.
        agenda.plan(.look, at: clock.monotonicTime().advanced(by: .milliseconds(250)))
    }

    func begin(_ fault: EngineFault) throws(Finding) {
        guard !isEvening else { return }
        guard let engine, trap == nil, mustEnd == nil, !refusesFiles else {
            // One thing at a time: later.
            return agenda.plan(.fault(fault), at: soon(1_800))
        }
        switch fault {
        case .close: try closeAndReopen(engine)
        case .powerCut, .kill:
            let changes = 1 + random.number(below: random.pick([4, 40]))
            let trap = Trap(changes: changes, isKill: fault == .kill, mailbox: mailbox)
            trap.set(on: storage)
            self.trap = trap
        case .failSync:
            storage.refuse(.sync, of: "", with: StorageFault(random.pick([EIO, ENOSPC])))
            mustEnd = fault
        case .failWrite:
            storage.refuse(
                .write, of: "", with: StorageFault(EIO, isShort: random.strikes(onceIn: 2)))
            mustEnd = fault
        case .failSnapshot: failSnapshots()
        case .failHistory: failHistory()
        case .fillDisk:
            isDiskFull = true
            storage.limit(toBytes: storage.usedBytes)
            agenda.plan(.freeDisk, at: soon(2_400))
        }
    }

    func freeDisk() {
        guard isDiskFull else { return }
        isDiskFull = false
        storage.limit(toBytes: nil)
    }

    private func closeAndReopen(_ engine: SteppedEngine) throws(Finding) {
        digests[engine.appliedLSN] = engine.digest()
        engine.close()
        deliverAfterClose()
        if let reason = engine.failureReason {
            throw Finding("closing the engine failed: \(reason)")
        }
        self.engine = nil
        losePending()
        record.note(.cleanRestart)
        reopenLater()
    }

    /// Claims in line are told that nothing will come; that is no answer of any turn.
    private func deliverAfterClose() {
        mailbox.close()
        _ = mailbox.takeAll()
    }

    func die(leaving photo: PowerCut) {
        guard let trap else { return }
        if let engine { digests[engine.appliedLSN] = engine.digest() }
        engine = nil
        storage = disk(photo, trap)
        refusesFiles = false
        noteHalfSnapshots()
        noteHalfHistory()
        noteHalfDrop()
        self.trap = nil
        record.note(trap.isKill ? .kill : .powerCut)
        losePending()
        reopenLater()
    }

    private func disk(_ photo: PowerCut, _ trap: Trap) -> SimulatedStorage {
        if trap.isKill { return photo.killed() }
        return random.strikes(onceIn: 4) ? photo.synced() : photo.image(seed: random.next()).storage
    }

    /// The log has failed, as it must where a write or a sync was refused.
    func endAfterFailure(_ engine: SteppedEngine) throws(Finding) {
        guard let fault = mustEnd else {
            throw Finding("the engine ended without a fault: \(engine.failureReason ?? "")")
        }
        mustEnd = nil
        digests[engine.appliedLSN] = engine.digest()
        self.engine = nil
        refusesFiles = false
        record.note(fault == .failSync ? .failedSync : .failedWrite)
        storage =
            random.strikes(onceIn: 2)
            ? storage.killed() : storage.cutPower().image(seed: random.next()).storage
        losePending()
        reopenLater()
    }

    private func reopenLater() {
        let isLong = random.strikes(onceIn: 5)
        if isLong { record.note(.longOutage) }
        agenda.plan(.open, at: soon(isLong ? 10_800 : random.pick([5, 120, 900])))
    }

    /// Opens the engine on what is on the disk, and goes on.
    func open() throws(Finding) {
        guard engine == nil else { return }
        mailbox = Mailbox()
        storage.limit(toBytes: isDiskFull ? storage.usedBytes : nil)
        let trap = trapForRecovery()
        let failsToRead = openings > 0 && !isEvening && random.strikes(onceIn: 12)
        if failsToRead { storage.fail(look: 1 + random.number(below: 12)) }
        openings += 1
        damageSnapshot()
        damageHistory()
        let opened: SteppedEngine
        do throws(LogError) {
            opened = try SteppedEngine(
                directory: "/data", storage: storage, clock: clock, options: options(),
                snapshots: snapshotRules(), history: historyRules())
        } catch {
            return try openAgain(after: error, trap, failsToRead: failsToRead)
        }
        storage.heal()
        refusesFiles = false
        storage.watch(nil)
        if let photo = trap?.photo, let trap {
            return cutInRecovery(trap, photo)
        }
        try begin(life: opened)
    }

    private func trapForRecovery() -> Trap? {
        guard openings > 0, !isEvening, random.strikes(onceIn: 4) else { return nil }
        let trap = Trap(
            changes: 1 + random.number(below: 16), isKill: random.strikes(onceIn: 3),
            mailbox: Mailbox())
        trap.set(on: storage)
        return trap
    }

    private func openAgain(
        after error: LogError, _ trap: Trap?, failsToRead: Bool
    ) throws(Finding) {
        let isFailedRead = failsToRead && storage.counts.failed != nil
        storage.heal()
        storage.watch(nil)
        if isFailedRead {
            record.note(.failedReadInRecovery)
        } else if isDiskFull, case .io(let cause) = error, cause.isOutOfSpace {
            freeDisk()
        } else {
            throw Finding("the log cannot be opened: \(error)")
        }
        if let trap, let photo = trap.photo { return cutInRecovery(trap, photo) }
        agenda.plan(.open, at: soon(60))
    }

    private func cutInRecovery(_ trap: Trap, _ photo: PowerCut) {
        record.note(.powerCutInRecovery)
        storage = disk(photo, trap)
        agenda.plan(.open, at: soon(60))
    }

    private func begin(life opened: SteppedEngine) throws(Finding) {
        let position = opened.appliedLSN
        if let last = record.turns.indices.last {
            // A turn in which the machine died: its events survived as far as this.
            let floor = record.turns[last].end
            guard position >= floor else {
                throw Finding("the log went back from \(floor) to \(position)")
            }
            if record.turns[last].patience == nil { record.turns[last].end = position }
            guard position == record.turns[last].end else {
                throw Finding("the log went on from \(record.turns[last].end) to \(position) alone")
            }
        }
        if let digest = digests[position] {
            record.digestsCompared += 1
            guard digest == opened.digest() else {
                throw Finding("the state replayed up to \(position) is another than the live one")
            }
        }
        try checkSnapshot(of: opened)
        noteHistory(of: opened)
        digests = [:]
        record.lives.append(
            DayRecord.Life(
                openedAt: clock.monotonicTime(), opened: position, firstTurn: record.turns.count))
        engine = opened
    }

    /// Other salts for each opening.
    func options() -> LogOptions {
        var options = LogOptions()
        options.segmentBytes = [16 << 10, 48 << 10, 160 << 10][Int(seed % 3)]
        options.groupBytesMax = 8 << 10
        options.windowBytes = [4 << 10, 24 << 10, 256 << 10][Int(seed / 3 % 3)]
        options.blocksMax = 6
        options.rewritesSegments = seed % 4 == 0
        let numbers = RandomNumbers(SeededGenerator(seed: seed, [openings]))
        options.randomNumber = { numbers.next() }
        options.wallClock = { [clock] in clock.wallTime() }
        return options
    }
}

private final class RandomNumbers: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) {
        self.generator = Mutex(generator)
    }

    func next() -> UInt64 { generator.withLock { $0.next() } }
}

extension SimulatedDay {
    /// No more faults, nothing held back, no more ticks: what is there must end.
    func beginEvening() throws(Finding) {
        isEvening = true
        trap = nil
        mustEnd = nil
        storage.heal()
        storage.watch(nil)
        freeDisk()
        for attempt in attempts.indices { attempts[attempt].calmDown() }
        try open()
        agenda.plan(.undo(.everyUser, .nothingSet), at: soon(5))
        for user in Names.users { agenda.plan(.undo(.user(user), .nothingSet), at: soon(5)) }
        for type in Names.types { agenda.plan(.undo(.type(type), .nothingSet), at: soon(5)) }
        for job in known where job.content.recurrence != nil {
            agenda.plan(.cancel(job.key), at: soon(60))
        }
    }
}

extension ControlChange {
    static var nothingSet: ControlChange {
        ControlChange(isPaused: false, waitingMax: .some(nil), runningMax: .some(nil))
    }
}
