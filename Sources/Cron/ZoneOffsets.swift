/// How far a zone's clocks were, are and will be from UTC: spans of one offset each, in order.
///
/// Immutable, and complete from 1970 to 2601. After that the calendar repeats itself every
/// 400 years and so do the rules of all zones (see `folded`).
final class ZoneOffsets: Sendable {
    struct Span {
        /// The first second of UTC that has this offset.
        let start: Int64
        /// Local time minus UTC, in seconds.
        let offset: Int64
        /// The first second that the clock does not show any more in this span.
        var clockEnd: LocalTime
        /// One second past the latest that the clock has ever shown up to the end of this span.
        var reached: LocalTime
    }

    /// Never empty; the first begins before 1970, the last has no end.
    let spans: [Span]

    /// From `firstOffset` on, with `changes` in ascending order.
    init(firstOffset: Int64, changes: [(seconds: Int64, offset: Int64)]) {
        let starts = [(seconds: Self.beginning, offset: firstOffset)] + changes
        var reached = LocalTime(seconds: .min)
        spans = starts.indices.map { index in
            let (start, offset) = starts[index]
            let isLast = index == starts.count - 1
            let end = isLast ? Self.endless : starts[index + 1].seconds
            let clockEnd = LocalTime(seconds: end + offset)
            reached = max(reached, clockEnd)
            return Span(start: start, offset: offset, clockEnd: clockEnd, reached: reached)
        }
    }

    /// The span that holds a second of UTC.
    func index(at seconds: Int64) -> Int {
        // The first span starts before everything that is asked for.
        max(0, firstIndex { $0.start > seconds } - 1)
    }

    /// The first second of UTC at which the clock shows `local` or has gone past it.
    ///
    /// For a time that the clock shows twice, the first; for one that it leaves out, the first
    /// second after the gap. Never falls as `local` grows.
    func firstSecond(reaching local: LocalTime) -> Int64 {
        let span = spans[firstIndex { $0.reached > local }]
        return max(span.start, local.seconds - span.offset)
    }

    /// The latest time that the clock has shown up to and including a second of UTC.
    func latestShown(by seconds: Int64) -> LocalTime {
        let index = index(at: seconds)
        let now = LocalTime(seconds: seconds + spans[index].offset)
        guard index > 0 else { return now }
        return max(now, LocalTime(seconds: spans[index - 1].reached.seconds - 1))
    }

    /// By halving; the last span fulfils every condition asked for here that a later one would.
    private func firstIndex(where condition: (Span) -> Bool) -> Int {
        var low = 0
        var high = spans.count
        while low < high {
            let middle = (low + high) / 2
            if condition(spans[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// `seconds` moved by whole periods of 400 years into what the spans cover with a century to
    /// spare, and by how much it was moved back.
    static func folded(_ seconds: Int64) -> (seconds: Int64, shift: Int64) {
        guard seconds >= foldingSeconds else { return (seconds, 0) }
        let periods = (seconds - foldingSeconds) / periodSeconds + 1
        return (seconds - periods * periodSeconds, periods * periodSeconds)
    }

    /// 1969-12-01: no answer looks at anything before it.
    static let beginning: Int64 = -31 * 86_400

    /// 2601-01-01: changes after it are not listed.
    static let end: Int64 = 19_912_435_200

    /// 2500-01-01.
    ///
    /// A period earlier, in 2100, the last irregular change (Morocco's, in 2087) is past.
    private static let foldingSeconds: Int64 = 16_725_225_600

    /// 400 years are 146 097 days, which are whole weeks.
    private static let periodSeconds: Int64 = 146_097 * 86_400

    /// Past everything, with room to add an offset.
    private static let endless = Int64.max / 4
}
