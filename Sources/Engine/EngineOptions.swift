package import JobModel
package import Units

/// What can go wrong with a call beside the job model's own rejections.
package enum EngineError: Error, Equatable, Sendable {
    /// The command was refused; nothing was changed.
    case rejected(Rejection)
    /// The inbox is full: nothing was changed, try again later.
    case overloaded
    /// The disk is full: nothing was changed; what is running can still be finished.
    case outOfSpace
    /// The engine is shutting down or has not finished starting; nothing was changed.
    case notServing
    /// The log failed while the command was under way: it may or may not have happened.
    /// Submit again with the same job id to find out.
    case outcomeUnknown
    /// The job may have ended in a part of history that is being built again from the log: nothing was
    /// changed, try again later. The text says which part.
    case historyMissing(String)
    /// The log could not be read back.
    case unreadable(String)
}

/// How to open an engine.
package struct EngineOptions: Sendable {
    /// Commands that may wait for the writer; one more is refused.
    package var inboxCommandsMax: Int = 65_536
    /// Bytes of a log segment.
    package var segmentBytes: Int = 64 << 20
    /// When snapshots are taken.
    package var snapshots = SnapshotRules()
    /// When jobs that have ended leave memory.
    package var history = HistoryRules()

    /// How much of the past is kept from now on; nil: as was set last, everything where nothing was.
    package var retention: RetentionRules?
    /// A directory that gets a copy of each segment before retention drops it; nil: they are gone.
    package var archive: String?

    package init() {}
}

/// What recovery has done so far, for progress lines.
package struct RecoveryProgress: Equatable, Sendable {
    package var recordsReplayed: UInt64
    package var bytesRead: UInt64
    package var bytesTotal: UInt64
    /// Said once, if a torn tail was cut: where, and where the cut bytes are kept.
    package var tornTail: String?
    /// Said once each: which snapshot was loaded, which could not be and why.
    package var note: String?

    package init(recordsReplayed: UInt64, bytesRead: UInt64, bytesTotal: UInt64, tornTail: String?)
    {
        self.recordsReplayed = recordsReplayed
        self.bytesRead = bytesRead
        self.bytesTotal = bytesTotal
        self.tornTail = tornTail
    }

    /// How long the rest will take if it goes on as it did for `elapsed`; nil: nothing was read yet.
    package func remaining(after elapsed: TimeSpan) -> TimeSpan? {
        guard bytesRead > 0, bytesTotal >= bytesRead else { return nil }
        let rest = Double(bytesTotal - bytesRead) / Double(bytesRead)
        return TimeSpan(microseconds: Int64(Double(elapsed.microseconds) * rest))
    }
}

extension EngineError {
    /// Memory does not know the job: it may be in history.
    var isUnknownJob: Bool {
        switch self {
        case .rejected(.unknownJob), .rejected(.unknownUser): true
        default: false
        }
    }
}
