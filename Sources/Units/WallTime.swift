/// A moment of civil time: microseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
@usableFromInline
package struct WallTime: BitwiseCopyable, Comparable, Hashable, Sendable {
    @usableFromInline
    package let microseconds: Int64

    @inlinable
    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// 1970-01-01T00:00:00Z: the earliest time that a job may name.
    @inlinable
    package static var earliest: Self { WallTime(microseconds: 0) }

    /// 9999-12-31T23:59:59.999999Z: the latest time that four digits of a year can write.
    @inlinable
    package static var latest: Self { WallTime(microseconds: 253_402_300_799_999_999) }

    /// This moment moved by `span`, held between `earliest` and `latest`.
    @inlinable
    package func advanced(by span: TimeSpan) -> WallTime {
        let (sum, overflow) = microseconds.addingReportingOverflow(span.microseconds)
        if overflow { return span.microseconds < 0 ? .earliest : .latest }
        return min(max(WallTime(microseconds: sum), .earliest), .latest)
    }

    /// The span from `earlier` to this moment; negative if it is later.
    @inlinable
    package func span(since earlier: WallTime) -> TimeSpan {
        TimeSpan(microseconds: microseconds - earlier.microseconds)
    }

    @inlinable
    package static func < (left: WallTime, right: WallTime) -> Bool {
        left.microseconds < right.microseconds
    }
}
