import EventLog
import JobCoding
import JobModel
import JobState
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
        inbox = Inbox(requestsMax: options.inboxCommandsMax)
    }

    /// Runs on the calling thread until the engine is closed or its log has failed.
    ///
    /// - Parameter onOpen: Called once, with the engine or with why there is none.
    func run(onOpen: (Result<Engine, LogError>) -> Void) {
        var state = JobState()
        let replies = ReplyQueue()
        let log: EventLog
        do throws(LogError) {
            log = try openLog(replies) { lsn, record throws(RecordRefusal) in
                try state.replay(record, at: lsn)
            }
        } catch {
            return onOpen(.failure(error))
        }
        replies.release(through: log.durableLSN)
        var core = EngineCore(state: state, log: log, replies: replies, clock: clock)
        onOpen(.success(Engine(inbox: inbox, reader: log.reader(), condition: condition)))
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
        _ replies: ReplyQueue, replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) -> EventLog {
        var logOptions = LogOptions()
        logOptions.segmentBytes = options.segmentBytes
        return try EventLog.open(
            directory: directory, storage: storage, options: logOptions, replay: replay,
            progress: { [progress] in progress(RecoveryProgress($0)) },
            onDurable: { replies.release(through: $0) },
            onFailure: { [condition, inbox] error in
                condition.fail("\(error)")
                inbox.close()
                replies.fail()
            })
    }
}

extension JobState {
    fileprivate mutating func replay(_ record: RawSpan, at lsn: LSN) throws(RecordRefusal) {
        do throws(EventFault) {
            apply(try Event(decoding: record), at: lsn)
        } catch {
            throw RecordRefusal(reason: "\(error)")
        }
    }
}

extension RecoveryProgress {
    fileprivate init(_ recovery: LogRecovery) {
        self.init(
            recordsReplayed: recovery.recordsReplayed, bytesRead: recovery.bytesRead,
            bytesTotal: recovery.bytesTotal, tornTail: recovery.tornTail.map { "\($0)" })
    }
}
