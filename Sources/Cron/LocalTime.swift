package import Units

/// What the clock on the wall shows in some time zone, to the second.
///
/// Not a moment: a clock that is put back shows it twice, one that is put forward may never show it.
package struct LocalTime: Comparable, Hashable, Sendable {
    /// Seconds that this clock has counted since it showed 1970-01-01 00:00:00.
    let seconds: Int64

    init(seconds: Int64) {
        self.seconds = seconds
    }

    /// The date that the clock shows.
    package var date: CivilDate { CivilDate(daysSinceEpoch: day) }

    /// Days since 1970-01-01.
    var day: Int64 { seconds.flooredQuotient(by: 86_400) }

    /// Since the clock showed midnight.
    var secondOfDay: Int { Int(seconds - day * 86_400) }

    func advanced(bySeconds seconds: Int64) -> LocalTime {
        LocalTime(seconds: self.seconds + seconds)
    }

    package static func < (left: LocalTime, right: LocalTime) -> Bool {
        left.seconds < right.seconds
    }
}

extension LocalTime: CustomStringConvertible {
    /// `2027-03-28 02:30:00`.
    package var description: String {
        // The text of a moment in UTC has the same fields: YYYY-MM-DDThh:mm:ssZ.
        let text = WallTime(microseconds: seconds * 1_000_000).description
        return text.prefix(10) + " " + text.dropFirst(11).prefix(8)
    }
}
