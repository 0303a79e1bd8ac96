package import Units

/// When snapshots are taken without being asked for, and how fast.
package struct SnapshotRules: Sendable {
    /// Events since the last snapshot after which the next one is taken, or as many as there are jobs
    /// where those are more: so that all snapshots together cost no more than the events did.
    package var eventsMin: UInt64 = 2_000_000
    /// After so long an eighth of those events is enough.
    package var interval = TimeSpan.seconds(3_600)
    /// A closing engine takes one where so many events came since the last.
    package var eventsAtCloseMin: UInt64 = 200_000
    /// Entries that a turn with requests saves: about a tenth of a millisecond.
    package var entriesPerTurn = 256
    /// Entries that a turn without requests saves.
    package var entriesPerIdleTurn = 512
    /// So many older ones stay beside the newest, spread over the log: they shorten the way to the past.
    package var olderMax = 6
    /// All older ones together take at most one byte for so many of the log.
    package var logBytesPerOlderByte: UInt64 = 4
    /// How long a failed one is let be.
    package var patience = TimeSpan.seconds(60)

    package init() {}

    /// None is taken but those that are asked for.
    package static var onDemand: SnapshotRules {
        var rules = SnapshotRules()
        rules.eventsMin = .max
        rules.eventsAtCloseMin = .max
        return rules
    }

    func wants(events: UInt64, jobs: UInt64, passed: TimeSpan) -> Bool {
        let volume = max(eventsMin, jobs)
        return events >= volume || (passed >= interval && events >= max(volume / 8, 1))
    }
}

/// A snapshot that is there.
package struct SnapshotReceipt: Equatable, Sendable {
    /// The newest event in it.
    package var lsn: LSN
    package var jobs: UInt64
    /// Bytes of its file.
    package var byteCount: UInt64
    package var path: String
}

/// What became of a snapshot; nothing else depends on it.
package enum SnapshotOutcome: Equatable, Sendable {
    case written(SnapshotReceipt)
    /// Why, in words for people; it is tried again when the next one is due.
    case failed(String)
}
