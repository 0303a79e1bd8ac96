import JobModel
import TestKit
import Units

/// Who and what there is in every simulated day.
enum Names {
    static let users = ["ann", "bob", "cleo", "dan", "eve"].map { UserID(unchecked: $0) }
    static let types = ["build", "mail", "report", "sync"].map { JobType(unchecked: $0) }
    static let zones = ["America/New_York", "Australia/Lord_Howe", "Europe/Berlin", "UTC"]
    static let crons = [
        "*/15 * * * *", "30 * * * *", "*/20 0-5 * * *", "30 2 * * *", "0,30 */2 * * *",
        "15 1-4 * * *",
    ]
}

/// When a day begins: mostly so that clocks change somewhere during it.
enum DayStart {
    /// Midnight UTC of the days on which, or right before which, clocks change in one of the zones.
    private static let changes: [(year: Int64, month: Int64, day: Int64)] = [
        (2027, 3, 28), (2026, 10, 25), (2027, 3, 14), (2026, 11, 1), (2026, 10, 4), (2027, 4, 4),
        (2026, 12, 24),
    ]

    static func draw(_ random: inout SeededGenerator) -> WallTime {
        let date = random.pick(changes)
        guard let day = CivilDate(year: date.year, month: date.month, day: date.day) else {
            preconditionFailure("there is no day \(date)")
        }
        let midnight = day.daysSinceEpoch * 86_400
        let seconds = midnight - 36_000 + Int64(random.number(below: 7_200))
        return WallTime(microseconds: seconds * 1_000_000 + Int64(random.number(below: 1_000_000)))
    }
}
