import EventLog
import JobState
import PayloadPacking
import Storage
import Threads
import Units

/// The life of the writer's thread: recover, serve batches, close.
final class Writer: Sendable {
    private let directory: String
    private let options: EngineOptions
    private let storage: any Storage
    private let clock: any EngineClock
    private let progress: @Sendable (RecoveryProgress) -> Void
    private let inbox: Inbox

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
        let opened: OpenedLog
        do throws(LogError) {
            opened = try openLog()
        } catch {
            return onOpen(.failure(error))
        }
        let (log, condition, dictionaries) = (opened.log, opened.condition, opened.dictionaries)
        let (finishedJobs, historyWorker) = (opened.finishedJobs, opened.historyWorker)
        let (past, retention) = (opened.past, opened.retention)
        var core = opened.core(clock: clock)
        let historyThread = historyWorker.start()
        let retentionThread = retention.start(clock: clock) { [inbox] in
            inbox.send(.snapshot { _ in })
        }
        onOpen(
            .success(
                Engine(
                    inbox: inbox, reader: log.reader(), condition: condition,
                    hash: core.state.hash, dictionaries: dictionaries,
                    finishedJobs: finishedJobs, past: past, retention: retention, clock: clock)))
        while let requests = inbox.take(waiting: core.patience()) {
            guard condition.failure == nil else {
                for request in requests { request.refuse(.notServing) }
                continue
            }
            core.turn(requests) { inbox.hasAny }
            condition.note(trouble: core.trouble)
        }
        core.dismissClaims()
        core.closeSnapshots(isWhole: condition.failure == nil)
        retention.close()
        historyWorker.close()
        retentionThread.join()
        historyThread.join()
        log.close()
        condition.close()
    }

    private func openLog() throws(LogError) -> OpenedLog {
        var logOptions = LogOptions()
        logOptions.segmentBytes = options.segmentBytes
        logOptions.wallClock = { [clock] in clock.wallTime() }
        return try OpenedLog(
            directory: directory, storage: storage, options: logOptions, rules: options.snapshots,
            historyRules: options.history, retention: options.retention,
            archive: options.archive,
            note: { [progress] note in
                var said = RecoveryProgress(LogRecovery())
                said.note = note
                progress(said)
            },
            progress: { [progress] in progress(RecoveryProgress($0)) },
            onFailure: { [inbox] _ in inbox.close() })
    }
}

extension RecoveryProgress {
    fileprivate init(_ recovery: LogRecovery) {
        self.init(
            recordsReplayed: recovery.recordsReplayed, bytesRead: recovery.bytesRead,
            bytesTotal: recovery.bytesTotal, tornTail: recovery.tornTail.map { "\($0)" })
    }
}
