import ByteCoding
import EventLog
import JobCoding
import JobModel
import JobState
import PayloadPacking
import Storage
import Units

/// The life of the writer's thread: recover, serve batches, close.
final class Writer: Sendable {
    private let directory: String
    private let options: EngineOptions
    private let storage: any Storage
    private let clock: any EngineClock
    private let progress: @Sendable (RecoveryProgress) -> Void
    private let inbox: Inbox
    private let condition = Condition()

    init(
        directory: String, options: EngineOptions, storage: any Storage, clock: any EngineClock,
        progress: @escaping @Sendable (RecoveryProgress) -> Void
    ) {
        self.directory = directory
        self.options = options
        self.storage = storage
        self.clock = clock
        self.progress = progress
        inbox = Inbox(commandsMax: options.inboxCommandsMax)
    }

    /// Runs on the calling thread until the engine is closed or its log has failed.
    ///
    /// - Parameter onOpen: Called once, with the engine or with why there is none.
    func run(onOpen: (Result<Engine, LogError>) -> Void) {
        var state = JobState(hash: KeyedHash(low: 0, high: 0))
        let dictionaries = PayloadDictionaries()
        var replay = Replay(dictionaries: dictionaries)
        let replies = ReplyQueue()
        let log: EventLog
        do throws(LogError) {
            log = try openLog(
                replies,
                begin: { state = JobState(hash: KeyedHash(low: $0.low, high: $0.high)) },
                replay: { lsn, record throws(RecordRefusal) in
                    try replay.apply(record, at: lsn, to: &state)
                })
        } catch {
            return onOpen(.failure(error))
        }
        replies.release(through: log.durableLSN)
        let hash = state.hash
        var core = EngineCore(
            state: state, log: log, replies: replies, clock: clock, dictionaries: dictionaries)
        onOpen(
            .success(
                Engine(
                    inbox: inbox, reader: log.reader(), condition: condition, hash: hash,
                    dictionaries: dictionaries)))
        while let requests = inbox.take(waiting: core.patience()) {
            guard condition.failure == nil else {
                for request in requests { request.refuse(.notServing) }
                continue
            }
            core.turn(requests)
            condition.note(trouble: core.trouble)
        }
        core.dismissClaims()
        log.close()
        condition.close()
    }

    private func openLog(
        _ replies: ReplyQueue, begin: (LogIdentity) -> Void,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) -> EventLog {
        var logOptions = LogOptions()
        logOptions.segmentBytes = options.segmentBytes
        return try EventLog.open(
            directory: directory, storage: storage, options: logOptions, begin: begin,
            replay: replay,
            progress: { [progress] in progress(RecoveryProgress($0)) },
            onDurable: { replies.release(through: $0) },
            onFailure: { [condition, inbox] error in
                condition.fail("\(error)")
                inbox.close()
                replies.fail()
            })
    }
}

extension RecoveryProgress {
    fileprivate init(_ recovery: LogRecovery) {
        self.init(
            recordsReplayed: recovery.recordsReplayed, bytesRead: recovery.bytesRead,
            bytesTotal: recovery.bytesTotal, tornTail: recovery.tornTail.map { "\($0)" })
    }
}
