import Backup
import ByteCoding
import Engine
import EventLog
import JobCoding
import JobModel
import JobState
import Snapshots
import Storage
import Synchronization
import TestKit
import Testing
import Units

/// An engine on a simulated disk, stepped by hand, whose directory is backed up.
final class Source {
    static let data = "/data"
    static let backup = "/backup"

    let disk: SimulatedStorage
    let engine: SteppedEngine
    private let clock = StandingClock()
    private var count = 0

    init(
        on disk: SimulatedStorage = SimulatedStorage(seed: 3), rewritesSegments: Bool = false,
        identity: UInt64 = 7, history: HistoryRules = HistoryRules()
    ) throws {
        self.disk = disk
        var options = LogOptions()
        options.segmentBytes = 16 << 10
        options.rewritesSegments = rewritesSegments
        options.randomNumber = { identity }
        var rules = SnapshotRules.onDemand
        rules.entriesPerTurn = 1_000
        rules.entriesPerIdleTurn = 1_000
        engine = try SteppedEngine(
            directory: Self.data, storage: disk, clock: clock, options: options, snapshots: rules,
            history: history)
    }

    /// Few jobs make a file, and three files one.
    static var smallHistory: HistoryRules {
        var rules = HistoryRules()
        rules.rowsMin = 20
        rules.fanIn = 3
        return rules
    }

    /// Submits jobs, some groups of one, some of several.
    func submit(_ jobs: Int) {
        for _ in 0..<jobs {
            count += 1
            // Bytes that do not compress, so that segments fill up.
            var generator = SeededGenerator(seed: UInt64(count))
            let payload = (0..<150).map { _ in UInt8.random(in: 0...255, using: &generator) }
            engine.submit(
                JobKey(
                    user: UserID(unchecked: "u\(count % 5)"), job: JobID(unchecked: "j\(count)")),
                JobContent(
                    type: JobType(unchecked: "mail"), executionTime: nil, payload: payload)
            ) { _ in }
            if count % 3 == 0 { engine.turn() }
        }
        engine.turn()
    }

    /// Submits jobs, has them succeed, and gives them time to leave memory: at most until there are so many
    /// files of history.
    func finish(_ jobs: Int, untilFiles files: Int = .max) {
        submit(jobs)
        let tokens = Mutex<[LSN]>([])
        engine.claim(
            ClaimOrder(
                worker: WorkerName(unchecked: "w"), types: [JobType(unchecked: "mail")],
                countMax: jobs, leaseDuration: nil), wait: .zero
        ) { result in
            guard case .success(let grants) = result else { return }
            tokens.withLock { $0 = grants.compactMap { $0.job.lease?.token } }
        }
        engine.turn()
        let leased = tokens.withLock { $0 }
        #expect(leased.count == jobs)
        for step in [AttemptStep.start, .succeed(message: nil)] {
            engine.report(leased.map { AttemptReport(token: $0, step: step) }) { _ in }
            engine.turn()
        }
        for _ in 0..<20 where history().count < files { engine.turn() }
    }

    /// The files of history of a data directory, by name.
    func history(
        in data: String = Source.data, on disk: SimulatedStorage? = nil
    ) -> [String: [UInt8]] {
        let disk = disk ?? self.disk
        let directory = data + "/history/"
        let paths = disk.filePaths.filter { $0.hasPrefix(directory) && $0.hasSuffix(".history") }
        return Dictionary(
            uniqueKeysWithValues: paths.map {
                (String($0.dropFirst(directory.count)), disk.bytes(of: $0) ?? [])
            })
    }

    func snapshot() throws -> LSN {
        let box = Mutex<SnapshotOutcome?>(nil)
        engine.snapshot { result in
            if case .success(let outcome) = result { box.withLock { $0 = outcome } }
        }
        for _ in 0..<50 where box.withLock({ $0 == nil }) { engine.turn() }
        guard case .written(let receipt) = box.withLock({ $0 }) else {
            throw SourceFault(what: "no snapshot")
        }
        return receipt.lsn
    }

    /// Drops segments, as retention does.
    func drop(through last: LSN) throws {
        let count = try engine.trimmer.drop(
            through: last, archive: nil, now: WallTime(microseconds: 5_000_000))
        #expect(count > 0)
    }

    @discardableResult
    func backUp() throws -> BackupReceipt { try takeBackup(disk) }

    struct SourceFault: Error { let what: String }
}

/// Takes a backup on a disk.
@discardableResult
func takeBackup(
    _ disk: any Storage, of data: String = Source.data, to backup: String = Source.backup
) throws -> BackupReceipt {
    try Backup.run(of: data, to: backup, storage: disk, time: WallTime(microseconds: 5_000_000))
}

/// Opens an engine on a directory, as a daemon would.
@discardableResult
func openEngine(
    _ data: String, on disk: SimulatedStorage, history: HistoryRules = HistoryRules()
) throws(LogError) -> SteppedEngine {
    var options = LogOptions()
    options.segmentBytes = 16 << 10
    options.rewritesSegments = false
    return try SteppedEngine(
        directory: data, storage: disk, clock: StandingClock(), options: options,
        snapshots: .onDemand, history: history)
}

/// Both clocks of a machine on which no time passes.
private struct StandingClock: EngineClock {
    func wallTime() -> WallTime { WallTime(microseconds: 1_800_000_000_000_000) }
    func monotonicTime() -> MonotonicTime { MonotonicTime(microseconds: 1_000_000_000) }
}

/// A log folded event by event up to a record, by another path than recovery.
struct FoldedLog {
    let position: LSN
    let digest: UInt64

    init(_ directory: String, storage: any Storage, log: LogIdentity, upTo last: LSN) throws {
        var state = JobState(hash: KeyedHash(low: log.low, high: log.high))
        try LogScan.run(directory: directory, storage: storage) {
            lsn, _, record throws(RecordRefusal) in
            guard lsn <= last else { return false }
            do throws(EventFault) {
                state.apply(try Event(decoding: record), at: lsn)
            } catch {
                throw RecordRefusal(reason: "\(error)")
            }
            return true
        }
        position = state.appliedLSN
        digest = state.digest()
    }
}

/// What a restored directory comes to, once by its engine and once folded.
func checkRestored(
    _ manifest: BackupManifest, _ data: String, on disk: SimulatedStorage,
    like original: FoldedLog
) throws {
    #expect(original.position == manifest.head.lsn)
    let engine = try openEngine(data, on: disk)
    #expect(engine.appliedLSN == manifest.head.lsn)
    #expect(engine.digest() == original.digest)
    if let snapshot = manifest.snapshots.first {
        #expect(engine.recordsReplayed == manifest.head.lsn.distance(from: snapshot))
    }
}
