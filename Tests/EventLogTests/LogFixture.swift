import ByteCoding
import EventLog
import Storage
import Synchronization
import Units

/// Small segments, no threads, the same identity and salts on every run.
func smallOptions(
    segmentBytes: Int = 8192, blockBytes: Int = 1024, rewritesSegments: Bool = false
) -> LogOptions {
    var options = LogOptions()
    options.rewritesSegments = rewritesSegments
    options.segmentBytes = segmentBytes
    options.groupBytesMax = blockBytes
    // A block seldom fits: windows are moved all the time.
    options.windowBytes = 300
    options.isThreaded = false
    options.wallClock = { WallTime(microseconds: 1_000_000) }
    let counter = Atomic<UInt64>(0)
    let numbers = NumberSource(counter: counter)
    options.randomNumber = { numbers.next() }
    return options
}

private final class NumberSource: Sendable {
    private let counter: Atomic<UInt64>

    init(counter: consuming Atomic<UInt64>) {
        self.counter = counter
    }

    func next() -> UInt64 {
        counter.add(1, ordering: .relaxed).newValue &* 0x9E37_79B9_7F4A_7C15
    }
}

/// What a log reports, gathered from any thread.
final class Reports: Sendable {
    private let reportedLSNs = Mutex<[LSN]>([])
    private let reportedFailures = Mutex<[LogError]>([])

    var durable: [LSN] { reportedLSNs.withLock { $0 } }
    var failures: [LogError] { reportedFailures.withLock { $0 } }

    func add(_ lsn: LSN) { reportedLSNs.withLock { $0.append(lsn) } }
    func add(_ failure: LogError) { reportedFailures.withLock { $0.append(failure) } }
}

/// A log opened for a test, with what it replayed.
struct OpenedLog {
    let log: EventLog
    let replayed: [[UInt8]]
    let recovery: LogRecovery
    let reports: Reports

    init(
        _ storage: any Storage, directory: String = "/data", options: LogOptions = smallOptions(),
        knowing known: LSN = .zero
    ) throws(LogError) {
        var replayed: [[UInt8]] = []
        var recovery = LogRecovery()
        let reports = Reports()
        log = try EventLog.open(
            directory: directory, storage: storage, options: options,
            resume: { _ in known },
            replay: { _, record in replayed.append(record.array) },
            progress: { recovery = $0 },
            onDurable: { reports.add($0) },
            onFailure: { reports.add($0) })
        self.replayed = replayed
        self.recovery = recovery
        self.reports = reports
    }

    /// Appends the records as one batch and commits it.
    func write(_ records: [[UInt8]], at microseconds: Int64 = 2_000_000) {
        for record in records { log.append(record.rawBytes) }
        log.commit(now: WallTime(microseconds: microseconds))
    }
}

/// The record that a test expects at this LSN: of many lengths, some compressible, some not.
func sampleRecord(_ number: Int) -> [UInt8] {
    let length = 1 + number * 37 % 300
    var state = UInt32(truncatingIfNeeded: number) &* 2_654_435_761 | 1
    return (0..<length).map { index in
        if number % 3 == 0 { return UInt8(truncatingIfNeeded: index / 16) }
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        return UInt8(truncatingIfNeeded: state)
    }
}

func sampleRecords(_ numbers: ClosedRange<Int>) -> [[UInt8]] {
    numbers.map(sampleRecord)
}
