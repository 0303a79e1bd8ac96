import FoundationEssentials
import Units

// Times and spans of the standard library, as the engine counts them.

extension WallTime {
    init(_ date: Date, _ field: String) throws(SchedulerError) {
        let microseconds = (date.timeIntervalSince1970 * 1e6).rounded()
        guard let exact = Int64(exactly: microseconds),
            (WallTime.earliest...WallTime.latest).contains(WallTime(microseconds: exact))
        else {
            throw .invalid(field: field, problem: "must be from 1970 to the end of the year 9999")
        }
        self.init(microseconds: exact)
    }

    var date: Date { Date(timeIntervalSince1970: Double(microseconds) / 1e6) }
}

extension TimeSpan {
    init(
        _ duration: Duration, _ field: String, _ bounds: ClosedRange<TimeSpan>
    ) throws(SchedulerError) {
        let (seconds, attoseconds) = duration.components
        let (whole, isOver) = seconds.multipliedReportingOverflow(by: 1_000_000)
        let span = TimeSpan(microseconds: whole &+ attoseconds / 1_000_000_000_000)
        guard !isOver, bounds.contains(span) else {
            throw .invalid(
                field: field,
                problem: "is \(duration): it must be from \(bounds.lowerBound.duration) to "
                    + "\(bounds.upperBound.duration)")
        }
        self = span
    }

    var duration: Duration { .microseconds(microseconds) }
}
