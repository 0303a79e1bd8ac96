package import Units

/// How much of the past is kept: what is beyond goes, a whole segment or file of history at a time.
package struct RetentionRules: Equatable, Sendable {
    /// Events older than this go, and jobs that ended before; nil: none is too old.
    package var age: TimeSpan?
    /// Bytes that log, history and snapshots may take together, the oldest go; nil: any number.
    package var bytesMax: UInt64?

    package init(age: TimeSpan? = nil, bytesMax: UInt64? = nil) {
        self.age = age
        self.bytesMax = bytesMax
    }

    /// Everything is kept.
    package static let everything = RetentionRules()
}

/// What retention does, and what it has left.
package struct RetentionReport: Equatable, Sendable {
    package var rules: RetentionRules
    /// Where segments are kept that are dropped; nil: nowhere.
    package var archive: String?
    /// All events up to here were dropped; zero: none was.
    package var droppedThrough: LSN
    /// Bytes that log, history and snapshots take now.
    package var bytes: UInt64
    /// Why the last pass did not come to its end, in words for people; nil where it did.
    package var trouble: String?
}
