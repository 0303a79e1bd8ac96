/// Which days of a month an expression lets through: day-of-month, month and day-of-week together.
struct DayRule: Hashable, Sendable {
    var months = ValueSet()
    /// 1 to 31.
    var daysOfMonth = ValueSet()
    /// Days counted back from the last one of the month, which is 0: `L`, `L-n`.
    var daysBeforeLast = ValueSet()
    /// 0 is Sunday.
    var weekdays = ValueSet()
    /// `5L`: weekdays whose last one in the month counts.
    var lastWeekdays = ValueSet()
    /// `5#2`: weekdays of the first, second … week; week × 7 + weekday.
    var numberedWeekdays = ValueSet()

    /// Whether there is any such day in the calendar: 31 February is not.
    ///
    /// Every month begins with every weekday in some year, so that these are all months there are.
    var hasDays: Bool {
        for month in months.values {
            for firstWeekday in 0..<7 {
                let longest = CalendarMonth(
                    month: month, dayCount: month == 2 ? 29 : CalendarMonth.dayCounts[month - 1],
                    firstWeekday: firstWeekday)
                if days(in: longest) != 0 { return true }
            }
        }
        return false
    }

    /// A field restricts unless it lets every day through, however that is written.
    var restrictsDaysOfMonth: Bool { daysOfMonth.count < 31 }
    var restrictsWeekdays: Bool { weekdays.count < 7 }

    /// The days of `month` that count, as bits: bit 1 is the first.
    ///
    /// Where both kinds of day are restricted, either is enough (POSIX).
    func days(in month: CalendarMonth) -> UInt64 {
        guard months.contains(month.month) else { return 0 }
        return switch (restrictsDaysOfMonth, restrictsWeekdays) {
        case (false, false): month.allDays
        case (true, false): byDate(in: month)
        case (false, true): byWeekday(in: month)
        case (true, true): byDate(in: month) | byWeekday(in: month)
        }
    }

    private func byDate(in month: CalendarMonth) -> UInt64 {
        var days = daysOfMonth.bits & month.allDays
        for back in daysBeforeLast.values where back < month.dayCount {
            days |= 1 << UInt64(month.dayCount - back)
        }
        return days
    }

    private func byWeekday(in month: CalendarMonth) -> UInt64 {
        var days: UInt64 = 0
        for weekday in 0..<7 {
            let all = month.days(of: weekday)
            if weekdays.contains(weekday) { days |= all }
            if lastWeekdays.contains(weekday) {
                days |= 1 << UInt64(63 - all.leadingZeroBitCount)
            }
            for week in 0..<5 where numberedWeekdays.contains(week * 7 + weekday) {
                days |= all & (0b1111_1110 << UInt64(week * 7))
            }
        }
        return days
    }
}

/// A month as far as cron needs it.
struct CalendarMonth {
    /// 1 to 12.
    let month: Int
    let dayCount: Int
    /// Of its first day; 0 is Sunday.
    let firstWeekday: Int

    /// In a year that is no leap year.
    static let dayCounts = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

    /// Bit 1 is the first.
    var allDays: UInt64 { (1 << UInt64(dayCount + 1)) - 2 }

    func days(of weekday: Int) -> UInt64 {
        // Days 1, 8, 15, 22, 29.
        let firsts: UInt64 = 0x2040_8102
        return firsts << UInt64((weekday - firstWeekday + 7) % 7) & allDays
    }
}
