/// Which times of which days a job is due: five fields, or six with seconds first, or a nickname.
///
/// docs/cron.md has the grammar and what daylight saving does.
package struct CronExpression: Hashable, Sendable {
    /// As it was given.
    package let text: String
    let seconds: ValueSet
    let minutes: ValueSet
    let hours: ValueSet
    let days: DayRule
    /// Whether the calendar has any day for it: 31 February is none.
    package let hasDays: Bool

    /// Bytes that an expression may have.
    package static let bytesMax = 1_024

    /// - Throws: a `CronError` whose description names the field, what is wrong with it and what
    ///   would be right.
    package init(_ text: String) throws(CronError) {
        guard text.utf8.count <= Self.bytesMax else { throw .tooLong(bytes: text.utf8.count) }
        var fields = text.split { $0 == " " || $0 == "\t" }
        if fields.count == 1, fields[0].hasPrefix("@") {
            fields = try Self.fields(ofNickname: fields[0]).split(separator: " ")
        }
        if fields.count == 5 { fields.insert("0", at: 0) }
        guard fields.count == 6 else { throw .fieldCount(fields.count) }
        self.text = text
        seconds = try CronFieldParser(field: .second).values(fields[0])
        minutes = try CronFieldParser(field: .minute).values(fields[1])
        hours = try CronFieldParser(field: .hour).values(fields[2])
        var days = DayRule()
        try days.readDaysOfMonth(fields[3])
        days.months = try CronFieldParser(field: .month).values(fields[4])
        try days.readWeekdays(fields[5])
        self.days = days
        hasDays = days.hasDays
    }

    /// Whether it names times of day, each of which counts once a day; else it follows elapsed time.
    ///
    /// Decided by the hours it lets through, not by how they are written: `*`, `*/1` and `0-23` let
    /// all through and follow elapsed time; `*/2` names the hours 0, 2, 4 …
    package var hasFixedTimes: Bool { hours.count < 24 }

    /// What may stand alone instead of fields.
    static let nicknames = [
        "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly",
    ]

    private static func fields(ofNickname text: Substring) throws(CronError) -> String {
        switch text.lowercased() {
        case "@yearly", "@annually": "0 0 1 1 *"
        case "@monthly": "0 0 1 * *"
        case "@weekly": "0 0 * * 0"
        case "@daily", "@midnight": "0 0 * * *"
        case "@hourly": "0 * * * *"
        default: throw .unknownNickname(String(text))
        }
    }
}

extension DayRule {
    /// `L`, `L-n` and what every field takes.
    fileprivate mutating func readDaysOfMonth(_ text: Substring) throws(CronError) {
        let parser = CronFieldParser(field: .dayOfMonth)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard part.first == "L" || part.first == "l" else {
                daysOfMonth.formUnion(try parser.values(part: part))
                continue
            }
            let back = part.dropFirst()
            guard !back.isEmpty else {
                daysBeforeLast.insert(0)
                continue
            }
            guard back.first == "-", parser.isDigits(back.dropFirst()) else {
                throw .notUnderstood(.dayOfMonth, String(part))
            }
            guard let count = Int(back.dropFirst()), count <= 30 else {
                throw .outOfRange(.dayOfMonth, String(part))
            }
            daysBeforeLast.insert(count)
        }
    }

    /// `5L`, `5#2` and what every field takes.
    fileprivate mutating func readWeekdays(_ text: Substring) throws(CronError) {
        let parser = CronFieldParser(field: .dayOfWeek)
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = part.split(
                separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
            if halves.count == 2 {
                let weekday = try parser.value(halves[0], in: part) % 7
                guard let week = Int(halves[1]), parser.isDigits(halves[1]), (1...5).contains(week)
                else { throw .notUnderstood(.dayOfWeek, String(part)) }
                numberedWeekdays.insert((week - 1) * 7 + weekday)
            } else if part.count > 1, part.last == "L" || part.last == "l" {
                lastWeekdays.insert(try parser.value(part.dropLast(), in: part) % 7)
            } else {
                weekdays.formUnion(try parser.values(part: part))
            }
        }
    }
}
