/// A moment of a clock that nobody can set: microseconds from an arbitrary start.
///
/// Leases and heartbeats run on it, so that a jump of the wall clock neither ends nor freezes them.
/// Never written to disk: it means nothing after a restart.
@usableFromInline
package struct MonotonicTime: BitwiseCopyable, Comparable, Hashable, Sendable {
    @usableFromInline
    package let microseconds: Int64

    @inlinable
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// Later than every moment that will ever be.
    @inlinable
    package static var distantFuture: Self { MonotonicTime(microseconds: .max) }

    /// This moment moved by `span`; stays in range at the ends.
    @inlinable
    package func advanced(by span: TimeSpan) -> MonotonicTime {
        let (sum, overflow) = microseconds.addingReportingOverflow(span.microseconds)
        return overflow ? .distantFuture : MonotonicTime(microseconds: sum)
    }

    /// The span from `earlier` to this moment.
    @inlinable
    package func span(since earlier: MonotonicTime) -> TimeSpan {
        TimeSpan(microseconds: microseconds - earlier.microseconds)
    }

    @inlinable
    package static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.microseconds < right.microseconds
    }
}
