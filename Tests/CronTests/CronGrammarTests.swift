import Cron
import Testing
import Units

/// The first ticks in UTC after 2027-01-01T00:00:00Z, a Friday, as `MM-DD hh:mm`.
private func ticks(_ text: String, _ count: Int, after: String = "2027-01-01T00:00:00Z") throws
    -> [String]
{
    let start = try #require(WallTime(rfc3339: after))
    return try CronExpression(text).next(count, after: start, in: .utc).map { tick in
        String(tick.description.dropFirst(5).prefix(11)).replacing("T", with: " ")
    }
}

@Suite struct `The grammar of cron` {
    @Test(arguments: [
        ("* * * * *", ["01-01 00:01", "01-01 00:02"]),
        ("15 * * * *", ["01-01 00:15", "01-01 01:15"]),
        ("30 2 * * *", ["01-01 02:30", "01-02 02:30"]),
        ("5,10 0 * * *", ["01-01 00:05", "01-01 00:10", "01-02 00:05"]),
        ("58-59 0 * * *", ["01-01 00:58", "01-01 00:59", "01-02 00:58"]),
        ("*/25 * * * *", ["01-01 00:25", "01-01 00:50", "01-01 01:00"]),
        ("10-20/5 0 * * *", ["01-01 00:10", "01-01 00:15", "01-01 00:20", "01-02 00:10"]),
        ("40/10 0 * * *", ["01-01 00:40", "01-01 00:50", "01-02 00:40"]),
        ("0 0 31 * *", ["01-31 00:00", "03-31 00:00", "05-31 00:00"]),
        ("0 0 1 feb,JUN-Jul *", ["02-01 00:00", "06-01 00:00", "07-01 00:00", "02-01 00:00"]),
        ("0 0 * * 0", ["01-03 00:00", "01-10 00:00"]),
        ("0 0 * * 7", ["01-03 00:00", "01-10 00:00"]),
        ("0 0 * * Sun", ["01-03 00:00", "01-10 00:00"]),
        ("0 0 * * 5-7", ["01-02 00:00", "01-03 00:00", "01-08 00:00"]),
        ("0 0 * * SAT-SUN", ["01-02 00:00", "01-03 00:00", "01-09 00:00"]),
        ("0 0 * * 1/2", ["01-04 00:00", "01-06 00:00", "01-08 00:00", "01-11 00:00"]),
        ("0 0 29 2 *", ["02-29 00:00"]),
        ("  0\t0  1 1 *  ", ["01-01 00:00"]),
    ])
    func `ticks where a field lets it`(text: String, expected: [String]) throws {
        #expect(try ticks(text, expected.count) == expected)
    }

    @Test(arguments: [
        ("0 0 L * *", ["01-31 00:00", "02-28 00:00", "03-31 00:00", "04-30 00:00"]),
        ("0 0 l-2 * *", ["01-29 00:00", "02-26 00:00", "03-29 00:00"]),
        ("0 0 L-30 * *", ["03-01 00:00", "05-01 00:00"]),
        ("0 0 1,L 2 *", ["02-01 00:00", "02-28 00:00"]),
        ("0 0 * * 5L", ["01-29 00:00", "02-26 00:00", "03-26 00:00"]),
        ("0 0 * * friL", ["01-29 00:00", "02-26 00:00"]),
        ("0 0 * * 7L", ["01-31 00:00", "02-28 00:00"]),
        ("0 0 * * 5#2", ["01-08 00:00", "02-12 00:00", "03-12 00:00"]),
        ("0 0 * * MON#1,fri#5", ["01-04 00:00", "01-29 00:00", "02-01 00:00", "03-01 00:00"]),
    ])
    func `counts days from the end of the month and weekdays within it`(
        text: String, expected: [String]
    ) throws {
        #expect(try ticks(text, expected.count) == expected)
    }

    @Test
    func `takes either day where day-of-month and day-of-week are both restricted`() throws {
        #expect(
            try ticks("0 0 13 * FRI", 4)
                == ["01-08 00:00", "01-13 00:00", "01-15 00:00", "01-22 00:00"])
        #expect(try ticks("0 0 L * 5L", 3) == ["01-29 00:00", "01-31 00:00", "02-26 00:00"])
        // A field that lets every day through restricts nothing, however it is written.
        #expect(try ticks("0 0 1-31 * 1", 2) == ["01-04 00:00", "01-11 00:00"])
        #expect(try ticks("0 0 13 * 0-7", 2) == ["01-13 00:00", "02-13 00:00"])
        #expect(try ticks("0 0 13 * */1", 2) == ["01-13 00:00", "02-13 00:00"])
    }

    @Test
    func `takes six fields with seconds first`() throws {
        let start = try #require(WallTime(rfc3339: "2027-01-01T00:00:10.5Z"))
        let found = try CronExpression("*/20 59 23 31 12 *").next(4, after: start, in: .utc)
        #expect(
            found.map(\.description) == [
                "2027-12-31T23:59:00Z", "2027-12-31T23:59:20Z", "2027-12-31T23:59:40Z",
                "2028-12-31T23:59:00Z",
            ])
        let each = try CronExpression("* * * * * *").next(2, after: start, in: .utc)
        #expect(each.map(\.description) == ["2027-01-01T00:00:11Z", "2027-01-01T00:00:12Z"])
    }

    @Test(arguments: [
        ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"), ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"), ("@daily", "0 0 * * *"), ("@MIDNIGHT", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ])
    func `knows nicknames`(nickname: String, fields: String) throws {
        #expect(try ticks(nickname, 30) == ticks(fields, 30))
        #expect(try CronExpression(nickname).text == nickname)
    }

    @Test(arguments: [
        ("61 * * * *", "minute '61' is out of range: 0 to 59"),
        ("* 24 * * *", "hour '24' is out of range: 0 to 23"),
        ("* * 0 * *", "day-of-month '0' is out of range: 1 to 31"),
        ("* * 1-32 * *", "day-of-month '32' is out of range: 1 to 31"),
        ("* * * 13 *", "month '13' is out of range: 1 to 12, or JAN to DEC"),
        (
            "* * * * 8",
            "day-of-week '8' is out of range: 0 to 7 (0 and 7 are Sunday), or SUN to SAT"
        ),
        ("60 * * * * *", "second '60' is out of range: 0 to 59"),
        (
            "99999999999999999999 * * * *",
            "minute '99999999999999999999' is out of range: 0 to 59"
        ),
        ("*/0 * * * *", "minute step '0' is out of range: 1 to 60"),
        ("*/90 * * * *", "minute step '90' is out of range: 1 to 60"),
        ("* 22-5 * * *", "hour '22-5' runs backwards: write two ranges, as in 22-23,0-5"),
        ("* * L-31 * *", "day-of-month 'L-31' is out of range: 1 to 31"),
        (
            "* * * *",
            "4 fields: a cron expression has five (minute hour day-of-month month day-of-week), "
                + "or six with seconds first"
        ),
        (
            "@reboot",
            "'@reboot' is not known: there are @yearly, @annually, @monthly, @weekly, @daily, "
                + "@midnight, @hourly"
        ),
        (
            "* noon * * *",
            "hour 'noon' is not understood: it takes *, 0 to 23, ranges a-b, steps */n, a-b/n or "
                + "a/n, and lists with commas"
        ),
    ])
    func `says what is wrong with which field and what would be right`(
        text: String, message: String
    ) {
        do throws(CronError) {
            _ = try CronExpression(text)
            Issue.record("'\(text)' was taken")
        } catch {
            #expect(error.description == message)
        }
    }

    @Test(arguments: [
        "", " ", "*", "* * * * * * *", ", * * * *", "1, * * * *", "1,,2 * * * *", "- * * * *",
        "1- * * * *", "-1 * * * *", "+1 * * * *", "1-2-3 * * * *", "*/ * * * *", "*/x * * * *",
        "/5 * * * *", "1/2/3 * * * *", "*-5 * * * *", "** * * * *", "1.5 * * * *", "٣ * * * *",
        "0x1 * * * *", "? * * * *", "JAN * * * *", "* * * MON *", "* * * JANUARY *", "* L * * *",
        "* * LW * *", "* * 15W * *", "* * L-x * *", "* * L- * *", "* * 5L * *", "* * * * L",
        "* * * * 5#0", "* * * * 5#6", "* * * * 5#", "* * * * #2", "* * * * 5#2L", "* * * * 5-6L",
        "* * * * 8#1", "* * * * 8L", "* * * * 5#+1", "@", "@daily 5", "@every 5m", "\u{0}",
        "1\n2 * * * *",
    ])
    func `refuses what is no expression`(text: String) {
        #expect(throws: CronError.self) { try CronExpression(text) }
    }

    @Test
    func `refuses an expression of more than 1024 bytes`() throws {
        let longest = "0" + String(repeating: " ", count: 1_015) + "* * * *" + " "
        #expect(longest.utf8.count == 1_024)
        #expect(try CronExpression(longest).text == longest)
        #expect(throws: CronError.tooLong(bytes: 1_025)) { try CronExpression(longest + " ") }
    }

    @Test(arguments: [
        ("* * * * *", "every minute"),
        ("*/5 * * * *", "every 5th minute"),
        ("30 2 * * *", "at 02:30"),
        ("0 9,17 * * 1-5", "at 09:00 and 17:00 on Monday to Friday"),
        ("15 * * * *", "minute 15 of every hour"),
        ("0 9-17 * * *", "minute 0 of hours 9 to 17"),
        ("*/10 */2 * * *", "every 10th minute of every 2nd hour"),
        ("*/30 * * * * *", "seconds 0 and 30 of every minute"),
        ("* * * * * *", "every second"),
        ("5 0 0 * * *", "at 00:00:05"),
        ("0 0 13 * FRI", "at 00:00 on day 13 of the month or on Friday"),
        ("0 0 1,15,L * *", "at 00:00 on days 1 and 15 and the last day of the month"),
        ("0 0 L-1 * *", "at 00:00 on the day before the last of the month"),
        (
            "0 0 * 1,6-8 5#2",
            "at 00:00 on the 2nd Friday of the month in January and June to August"
        ),
        ("0 0 * * 1,SUNL", "at 00:00 on Monday and the last Sunday of the month"),
        ("0 0 31 2 *", "never: the calendar has no such day"),
    ])
    func `says in words what it means`(text: String, words: String) throws {
        #expect(try CronExpression(text).words == words)
    }
}

@Suite struct `The ticks of an expression` {
    @Test(arguments: ["0 0 31 2 *", "* * 30 2 *", "0 0 31 4,6,9,11 *", "0 0 L-29 2 *"])
    func `never come for a day that no calendar has`(text: String) throws {
        let cron = try CronExpression(text)
        // 29 days before the last of February is none, in leap years neither.
        #expect(!cron.hasDays)
        #expect(cron.next(after: .earliest, in: .utc) == nil)
    }

    @Test
    func `come on the rarest of days, after 40 years`() throws {
        let cron = try CronExpression("0 0 * 2 MON#5")
        let after = try #require(WallTime(rfc3339: "2072-03-01T00:00:00Z"))
        #expect(cron.next(after: after, in: .utc) == WallTime(rfc3339: "2112-02-29T00:00:00Z"))
    }

    @Test
    func `are later than the time asked for, never the same`() throws {
        let cron = try CronExpression("0 12 * * *")
        let noon = try #require(WallTime(rfc3339: "2027-01-01T12:00:00Z"))
        let before = WallTime(microseconds: noon.microseconds - 1)
        #expect(cron.next(after: before, in: .utc) == noon)
        #expect(cron.next(after: noon, in: .utc) == WallTime(rfc3339: "2027-01-02T12:00:00Z"))
    }

    @Test
    func `begin with 1970 and end with 9999`() throws {
        let cron = try CronExpression("0 0 1 1 *")
        #expect(cron.next(after: WallTime(microseconds: .min), in: .utc) == .earliest)
        let last = try #require(WallTime(rfc3339: "9999-01-01T00:00:00Z"))
        #expect(cron.next(after: WallTime(microseconds: last.microseconds - 1), in: .utc) == last)
        #expect(cron.next(after: last, in: .utc) == nil)
        #expect(cron.next(after: WallTime(microseconds: .max), in: .utc) == nil)
        #expect(cron.next(5, after: last, in: .utc).isEmpty)
    }
}
