/// What it means, in short English.
extension CronExpression {
    /// `at 02:30 on Monday to Friday in March`.
    package var words: String {
        guard hasDays else { return "never: the calendar has no such day" }
        let parts = [timeWords, dayWords, monthWords]
        return parts.compactMap(\.self).joined(separator: " ")
    }

    private var timeWords: String {
        let count = hours.count * minutes.count * seconds.count
        if hasFixedTimes, count <= Self.timesMax { return "at " + list(times) }
        var parts: [String] = []
        if seconds.values != [0] { parts.append(every(.second, seconds)) }
        // `every second` says what `every second of every minute` does.
        if seconds.count < 60 || minutes.count < 60 { parts.append(every(.minute, minutes)) }
        if hours.count == 24 {
            if minutes.count < 60, step(minutes, .minute) == nil { parts.append("every hour") }
        } else {
            parts.append(every(.hour, hours))
        }
        return parts.joined(separator: " of ")
    }

    /// `02:30`, with seconds where there are any.
    private var times: [String] {
        var times: [String] = []
        for hour in hours.values {
            for minute in minutes.values {
                for second in seconds.values {
                    let end = seconds.values == [0] ? "" : ":" + twoDigits(second)
                    times.append(twoDigits(hour) + ":" + twoDigits(minute) + end)
                }
            }
        }
        return times
    }

    /// `every 5 minutes`, `minute 5 and 20`, `hours 9 to 17`.
    private func every(_ field: CronField, _ set: ValueSet) -> String {
        if set.count == field.values.count { return "every \(field.name)" }
        if let step = step(set, field) { return "every \(ordinal(step)) \(field.name)" }
        return (set.count == 1 ? field.name : field.name + "s") + " "
            + list(runs(set, { String($0) }))
    }

    /// `n` if the values are those of `*/n`, at least three.
    private func step(_ set: ValueSet, _ field: CronField) -> Int? {
        let values = set.values
        guard values.count >= 3, values[0] == field.values.lowerBound else { return nil }
        let step = values[1] - values[0]
        guard step > 1,
            values == Array(stride(from: values[0], through: field.values.upperBound, by: step))
        else { return nil }
        return step
    }

    private var dayWords: String? {
        var kinds: [String] = []
        if days.restrictsDaysOfMonth { kinds.append("on " + dateWords) }
        if days.restrictsWeekdays { kinds.append("on " + weekdayWords) }
        return kinds.isEmpty ? nil : kinds.joined(separator: " or ")
    }

    private var dateWords: String {
        var parts: [String] = []
        if let step = step(days.daysOfMonth, .dayOfMonth) {
            parts.append("every \(ordinal(step)) day from the 1st")
        } else if !days.daysOfMonth.isEmpty {
            let name = days.daysOfMonth.count == 1 ? "day " : "days "
            parts.append(name + list(runs(days.daysOfMonth, { String($0) })))
        }
        for back in days.daysBeforeLast.values {
            switch back {
            case 0: parts.append("the last day")
            case 1: parts.append("the day before the last")
            default: parts.append("the \(ordinal(back)) day before the last")
            }
        }
        return list(parts) + " of the month"
    }

    private var weekdayWords: String {
        var parts = runs(days.weekdays, { Self.weekdayNames[$0] })
        for weekday in days.lastWeekdays.values {
            parts.append("the last \(Self.weekdayNames[weekday]) of the month")
        }
        for place in days.numberedWeekdays.values {
            parts.append(
                "the \(ordinal(place / 7 + 1)) \(Self.weekdayNames[place % 7]) of the month")
        }
        return list(parts)
    }

    private var monthWords: String? {
        days.months.count == 12
            ? nil : "in " + list(runs(days.months, { Self.monthNames[$0 - 1] }))
    }

    /// Three values or more in a row as `a to b`.
    private func runs(_ set: ValueSet, _ name: (Int) -> String) -> [String] {
        var parts: [String] = []
        var low = set.first(from: 0)
        while let first = low {
            var last = first
            while set.contains(last + 1) { last += 1 }
            switch last - first {
            case 0: parts.append(name(first))
            case 1: parts += [name(first), name(last)]
            default: parts.append(name(first) + " to " + name(last))
            }
            low = set.first(from: last + 1)
        }
        return parts
    }

    /// `a, b and c`.
    private func list(_ parts: [String]) -> String {
        guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
        return parts.dropLast().joined(separator: ", ") + " and " + last
    }

    private func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : String(number)
    }

    private func ordinal(_ number: Int) -> String {
        switch (number % 10, number / 10) {
        case (1, let tens) where tens != 1: "\(number)st"
        case (2, let tens) where tens != 1: "\(number)nd"
        case (3, let tens) where tens != 1: "\(number)rd"
        default: "\(number)th"
        }
    }

    /// More times of day than this are not listed one by one.
    private static let timesMax = 6

    private static let weekdayNames = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private static let monthNames = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
}
