import EventLog
import Glibc
import Storage
import Synchronization
import TestKit
import Units

/// A scripted life of a log, the same from the same seed.
///
/// Batches of many sizes, many rolls, closed, killed and opened again; now and then an operation
/// fails, the log ends, and another one takes over on the same machine.
struct CrashWorkload {
    let seed: UInt64
    let disk: SimulatedStorage
    let witness: CrashWitness
    private var generator: SeededGenerator
    private let segmentBytes: Int
    private let blockBytes: Int

    init(seed: UInt64) {
        self.seed = seed
        disk = SimulatedStorage(seed: seed)
        witness = CrashWitness(disk)
        generator = SeededGenerator(seed: seed)
        segmentBytes = generator.pick([4850, 5120, 6144, 8192])
        blockBytes = generator.pick([256, 512, 1024])
    }

    /// Lives that life; then `witness` holds every point at which the power may be cut.
    mutating func run() throws(CrashFinding) {
        let sessions = 3 + generator.number(below: 2)
        for session in 1...sessions {
            let log = try SurvivingLog(
                disk, witness.expectation, options([session]),
                onDurable: { [witness] lsn in witness.acknowledge(lsn) })
            witness.follow(log.log, showing: log.count)
            let batches = 8 + generator.number(below: 10)
            let failing = generator.number(below: 2 * batches)
            for batch in 0..<batches {
                if batch == failing { failSoon() }
                write(log, atLeast: batch == failing ? 8 : 1)
            }
            if generator.strikes(onceIn: 2) { log.log.close() }
            witness.forgetLog()
            disk.heal()
        }
        witness.leave()
    }

    /// Opens the log on an empty disk and writes, while one operation fails from its first on.
    ///
    /// Returns false where there were fewer operations than that.
    mutating func run(failing change: Int, with fault: StorageFault) -> Bool {
        disk.fail(change: change, with: fault)
        do throws(CrashFinding) {
            let log = try SurvivingLog(
                disk, witness.expectation, options([0]),
                onDurable: { [witness] lsn in witness.acknowledge(lsn) })
            witness.follow(log.log, showing: log.count)
            for _ in 0..<20 { write(log) }
            log.log.close()
        } catch {
            // A log that cannot be opened has promised nothing.
        }
        witness.leave()
        disk.heal()
        return disk.counts.failed != nil
    }

    /// Options of a log on this disk or on an image of it; `parts` make its salts its own.
    func options(_ parts: [Int]) -> LogOptions {
        var options = smallOptions(
            segmentBytes: segmentBytes, blockBytes: blockBytes, rewritesSegments: seed % 4 > 0)
        options.blocksMax = 4
        let numbers = RandomNumbers(SeededGenerator(seed: seed, parts))
        options.randomNumber = { numbers.next() }
        return options
    }

    /// Mostly the sync of the next group, which is where a disk lies.
    private mutating func failSoon() {
        let change = generator.pick([2, 2, 1 + generator.number(below: 12)])
        disk.fail(change: change, with: fault())
    }

    private mutating func write(_ log: SurvivingLog, atLeast countMin: Int = 1) {
        let count = max(countMin, generator.pick([1, 1, 1, 2, 3, 6, 12]))
        let records = (0..<count).map { _ in Self.record(&generator) }
        witness.expect(records)
        log.write(records)
    }

    private mutating func fault() -> StorageFault {
        generator.pick([
            StorageFault(), StorageFault(isShort: true),
            StorageFault(ENOSPC, isShort: true),
        ])
    }

    /// A record: mostly small, some larger than a block or a segment, some that compress.
    static func record(_ generator: inout SeededGenerator) -> [UInt8] {
        let byteCount =
            switch generator.number(below: 40) {
            case 0: 4000 + generator.number(below: 3000)
            case 1...4: 500 + generator.number(below: 1000)
            case 5...20: 100 + generator.number(below: 200)
            default: 1 + generator.number(below: 40)
            }
        let period = generator.strikes(onceIn: 3) ? 16 : byteCount
        let pattern = (0..<period).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        return (0..<byteCount).map { pattern[$0 % period] }
    }
}

private final class RandomNumbers: Sendable {
    private let generator: Mutex<SeededGenerator>

    init(_ generator: SeededGenerator) {
        self.generator = Mutex(generator)
    }

    func next() -> UInt64 { generator.withLock { $0.next() } }
}
