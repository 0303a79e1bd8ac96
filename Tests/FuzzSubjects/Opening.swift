import EventLog
import Storage
import Synchronization
import Units

/// A log opened for writing, without threads, with what it replayed and reported.
struct Opening {
    let result: Result<EventLog, LogError>
    let replayed: RecordDigest
    private let reported: Reports

    /// Errors that ended the writing.
    var failures: [LogError] { reported.failures }

    init(_ storage: any Storage, options: LogOptions = Opening.smallOptions()) {
        var replayed = RecordDigest()
        let reported = Reports()
        result = Result { () throws(LogError) in
            try EventLog.open(
                directory: memoryDirectory, storage: storage, options: options,
                replay: { lsn, record in replayed.add(lsn, record) },
                onDurable: { _ in },
                onFailure: { reported.add($0) })
        }
        self.replayed = replayed
        self.reported = reported
    }

    /// Small segments and blocks, no threads, the same identity and salts on every run.
    static func smallOptions(
        segmentBytes: Int = 6144, blockBytes: Int = 1024, rewritesSegments: Bool = true
    ) -> LogOptions {
        var options = LogOptions()
        options.segmentBytes = segmentBytes
        options.groupBytesMax = blockBytes
        options.blocksMax = 4
        // Less than most blocks: windows are moved within these few bytes, too.
        options.windowBytes = 200
        options.isThreaded = false
        options.rewritesSegments = rewritesSegments
        options.wallClock = { WallTime(microseconds: 1_000_000) }
        options.randomNumber = { 0x5EED_0F5A_17ED_B00C }
        return options
    }

    private final class Reports: Sendable {
        private let errors = Mutex<[LogError]>([])

        var failures: [LogError] { errors.withLock { $0 } }

        func add(_ error: LogError) {
            errors.withLock { $0.append(error) }
        }
    }
}
