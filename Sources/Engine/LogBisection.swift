package import EventLog
import JobState
package import Storage
package import Units

/// Finds the event of a log that made a condition true.
///
/// Counts go up and down, so nothing can be halved: the log is folded once, from its first event on,
/// or where retention has dropped that from the oldest snapshot on.
package struct LogBisection: Equatable, Sendable {
    /// The first event after which the condition was true; nil: it never was.
    package private(set) var found: LSN?
    /// What was counted after that event, or after the last one.
    package private(set) var count: UInt64 = 0
    /// The condition was true before the first event that there is.
    package private(set) var heldFromTheBeginning = false
    /// The last event that was looked at.
    package private(set) var lastLSN = LSN.zero

    /// Reads the log as far as it has to; works beside a daemon, too.
    ///
    /// - Parameters:
    ///   - condition: What is looked for.
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - progress: Called now and then with the newest event that was folded.
    /// - Returns: What was found.
    /// - Throws: As `LogScan.run`; `LogError.dropped` where jobs of one user and one type are counted and
    ///   the log does not begin with its first event.
    package static func run(
        _ condition: CountCondition, directory: String, storage: any Storage,
        progress: (LSN) -> Void = { _ in }
    ) throws(LogError) -> LogBisection {
        var result = LogBisection()
        var tally = CountTally(type: condition.type, user: condition.user)
        let dropped = try LogCopy(directory: directory, storage: storage).dropped()
        guard tally.canBeginAnywhere || dropped.isEmpty else {
            throw .dropped(through: dropped.lastLSN)
        }
        try LogFold.run(
            directory: directory, storage: storage,
            begin: { _, state in
                tally.follow(&state)
                result.lastLSN = state.appliedLSN
                result.heldFromTheBeginning = condition.isMet(
                    by: condition.count.value(in: tally.counts))
            }
        ) { lsn, state in
            tally.follow(&state)
            result.lastLSN = lsn
            result.count = condition.count.value(in: tally.counts)
            if lsn.rawValue % LogFold.eventsBetweenProgress == 0 { progress(lsn) }
            guard condition.isMet(by: result.count) else { return true }
            result.found = lsn
            return false
        }
        return result
    }
}
