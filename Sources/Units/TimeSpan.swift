/// A length of time in microseconds.
///
/// Bounded by ±292 471 years.
@usableFromInline
package struct TimeSpan: BitwiseCopyable, Comparable, Hashable, Sendable {
    @usableFromInline
    package let microseconds: Int64

    @inlinable
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// No time at all.
    @inlinable
    package static var zero: Self { TimeSpan(microseconds: 0) }

    /// A span of whole milliseconds.
    @inlinable
    package static func milliseconds(_ count: Int64) -> TimeSpan {
        TimeSpan(microseconds: count * 1_000)
    }

    /// A span of whole seconds.
    @inlinable
    package static func seconds(_ count: Int64) -> TimeSpan {
        TimeSpan(microseconds: count * 1_000_000)
    }

    /// The span in seconds, for people and for the wire.
    package var seconds: Double { Double(microseconds) / 1_000_000 }

    /// The nearest span to `seconds`; nil if it is not a number or out of range.
    package init?(seconds: Double) {
        let microseconds = (seconds * 1_000_000).rounded()
        guard let exact = Int64(exactly: microseconds) else { return nil }
        self.init(microseconds: exact)
    }

    @inlinable
    package static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.microseconds < right.microseconds
    }

    @inlinable
    package static func + (left: TimeSpan, right: TimeSpan) -> TimeSpan {
        TimeSpan(microseconds: left.microseconds + right.microseconds)
    }
}
