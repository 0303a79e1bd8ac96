package import EventLog
package import Units

/// What a backup holds once it is taken, and what it took.
package struct BackupReceipt: Equatable, Sendable {
    package let log: LogIdentity
    /// The last record in it, and the hash that vouches for all up to that one.
    package let head: NotedHead
    /// The newest event in its snapshot; nil: it has none.
    package let snapshot: LSN?
    package let segmentsCopied: Int
    /// Those that the former backup had already.
    package let segmentsKept: Int
    /// Files that tell who has ended.
    package let historyFiles: Int
    /// Those of them that the former backup did not have.
    package let historyCopied: Int
    /// Files that are not in it because they were damaged, or could not be read.
    package let historyLeftOut: Int
    /// Of segments, snapshots and history.
    package let bytesCopied: UInt64
}

/// How far a backup or a restore is.
package struct BackupProgress: Equatable, Sendable {
    package let segmentsDone: Int
    /// Those that were there when it began, or more.
    package let segmentsTotal: Int
    package let bytesCopied: UInt64
}
