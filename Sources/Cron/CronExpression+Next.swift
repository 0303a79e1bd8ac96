package import Units

/// When it ticks. Both kinds of expression need the calendar search once for most answers; docs/cron.md
/// says in words what they promise.
extension CronExpression {
    /// The first tick later than `moment`; never the same.
    ///
    /// Nil if it never ticks again: because the calendar has no such day, or because the next tick
    /// would be more than a century away or after the year 9999. Whatever ticks at all ticks again
    /// within 40 years, 29 February on a given weekday being the rarest.
    package func next(after moment: WallTime, in zone: Zone) -> WallTime? {
        guard hasDays, moment < .latest else { return nil }
        let earliest = max(moment.wholeSeconds, -1) + 1
        let (seconds, shift) = ZoneOffsets.folded(earliest)
        let found =
            hasFixedTimes
            ? nextFixed(from: seconds, in: zone.offsets)
            : nextElapsed(from: seconds, in: zone.offsets)
        guard let found else { return nil }
        let tick = WallTime(microseconds: (found + shift) * 1_000_000)
        return tick <= .latest ? tick : nil
    }

    /// The first `count` ticks later than `moment`; fewer if there are no more.
    package func next(_ count: Int, after moment: WallTime, in zone: Zone) -> [WallTime] {
        var ticks: [WallTime] = []
        var last = moment
        while ticks.count < count, let tick = next(after: last, in: zone) {
            ticks.append(tick)
            last = tick
        }
        return ticks
    }

    /// Times of day: each ticks when the clock first shows it, or first shows a later one.
    ///
    /// So what the clock has gone past already is done with, whether it is shown again or never was.
    private func nextFixed(from seconds: Int64, in offsets: ZoneOffsets) -> Int64? {
        let done = offsets.latestShown(by: seconds - 1)
        return localTime(from: LocalTime(seconds: done.seconds + 1))
            .map(offsets.firstSecond(reaching:))
    }

    /// Elapsed time: ticks at every moment whose clock shows a time that is let through.
    private func nextElapsed(from seconds: Int64, in offsets: ZoneOffsets) -> Int64? {
        var index = offsets.index(at: seconds)
        var start = LocalTime(seconds: seconds + offsets.spans[index].offset)
        guard var match = localTime(from: start) else { return nil }
        // Ends with the last span at the latest, whose clock has no end.
        while match >= offsets.spans[index].clockEnd {
            index += 1
            let span = offsets.spans[index]
            let next = LocalTime(seconds: span.start + span.offset)
            // From `start` to `match` nothing is let through: a search anew is only needed where the
            // clock went back behind the one or forward past the other.
            if next < start || next > match {
                guard let found = localTime(from: next) else { return nil }
                match = found
            }
            start = next
        }
        return match.seconds - offsets.spans[index].offset
    }

    /// The first local time, `start` or later, that is let through; nil if none is in a century.
    func localTime(from start: LocalTime) -> LocalTime? {
        let today = start.day
        if let second = secondOfDay(from: start.secondOfDay), isDay(today) {
            return LocalTime(seconds: today * 86_400 + Int64(second))
        }
        guard let day = day(from: today + 1), let second = secondOfDay(from: 0) else { return nil }
        return LocalTime(seconds: day * 86_400 + Int64(second))
    }

    /// The first time of day, `start` or later, that is let through; in seconds since midnight.
    private func secondOfDay(from start: Int) -> Int? {
        var (hour, minute, second) = (start / 3_600, start / 60 % 60, start % 60)
        if !hours.contains(hour) { (minute, second) = (0, 0) }
        if !minutes.contains(minute) { second = 0 }
        // Carries over as an odometer does; each field has a first value.
        if seconds.first(from: second) == nil { (minute, second) = (minute + 1, 0) }
        if minutes.first(from: minute) == nil { (hour, minute, second) = (hour + 1, 0, 0) }
        guard let foundHour = hours.first(from: hour) else { return nil }
        if foundHour != hour { (minute, second) = (0, 0) }
        guard let foundMinute = minutes.first(from: minute) else { return nil }
        if foundMinute != minute { second = 0 }
        return seconds.first(from: second).map { foundHour * 3_600 + foundMinute * 60 + $0 }
    }

    private func isDay(_ day: Int64) -> Bool {
        let date = CivilDate(daysSinceEpoch: day)
        let bits = days.days(in: CalendarMonth(of: date, daysSinceEpoch: day))
        return bits & (1 << UInt64(date.day)) != 0
    }

    /// The first day, `start` or later, that is let through; nil if none is in a century.
    private func day(from start: Int64) -> Int64? {
        let date = CivilDate(daysSinceEpoch: start)
        var month = CalendarMonth(of: date, daysSinceEpoch: start)
        var dayBeforeMonth = start - date.day
        var year = date.year
        var firstDay = date.day
        while year <= date.year + 100 {
            let bits = days.days(in: month) >> UInt64(firstDay)
            if bits != 0 { return dayBeforeMonth + firstDay + Int64(bits.trailingZeroBitCount) }
            dayBeforeMonth += Int64(month.dayCount)
            if month.month == 12 { year += 1 }
            month = month.following(inYear: year)
            firstDay = 1
        }
        return nil
    }
}

extension CalendarMonth {
    /// The month of `date`, which is `days` after 1970-01-01, a Thursday.
    fileprivate init(of date: CivilDate, daysSinceEpoch days: Int64) {
        month = Int(date.month)
        dayCount = Self.dayCount(of: month, year: date.year)
        let first = days - date.day + 1
        firstWeekday = Int(first + 4 - (first + 4).flooredQuotient(by: 7) * 7)
    }

    /// The month after this one; `year` is its own.
    fileprivate func following(inYear year: Int64) -> CalendarMonth {
        let next = month % 12 + 1
        return CalendarMonth(
            month: next, dayCount: Self.dayCount(of: next, year: year),
            firstWeekday: (firstWeekday + dayCount) % 7)
    }

    private static func dayCount(of month: Int, year: Int64) -> Int {
        let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        return month == 2 && isLeap ? 29 : dayCounts[month - 1]
    }
}
