import ByteCoding
import EventLog
import JobState
import PayloadPacking
import Storage

/// A log that was opened, with the state that was folded from it.
struct OpenedLog: ~Copyable {
    let log: EventLog
    let dictionaries = PayloadDictionaries()
    let replies = ReplyQueue()
    let condition = Condition()
    private(set) var state = JobState(hash: KeyedHash(low: 0, high: 0))

    /// Opens the log and folds its records.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where files are.
    ///   - options: Of the log.
    ///   - progress: Called now and then.
    ///   - onFailure: Called once if the log fails later, before anybody waiting is told.
    /// - Throws: As `EventLog.open`.
    init(
        directory: String, storage: any Storage, options: LogOptions,
        progress: (LogRecovery) -> Void, onFailure: @escaping @Sendable (LogError) -> Void
    ) throws(LogError) {
        var state = JobState(hash: KeyedHash(low: 0, high: 0))
        var replay = Replay(dictionaries: dictionaries)
        log = try EventLog.open(
            directory: directory, storage: storage, options: options,
            begin: { state = JobState(hash: KeyedHash(low: $0.low, high: $0.high)) },
            replay: { lsn, record throws(RecordRefusal) in
                try replay.apply(record, at: lsn, to: &state)
            },
            progress: progress,
            onDurable: { [replies] in replies.release(through: $0) },
            onFailure: { [replies, condition] error in
                condition.fail("\(error)")
                onFailure(error)
                replies.fail()
            })
        self.state = state
        replies.release(through: log.durableLSN)
    }

    /// What the writer's thread owns from here on.
    consuming func core(clock: any EngineClock) -> EngineCore {
        let (log, replies, dictionaries) = (log, replies, dictionaries)
        return EngineCore(
            state: state, log: log, replies: replies, clock: clock, dictionaries: dictionaries)
    }
}
