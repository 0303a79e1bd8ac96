import ByteCoding
import CLZ4
import EventLog
import Glibc
import Storage
import Synchronization
import Units

/// Appends to the log in batches, each waiting for the one before, against the limit: the same raw
/// bytes in equal groups through LZ4, one write and one fdatasync, without a log.
///
/// Both are measured in turn in one run, because the speed of a shared disk drifts: read the ratio.
@main
struct LogBenchmarks {
    /// Records of one batch, and how many batches one round has.
    private static let shapes = [
        (batch: 1, rounds: 2_000), (16, 2_000), (256, 1_000), (4_096, 200),
    ]
    private static let recordBytes = 200

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let directory = arguments.first, arguments.count == 1 else {
            print("usage: LogBenchmarks DIRECTORY   (an empty one, on the disk to be measured)")
            exit(64)
        }
        try PosixStorage().createDirectory(directory)
        print(
            "append/\(recordBytes)B/batchN/fdatasync   events/s   limit/s   ratio   p50 µs   p99 µs"
        )
        for (batch, rounds) in shapes {
            let limit = try Limit(directory: directory).run(batch: batch, rounds: rounds)
            let log = try Subject(directory: "\(directory)/log-\(batch)").run(
                batch: batch, rounds: rounds)
            let count = Double(batch * rounds)
            let ratio = limit.seconds / log.seconds
            print(
                "batch \(batch)   \(Int(count / log.seconds))   \(Int(count / limit.seconds))   "
                    + "\((ratio * 100).rounded() / 100)   \(log.percentile(50))   \(log.percentile(99))"
            )
        }
    }

    /// Record `number`: the words of an event, and numbers that do not compress.
    static func record(_ number: Int) -> [UInt8] {
        var state = UInt64(truncatingIfNeeded: number) &* 0x9E37_79B9_7F4A_7C15 | 1
        var text = #"{"user":"user-\#(number % 1_000)","type":"mail","key":""#
        while text.utf8.count < recordBytes - 2 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            text += String(state, radix: 36) + #"","priority":5,"to":""#
        }
        return Array(text.utf8.prefix(recordBytes))
    }
}

/// How long batches took.
struct Timing {
    var microseconds: [Int] = []

    var seconds: Double { Double(microseconds.reduce(0, +)) / 1_000_000 }

    func percentile(_ percent: Int) -> Int {
        let sorted = microseconds.sorted()
        return sorted[min(sorted.count - 1, sorted.count * percent / 100)]
    }

    mutating func measure<Failure>(_ body: () throws(Failure) -> Void) throws(Failure) {
        let start = ContinuousClock.now
        try body()
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        microseconds.append(Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000))
    }
}

/// The log itself.
private struct Subject {
    let directory: String

    func run(batch: Int, rounds: Int) throws -> Timing {
        let durable = DispatchedLSN()
        let log = try EventLog.open(
            directory: directory, storage: PosixStorage(),
            replay: { _, _ throws(RecordRefusal) in }, onDurable: { durable.move(to: $0) },
            onFailure: { fatalError("\($0)") })
        defer { log.close() }
        var timing = Timing()
        for round in 0..<rounds {
            let records = (0..<batch).map { LogBenchmarks.record(round * batch + $0) }
            timing.measure {
                for record in records { log.append(record.rawBytes) }
                log.commit(now: WallTime(microseconds: Int64(round)))
                durable.wait(for: log.lastLSN)
            }
        }
        return timing
    }
}

/// The durable end, to wait for.
private final class DispatchedLSN: Sendable {
    private let value = Atomic<UInt64>(0)

    func move(to lsn: LSN) { value.store(lsn.rawValue, ordering: .releasing) }

    func wait(for lsn: LSN) {
        while value.load(ordering: .acquiring) < lsn.rawValue { sched_yield() }
    }
}

/// LZ4, one write over zeros that are there already, one fdatasync.
private struct Limit {
    let directory: String

    func run(batch: Int, rounds: Int) throws -> Timing {
        let storage = PosixStorage()
        let path = "\(directory)/limit"
        let file = try storage.open(path, .create)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for index in 0..<64 { try file.write(zeros.rawBytes, at: UInt64(index << 20)) }
        try file.sync()
        var timing = Timing()
        var offset = 0
        for round in 0..<rounds {
            let records = (0..<batch).map { LogBenchmarks.record(round * batch + $0) }
            try timing.measure {
                var raw = ByteWriter(capacity: batch * 202)
                for record in records { raw.write(record) }
                var packed = [UInt8](repeating: 0, count: Int(LZ4_compressBound(Int32(raw.count))))
                // Both buffers are as long as is said.
                let count = unsafe raw.bytes.withUnsafeBytes { source in
                    unsafe packed.withUnsafeMutableBytes { target in
                        unsafe LZ4_compress_default(
                            source.bindMemory(to: CChar.self).baseAddress,
                            target.bindMemory(to: CChar.self).baseAddress, Int32(source.count),
                            Int32(target.count))
                    }
                }
                if offset + Int(count) > 64 << 20 { offset = 0 }
                try file.write(packed.rawBytes.extracting(0..<Int(count)), at: UInt64(offset))
                try file.sync()
                offset += Int(count)
            }
        }
        try storage.remove(path)
        return timing
    }
}
