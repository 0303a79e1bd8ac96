import ByteCoding
import EventLog
import JobState
import PayloadPacking
import Storage
import Units

/// Folds a log from its first event on, without opening it: as a daemon that has no snapshot does.
enum LogFold {
    /// Who folds a long log says how far it has come after so many events.
    static let eventsBetweenProgress: UInt64 = 1 << 20

    /// Calls `body` after each event until it returns false.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - begin: Gets the state before the first event, and the log's identity.
    ///   - body: Gets the event's LSN and the state after it.
    /// - Returns: The state after the last event that was folded.
    /// - Throws: As `LogScan.run`.
    @discardableResult
    static func run(
        directory: String, storage: any Storage,
        begin: (LogIdentity, inout JobState) -> Void = { _, _ in },
        _ body: (LSN, inout JobState) -> Bool
    ) throws(LogError) -> JobState {
        var state = JobState(hash: KeyedHash(low: 0, high: 0))
        var replay = Replay(dictionaries: PayloadDictionaries())
        try LogScan.run(
            directory: directory, storage: storage,
            begin: { identity in
                state = JobState(hash: KeyedHash(low: identity.low, high: identity.high))
                begin(identity, &state)
            },
            { lsn, _, record throws(RecordRefusal) in
                try replay.apply(record, at: lsn, to: &state)
                return body(lsn, &state)
            })
        return state
    }
}
