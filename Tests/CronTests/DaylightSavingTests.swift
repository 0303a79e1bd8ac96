import Cron
import Testing
import Units

/// Written out by hand from the history of the zones.
private struct KnownAnswer: Sendable, CustomTestStringConvertible {
    let text: String
    let zone: String
    let after: String
    /// In UTC, all there are from `after` on, one after another.
    let ticks: [String]

    var testDescription: String { "\(text) in \(zone) after \(after)" }

    init(_ text: String, _ zone: String, after: String, _ ticks: [String]) {
        self.text = text
        self.zone = zone
        self.after = after
        self.ticks = ticks
    }

    func check() throws {
        let start = try #require(WallTime(rfc3339: after))
        let found = try CronExpression(text).next(ticks.count, after: start, in: Zone(named: zone))
        #expect(found == ticks.map { WallTime(rfc3339: $0) })
    }
}

@Suite struct `A time of day that the clock leaves out` {
    @Test(arguments: [
        // 02:00 to 03:00 at 01:00Z.
        KnownAnswer(
            "30 2 * * *", "Europe/Berlin", after: "2027-03-27T02:00:00Z",
            ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z"]),
        // 02:00 to 03:00 at 07:00Z.
        KnownAnswer(
            "30 2 * * *", "America/New_York", after: "2027-03-13T08:00:00Z",
            ["2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z"]),
        // 02:00 to 02:30 at 15:30Z the day before.
        KnownAnswer(
            "15 2 * * *", "Australia/Lord_Howe", after: "2027-10-01T16:00:00Z",
            ["2027-10-02T15:30:00Z", "2027-10-03T15:15:00Z"]),
        // Midnight to 01:00 at 03:00Z.
        KnownAnswer(
            "0 0 * * *", "America/Sao_Paulo", after: "2018-11-03T04:00:00Z",
            ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]),
        // No change: always 02:30.
        KnownAnswer(
            "30 2 * * *", "Asia/Kolkata", after: "2027-03-27T21:00:00Z",
            ["2027-03-28T21:00:00Z", "2027-03-29T21:00:00Z"]),
        // From the end of the 29th to the 31st at 10:00Z: the 30th's stands at the first moment.
        KnownAnswer(
            "30 2 * * *", "Pacific/Apia", after: "2011-12-29T12:30:00Z",
            ["2011-12-30T10:00:00Z", "2011-12-30T12:30:00Z", "2011-12-31T12:30:00Z"]),
        KnownAnswer(
            "0 12 30 12 *", "Pacific/Apia", after: "2010-12-31T00:00:00Z",
            ["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"]),
    ])
    fileprivate func `ticks at the first moment after the gap`(answer: KnownAnswer) throws {
        try answer.check()
    }

    @Test(arguments: [
        KnownAnswer(
            "0,30 2 * * *", "Europe/Berlin", after: "2027-03-27T01:30:00Z",
            ["2027-03-28T01:00:00Z", "2027-03-29T00:00:00Z", "2027-03-29T00:30:00Z"]),
        KnownAnswer(
            "*/10 2 * * *", "America/New_York", after: "2027-03-13T07:50:00Z",
            ["2027-03-14T07:00:00Z", "2027-03-15T06:00:00Z", "2027-03-15T06:10:00Z"]),
        // 03:00 is a time of its own, and the moment at which 02:00 and 02:30 tick: one tick.
        KnownAnswer(
            "0,30 2,3 * * *", "Europe/Berlin", after: "2027-03-27T02:30:00Z",
            ["2027-03-28T01:00:00Z", "2027-03-28T01:30:00Z", "2027-03-29T00:00:00Z"]),
        // Every time of a whole day that was left out.
        KnownAnswer(
            "0 */2 30 12 *", "Pacific/Apia", after: "2011-01-01T00:00:00Z",
            ["2011-12-30T10:00:00Z", "2012-12-29T10:00:00Z", "2012-12-29T12:00:00Z"]),
    ])
    fileprivate func `ticks once together with all that fall into the same gap`(
        answer: KnownAnswer
    ) throws {
        try answer.check()
    }

    @Test
    func `ticks after a time asked for inside of the hour before`() throws {
        let cron = try CronExpression("30 2 * * *")
        let berlin = try Zone(named: "Europe/Berlin")
        let change = try #require(WallTime(rfc3339: "2027-03-28T01:00:00Z"))
        #expect(
            cron.next(after: WallTime(microseconds: change.microseconds - 1), in: berlin) == change)
        #expect(cron.next(after: change, in: berlin) == WallTime(rfc3339: "2027-03-29T00:30:00Z"))
    }
}

@Suite struct `A time of day that the clock shows twice` {
    @Test(arguments: [
        // 03:00 back to 02:00 at 01:00Z.
        KnownAnswer(
            "30 2 * * *", "Europe/Berlin", after: "2027-10-30T12:00:00Z",
            ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z"]),
        // Asked for between the two.
        KnownAnswer(
            "30 2 * * *", "Europe/Berlin", after: "2027-10-31T01:10:00Z",
            ["2027-11-01T01:30:00Z"]),
        KnownAnswer(
            "*/20 2 * * *", "Europe/Berlin", after: "2027-10-30T22:00:00Z",
            [
                "2027-10-31T00:00:00Z", "2027-10-31T00:20:00Z", "2027-10-31T00:40:00Z",
                "2027-11-01T01:00:00Z",
            ]),
        // 02:00 back to 01:00 at 06:00Z.
        KnownAnswer(
            "30 1 * * *", "America/New_York", after: "2027-11-06T12:00:00Z",
            ["2027-11-07T05:30:00Z", "2027-11-08T06:30:00Z"]),
        // 02:00 back to 01:30 at 15:00Z the day before.
        KnownAnswer(
            "45 1 * * *", "Australia/Lord_Howe", after: "2027-04-03T00:00:00Z",
            ["2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z"]),
        // Midnight back to 23:00 at 02:00Z: the evening is there twice, midnight once.
        KnownAnswer(
            "30 23 * * *", "America/Sao_Paulo", after: "2018-02-17T12:00:00Z",
            ["2018-02-18T01:30:00Z", "2018-02-19T02:30:00Z"]),
        KnownAnswer(
            "0 0 * * *", "America/Sao_Paulo", after: "2018-02-17T12:00:00Z",
            ["2018-02-18T03:00:00Z", "2018-02-19T03:00:00Z"]),
    ])
    fileprivate func `ticks the first time only`(answer: KnownAnswer) throws {
        try answer.check()
    }
}

@Suite struct `An expression for every hour` {
    @Test(arguments: [
        KnownAnswer(
            "30 * * * *", "Europe/Berlin", after: "2027-10-30T23:00:00Z",
            ["2027-10-30T23:30:00Z", "2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"]),
        KnownAnswer(
            "45 * * * *", "Australia/Lord_Howe", after: "2027-04-03T14:00:00Z",
            ["2027-04-03T14:45:00Z", "2027-04-03T15:15:00Z", "2027-04-03T16:15:00Z"]),
        KnownAnswer(
            "@hourly", "America/New_York", after: "2027-11-07T04:30:00Z",
            ["2027-11-07T05:00:00Z", "2027-11-07T06:00:00Z", "2027-11-07T07:00:00Z"]),
        KnownAnswer(
            "59 0-23 17 2 *", "America/Sao_Paulo", after: "2018-02-18T01:00:00Z",
            ["2018-02-18T01:59:00Z", "2018-02-18T02:59:00Z", "2019-02-17T03:59:00Z"]),
    ])
    fileprivate func `ticks in both passes through an hour that is repeated`(
        answer: KnownAnswer
    ) throws {
        try answer.check()
    }

    @Test(arguments: [
        KnownAnswer(
            "30 * * * *", "Europe/Berlin", after: "2027-03-28T00:00:00Z",
            ["2027-03-28T00:30:00Z", "2027-03-28T01:30:00Z"]),
        // 02:00 is left out, 02:30 is not.
        KnownAnswer(
            "0,15,45 */1 * * *", "Australia/Lord_Howe", after: "2027-10-02T15:00:00Z",
            ["2027-10-02T15:15:00Z", "2027-10-02T15:45:00Z", "2027-10-02T16:00:00Z"]),
        KnownAnswer(
            "0 * 4 11 *", "America/Sao_Paulo", after: "2018-11-03T12:00:00Z",
            ["2018-11-04T03:00:00Z", "2018-11-04T04:00:00Z"]),
        // The 30th never was.
        KnownAnswer(
            "0 * 30 12 *", "Pacific/Apia", after: "2011-01-01T00:00:00Z",
            ["2012-12-29T10:00:00Z", "2012-12-29T11:00:00Z"]),
    ])
    fileprivate func `makes nothing up for what is left out`(answer: KnownAnswer) throws {
        try answer.check()
    }

    @Test(arguments: [
        ("* * * * *", false), ("0 */1 * * *", false), ("0 0-23 * * *", false), ("@hourly", false),
        ("0 */2 * * *", true), ("0 */24 * * *", true), ("* 0-22 * * *", true), ("@daily", true),
    ])
    func `is known by the hours it lets through, not by how they are written`(
        text: String, hasFixedTimes: Bool
    ) throws {
        #expect(try CronExpression(text).hasFixedTimes == hasFixedTimes)
    }
}

@Suite struct `The note on a tick` {
    private func note(_ text: String, _ zone: String, _ moment: String) throws -> String? {
        let cron = try CronExpression(text)
        let zone = try Zone(named: zone)
        let tick = try #require(WallTime(rfc3339: moment))
        #expect(cron.next(after: WallTime(microseconds: tick.microseconds - 1), in: zone) == tick)
        return switch cron.note(on: tick, in: zone) {
        case .moved(let missing, let from, let to): "\(missing): \(from) to \(to)"
        case .firstOfTwo: "first of two"
        case .firstOfBoth: "first of both"
        case .secondOfTwo: "second"
        case nil: nil
        }
    }

    @Test
    func `tells what was moved, in all centuries`() throws {
        #expect(
            try note("30 2 * * *", "Europe/Berlin", "2027-03-28T01:00:00Z")
                == "2027-03-28 02:30:00: 2027-03-28 02:00:00 to 2027-03-28 03:00:00")
        // The calendar of 2827 is that of 2427 and 2027.
        #expect(
            try note("30 2 * * *", "Europe/Berlin", "2827-03-28T01:00:00Z")
                == "2827-03-28 02:30:00: 2827-03-28 02:00:00 to 2827-03-28 03:00:00")
        #expect(
            try note("30 2 * * *", "Pacific/Apia", "2011-12-30T10:00:00Z")
                == "2011-12-30 02:30:00: 2011-12-30 00:00:00 to 2011-12-31 00:00:00")
    }

    @Test
    func `tells which of two it is`() throws {
        let berlin = "Europe/Berlin"
        #expect(try note("30 2 * * *", berlin, "2027-10-31T00:30:00Z") == "first of two")
        #expect(try note("30 * * * *", berlin, "2027-10-31T00:30:00Z") == "first of both")
        #expect(try note("30 * * * *", berlin, "2027-10-31T01:30:00Z") == "second")
    }

    @Test
    func `is not there for a tick that nothing happened to`() throws {
        let berlin = "Europe/Berlin"
        #expect(try note("30 2 * * *", berlin, "2027-03-29T00:30:00Z") == nil)
        #expect(try note("30 3 * * *", berlin, "2027-03-28T01:30:00Z") == nil)
        // At the very moment of the change, but due at it.
        #expect(try note("0 3 * * *", berlin, "2027-03-28T01:00:00Z") == nil)
        #expect(try note("0 * * * *", berlin, "2027-03-28T01:00:00Z") == nil)
        #expect(try note("0 3 * * *", berlin, "2027-10-31T02:00:00Z") == nil)
        #expect(try note("30 1 * * *", berlin, "2027-10-30T23:30:00Z") == nil)
    }
}
