/// A field of a cron expression: what it is called and what it can hold.
package enum CronField: Hashable, Sendable, CaseIterable {
    case second
    case minute
    case hour
    case dayOfMonth
    case month
    case dayOfWeek

    /// As it is called in messages.
    var name: String {
        switch self {
        case .second: "second"
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day-of-month"
        case .month: "month"
        case .dayOfWeek: "day-of-week"
        }
    }

    /// The values that there are; Sunday is 0 here, though 7 may be written.
    var values: ClosedRange<Int> {
        switch self {
        case .second, .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...6
        }
    }

    /// The highest number that may be written.
    var writtenMax: Int { self == .dayOfWeek ? 7 : values.upperBound }

    /// The longest step: the number of values, so that `*/60` is taken and `*/90` is noticed.
    var stepMax: Int { values.count }

    /// Names of values in order from the lowest, three letters each.
    var valueNames: [String] {
        switch self {
        case .month:
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        case .second, .minute, .hour, .dayOfMonth: []
        }
    }

    /// For messages: `0 to 59`.
    var bounds: String {
        switch self {
        case .month: "1 to 12, or JAN to DEC"
        case .dayOfWeek: "0 to 7 (0 and 7 are Sunday), or SUN to SAT"
        default: "\(values.lowerBound) to \(writtenMax)"
        }
    }

    /// For messages: how a range over the end is written.
    var twoRanges: String {
        switch self {
        case .second, .minute: "50-59,0-10"
        case .hour: "22-23,0-5"
        case .dayOfMonth: "28-31,1-3"
        case .month: "11-12,1-2"
        case .dayOfWeek: "5-7,1-2"
        }
    }

    /// For messages: everything that the field takes.
    var grammar: String {
        let common = "*, \(bounds), ranges a-b, steps */n, a-b/n or a/n, and lists with commas"
        return switch self {
        case .dayOfMonth: common + "; L is the last day, L-2 the second before it"
        case .dayOfWeek: common + "; 5L is the last Friday, 5#2 the second"
        default: common
        }
    }
}
