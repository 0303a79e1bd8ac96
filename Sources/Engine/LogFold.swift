import ByteCoding
import EventLog
import JobState
import PayloadPacking
import Snapshots
import Storage
import Units

/// Folds a log without opening it, as a daemon does that starts.
enum LogFold {
    /// Who folds a long log says how far it has come after so many events.
    static let eventsBetweenProgress: UInt64 = 1 << 20

    /// Calls `body` after each event until it returns false.
    ///
    /// Begins with the newest snapshot that is not after `near`; where there is none with the first event,
    /// and where that was dropped with the oldest snapshot that there is.
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - near: Zero: begins as early as it can.
    ///   - begin: Gets the log's identity and the state to begin with.
    ///   - body: Gets the event's LSN and the state after it.
    /// - Returns: The state after the last event that was folded.
    /// - Throws: As `LogScan.run`; `LogError.noFoundation` where the first events were dropped and there is
    ///   no good snapshot.
    @discardableResult
    static func run(
        directory: String, storage: any Storage, near: LSN = .zero,
        begin: (LogIdentity, inout JobState) -> Void = { _, _ in },
        _ body: (LSN, inout JobState) -> Bool
    ) throws(LogError) -> JobState {
        let log = LogCopy(directory: directory, storage: storage)
        let dropped = try log.dropped().lastLSN
        guard let first = try log.segments().first else {
            return JobState(hash: KeyedHash(low: 0, high: 0))
        }
        let identity = try log.identity(by: first)
        let dictionaries = PayloadDictionaries()
        var loading = SnapshotLoading(
            directory: SnapshotDirectory(directory, storage: storage), dictionaries: dictionaries,
            isThreaded: false)
        var state =
            loading.loadFirst(of: identity) { $0 <= near && $0 >= dropped }
            ?? JobState(hash: KeyedHash(low: identity.low, high: identity.high))
        if state.appliedLSN < dropped {
            let oldest = loading.loadFirst(of: identity, isOldestFirst: true) { $0 >= dropped }
            guard let oldest else { throw .noFoundation(through: dropped) }
            state = oldest
        }
        begin(identity, &state)
        var replay = Replay(dictionaries: dictionaries)
        try LogScan.run(
            directory: directory, storage: storage, from: state.appliedLSN.next
        ) { lsn, _, record throws(RecordRefusal) in
            try replay.apply(record, at: lsn, to: &state)
            return body(lsn, &state)
        }
        return state
    }
}
