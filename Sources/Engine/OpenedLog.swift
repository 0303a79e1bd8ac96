import ByteCoding
import EventLog
import History
import JobState
import PayloadPacking
import Snapshots
import Storage

/// A log that was opened, with the state that was folded from it.
struct OpenedLog: ~Copyable {
    let log: EventLog
    let dictionaries = PayloadDictionaries()
    let replies = ReplyQueue()
    let condition = Condition()
    private(set) var state: JobState
    private let snapshots: SnapshotDesk
    private let history: HistoryDesk
    /// Makes the states that there were.
    let past: PastFold
    /// Drops what is not to be kept.
    let retention: RetentionDesk

    /// Loads the newest good snapshot, opens the log, and folds the records after it.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where files are.
    ///   - options: Of the log.
    ///   - rules: When snapshots are taken.
    ///   - historyRules: When jobs that have ended leave memory.
    ///   - retention: What is kept; nil: as was set last.
    ///   - archive: Where dropped segments are kept.
    ///   - note: Told what is to be said about snapshots and history.
    ///   - progress: Called now and then.
    ///   - onFailure: Called once if the log fails later, before anybody waiting is told.
    /// - Throws: As `EventLog.open`.
    init(
        directory: String, storage: any Storage, options: LogOptions,
        rules: SnapshotRules, historyRules: HistoryRules, retention: RetentionRules?,
        archive: String?, note: (String) -> Void,
        progress: (LogRecovery) -> Void,
        onFailure: @escaping @Sendable (LogError) -> Void
    ) throws(LogError) {
        var replay: ReplayPipeline?
        let dictionaries = dictionaries
        let saved = SnapshotDirectory(directory, storage: storage)
        var loading = SnapshotLoading(
            directory: saved, dictionaries: dictionaries, isThreaded: options.isThreaded)
        var past = HistoryLoading(directory: directory, storage: storage, rules: historyRules)
        let log = try EventLog.open(
            directory: directory, storage: storage, options: options,
            resume: { identity in
                let state =
                    loading.loadNewest(of: identity, note: note)
                    ?? JobState(hash: KeyedHash(low: identity.low, high: identity.high))
                past.open(of: identity, note: note)
                let known = state.appliedLSN
                replay = ReplayPipeline(
                    state: state, dictionaries: dictionaries, covered: past.covered,
                    isThreaded: options.isThreaded)
                return known
            },
            replay: { lsn, record throws(RecordRefusal) in try replay?.take(record, at: lsn) },
            progress: progress,
            onDurable: { [replies] in replies.release(through: $0) },
            onFailure: { [replies, condition] error in
                condition.fail("\(error)")
                onFailure(error)
                replies.fail()
            })
        guard var state = replay.take()?.finish() else {
            preconditionFailure("a log that was opened has been resumed")
        }
        let file = RetentionFile(directory: directory, storage: storage)
        let kept: RetentionRules
        do throws(LogError) {
            kept = try Self.rules(retention, in: file)
            history = try past.desk(state: &state, isThreaded: options.isThreaded, note: note)
        } catch {
            log.close()
            throw error
        }
        self.retention = RetentionDesk(
            rules: kept, file: file, archive: archive, log: log, history: history.worker.set,
            snapshots: saved)
        self.log = log
        self.past = PastFold(
            snapshots: saved, directory: directory, log: loading.identity,
            history: history.worker.set)
        snapshots = SnapshotDesk(
            rules: rules, directory: saved, isThreaded: options.isThreaded,
            log: loading.identity, newest: loading.loaded)
        self.state = state
        replies.release(through: log.durableLSN)
    }

    /// The rules that are given, kept from now on, or else those that were.
    private static func rules(
        _ given: RetentionRules?, in file: RetentionFile
    ) throws(LogError) -> RetentionRules {
        let kept = try file.read() ?? .everything
        guard let given, given != kept else { return kept }
        do throws(StorageError) {
            try file.write(given)
        } catch {
            throw .io(error)
        }
        return given
    }

    /// What the writer's thread owns from here on.
    consuming func core(clock: any EngineClock) -> EngineCore {
        let (log, replies, dictionaries, snapshots) = (log, replies, dictionaries, snapshots)
        let (history, retention) = (history, retention)
        return EngineCore(
            state: state, log: log, replies: replies, clock: clock, dictionaries: dictionaries,
            snapshots: snapshots, history: history, retention: retention)
    }

    /// Answers about jobs that have left memory.
    var finishedJobs: FinishedJobs {
        FinishedJobs(set: history.worker.set, hash: state.hash)
    }

    /// Tends history beside the writer.
    var historyWorker: HistoryWorker { history.worker }
}
