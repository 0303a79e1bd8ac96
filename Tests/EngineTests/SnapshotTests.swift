import ByteCoding
import Engine
import EventLog
import Glibc
import JobModel
import Snapshots
import Storage
import Synchronization
import TestKit
import Testing
import Units

/// An engine on a simulated disk that is opened and closed again and again.
private final class Restarted {
    let disk: SimulatedStorage
    let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
    private(set) var engine: SteppedEngine
    var rules = SnapshotRules.onDemand
    private var count = 0

    init() throws {
        disk = SimulatedStorage(seed: 5)
        rules.entriesPerTurn = 32
        rules.entriesPerIdleTurn = 32
        engine = try SteppedEngine(
            directory: "/data", storage: disk, clock: clock, options: Self.options,
            snapshots: rules)
    }

    static var options: LogOptions {
        var options = LogOptions()
        options.segmentBytes = 16 << 10
        options.rewritesSegments = false
        return options
    }

    func submit(_ jobs: Int) {
        for _ in 0..<jobs {
            count += 1
            engine.submit(
                JobKey(
                    user: UserID(unchecked: "u\(count % 5)"), job: JobID(unchecked: "j\(count)")),
                JobContent(
                    type: JobType(unchecked: "mail"), executionTime: nil,
                    payload: [UInt8](repeating: UInt8(count % 7), count: 120))
            ) { _ in }
            if count % 16 == 0 { engine.turn() }
        }
        engine.turn()
    }

    /// Takes a snapshot while jobs are submitted; gives what became of it.
    func snapshot() -> SnapshotOutcome? {
        let box = Mutex<SnapshotOutcome?>(nil)
        engine.snapshot { result in
            if case .success(let outcome) = result { box.withLock { $0 = outcome } }
        }
        for _ in 0..<200 where box.withLock({ $0 == nil }) {
            submit(1)
            clock.pass(.milliseconds(1))
        }
        return box.withLock { $0 }
    }

    func reopen(on storage: SimulatedStorage? = nil) throws {
        engine = try SteppedEngine(
            directory: "/data", storage: storage ?? disk, clock: clock, options: Self.options,
            snapshots: rules)
    }

    var names: [String] { disk.filePaths.filter { $0.contains("/snapshots/") } }
}

@Suite struct `Snapshots of an engine` {
    @Test func `a restart loads the newest one and replays what came after`() throws {
        let life = try Restarted()
        life.submit(300)
        guard case .written(let receipt) = life.snapshot() else {
            Issue.record("no snapshot")
            return
        }
        life.submit(50)
        let (digest, position) = (life.engine.digest(), life.engine.appliedLSN)
        life.engine.close()
        let readsBefore = life.disk.counts.operations[.read] ?? 0
        try life.reopen()
        #expect(life.engine.digest() == digest)
        #expect(life.engine.appliedLSN == position)
        #expect(life.engine.recordsReplayed == position.rawValue - receipt.lsn.rawValue)
        #expect(life.engine.notes == ["loaded the snapshot of event \(receipt.lsn)"])
        #expect((life.disk.counts.operations[.read] ?? 0) > readsBefore)
    }

    @Test func `a damaged one is set aside and the one before is taken`() throws {
        let life = try Restarted()
        life.submit(100)
        guard case .written(let older) = life.snapshot(), case .written(let newer) = life.snapshot()
        else {
            Issue.record("no snapshot")
            return
        }
        let digest = life.engine.digest()
        life.engine.close()
        life.disk.flip(bit: 8 * 200, of: newer.path)
        try life.reopen()
        #expect(life.engine.digest() == digest)
        #expect(life.engine.notes.last == "loaded the snapshot of event \(older.lsn)")
        #expect(life.engine.notes.count == 2)
        #expect(life.names == [older.path, newer.path + ".damaged"])
    }

    @Test func `where all are damaged the whole log is replayed`() throws {
        let life = try Restarted()
        life.submit(100)
        guard case .written(let only) = life.snapshot() else {
            Issue.record("no snapshot")
            return
        }
        let digest = life.engine.digest()
        life.engine.close()
        life.disk.flip(bit: 8 * 70, of: only.path)
        try life.reopen()
        #expect(life.engine.digest() == digest)
        #expect(life.engine.recordsReplayed == life.engine.appliedLSN.rawValue)
    }

    @Test func `a log that ends before its snapshot is refused, and nothing is cut`() throws {
        let life = try Restarted()
        life.submit(20)
        let early = life.disk.killed()
        life.submit(20)
        guard case .written(let receipt) = life.snapshot() else {
            Issue.record("no snapshot")
            return
        }
        let bytes = try #require(life.disk.bytes(of: receipt.path))
        try early.createDirectory("/data/snapshots")
        try early.open(receipt.path, .create).write(bytes.rawBytes, at: 0)
        let before = early.contents
        #expect(throws: LogError.self) { try life.reopen(on: early) }
        #expect(early.contents == before)
    }

    @Test(arguments: [.write, .sync, .rename, .syncDirectory, .create] as [StorageError.Operation])
    func `a disk that refuses one is told, and the engine goes on`(
        operation: StorageError.Operation
    ) throws {
        let life = try Restarted()
        life.submit(100)
        let path = operation == .syncDirectory ? "/snapshots" : ".writing"
        life.disk.refuse(operation, of: path, with: StorageFault(EIO))
        guard case .failed = life.snapshot() else {
            Issue.record("a snapshot in spite of the disk")
            return
        }
        #expect(life.engine.failureReason == nil)
        life.disk.heal()
        guard case .written = life.snapshot() else {
            Issue.record("no snapshot after the disk was well again")
            return
        }
        let digest = life.engine.digest()
        life.engine.close()
        try life.reopen()
        #expect(life.engine.digest() == digest)
    }

    @Test func `a full disk costs a snapshot and nothing else`() throws {
        let life = try Restarted()
        life.submit(200)
        life.disk.limit(toBytes: life.disk.usedBytes)
        guard case .failed = life.snapshot() else {
            Issue.record("a snapshot on a full disk")
            return
        }
        #expect(life.names.isEmpty)
        #expect(life.engine.failureReason == nil)
    }

    @Test func `one is taken by itself after so many events`() throws {
        let life = try Restarted()
        life.engine.close()
        life.rules.eventsMin = 100
        try life.reopen()
        life.submit(99)
        #expect(life.names.isEmpty)
        life.submit(300)
        #expect(!life.names.isEmpty)
    }

    @Test func `one is taken by itself when the last is old`() throws {
        let life = try Restarted()
        life.engine.close()
        life.rules.eventsMin = 800
        try life.reopen()
        life.submit(150)
        #expect(life.names.isEmpty)
        life.clock.pass(.seconds(3_601))
        life.submit(30)
        #expect(!life.names.isEmpty)
    }

    @Test func `a closing engine takes one where it has much to say`() throws {
        let life = try Restarted()
        life.engine.close()
        life.rules.eventsAtCloseMin = 100
        try life.reopen()
        life.submit(99)
        life.engine.close()
        #expect(life.names.isEmpty)
        try life.reopen()
        life.submit(1)
        let digest = life.engine.digest()
        life.engine.close()
        #expect(life.names.count == 1)
        try life.reopen()
        #expect(life.engine.digest() == digest)
        #expect(life.engine.recordsReplayed == 0)
    }

    @Test func `a closing engine with one under way takes another of what came since`() throws {
        let life = try Restarted()
        life.engine.close()
        life.rules.eventsAtCloseMin = 100
        try life.reopen()
        life.submit(300)
        life.engine.snapshot { _ in }
        // It saves 32 jobs a turn, and there is a turn for 16.
        life.submit(150)
        life.engine.close()
        #expect(life.names.count == 2)
        try life.reopen()
        #expect(life.engine.recordsReplayed == 0)
    }

    @Test func `asked for twice with nothing between it is the same`() throws {
        let life = try Restarted()
        life.submit(10)
        let box = Mutex<[SnapshotOutcome]>([])
        for _ in 0..<2 {
            life.engine.snapshot { result in
                if case .success(let outcome) = result { box.withLock { $0.append(outcome) } }
            }
            for _ in 0..<10 { life.engine.turn() }
        }
        let outcomes = box.withLock { $0 }
        #expect(outcomes.count == 2 && outcomes[0] == outcomes[1])
    }

    @Test func `threads of its own write and read it`() async throws {
        let directory = try TemporaryDirectory()
        var options = EngineOptions()
        options.snapshots.eventsAtCloseMin = 1
        let engine = try await Engine.open(directory: directory.path, options: options)
        var batch = engine.batch(jobsExpected: 3_000)
        for number in 0..<3_000 {
            batch.add(
                JobKey(user: UserID(unchecked: "ann"), job: JobID(unchecked: "j\(number)")),
                JobContent(
                    type: JobType(unchecked: "mail"), executionTime: nil,
                    payload: Array("{\"to\":\"somebody \(number % 9)\",\"subject\":\"hello\"}".utf8)
                ))
        }
        _ = try await engine.submit(batch)
        guard case .written = try await engine.snapshot() else {
            Issue.record("no snapshot")
            return
        }
        let digest = try await engine.digest()
        await engine.close()
        let again = try await Engine.open(directory: directory.path, options: options)
        #expect(try await again.digest() == digest)
        let grants = try await again.claim(
            ClaimOrder(
                worker: WorkerName(unchecked: "w"), types: [JobType(unchecked: "mail")],
                countMax: 10, leaseDuration: nil), wait: .zero)
        #expect(grants.count == 10)
        #expect(grants.allSatisfy { String(decoding: $0.payload, as: UTF8.self).contains("hello") })
        await again.close()
    }
}

extension SimulatedStorage {
    /// Segments and snapshots.
    fileprivate var contents: [String: [UInt8]] {
        let paths = filePaths.filter { $0.hasSuffix(".lz4") || $0.hasSuffix(".snapshot") }
        return Dictionary(uniqueKeysWithValues: paths.map { ($0, bytes(of: $0) ?? []) })
    }
}
