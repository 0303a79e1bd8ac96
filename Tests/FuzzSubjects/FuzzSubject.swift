/// A decoder that must stand any bytes at all.
///
/// Fuzzing calls `run` with mutated inputs by the million, and `make test` with those that are kept in
/// `data/corpus`.
package enum FuzzSubject: String, CaseIterable, Sendable {
    /// Whole segment files, back to back, read in every way that there is and opened as a log.
    case segment
    /// What stands behind a segment's header; the first byte chooses the header.
    case block
    /// One record as an event.
    case event
    /// A body of a request or an answer.
    case json
    /// The file of a snapshot.
    case snapshot
    /// A file of history.
    case history

    /// Reads the input, checks what must hold whatever it is, and says what it was taken for.
    package func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        switch self {
        case .segment: try SegmentSubject.run(input)
        case .block: try BlockSubject.run(input)
        case .event: try EventSubject.run(input)
        case .json: try JSONSubject.run(input)
        case .snapshot: try SnapshotSubject.run(input)
        case .history: try HistorySubject.run(input)
        }
    }
}

/// What an input was taken for.
package enum Verdict: Hashable, Sendable {
    case refused(String)
    /// A log whose last group is cut short by a crash.
    case torn(records: UInt64)
    case accepted(records: UInt64)
}

/// A promise that an input broke.
package struct Finding: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Throws where what must hold does not.
func require(_ holds: Bool, _ promise: @autoclosure () -> String) throws(Finding) {
    guard holds else { throw Finding(promise()) }
}
