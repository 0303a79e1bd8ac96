package import JobModel
package import Units

/// Whose pauses and limits a history is about.
enum HoldScope: Hashable {
    case user(UInt32)
    case type(UInt32)
}

/// A stretch of time in which a user or a type was held back.
package struct HoldSpan: Equatable, Sendable {
    package let hold: Hold
    package let from: WallTime
    /// Nil: it goes on.
    package internal(set) var to: WallTime?
}

/// When a user or a type was held back lately: the newest stretches, bounded.
struct HoldHistory {
    static let spansMax = 64
    private(set) var spans: [HoldSpan] = []

    init(_ spans: [HoldSpan] = []) {
        self.spans = spans
    }

    /// From `time` on, `hold` is the reason; nil: nothing holds it back.
    mutating func change(to hold: Hold?, at time: WallTime) {
        let current = spans.last.flatMap { $0.to == nil ? $0.hold : nil }
        guard current != hold else { return }
        if current != nil { spans[spans.count - 1].to = time }
        guard let hold else { return }
        if spans.count == Self.spansMax { spans.removeFirst() }
        spans.append(HoldSpan(hold: hold, from: time, to: nil))
    }
}
