import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `The command cron explain` {
    private func explain(
        _ arguments: String..., environment: [String: String] = [:]
    ) async throws -> CommandResult {
        try await runDaybook(["cron", "explain"] + arguments, environment: environment)
    }

    @Test
    func `shows ticks in local time and in UTC, with a remark where the clock moved one`()
        async throws
    {
        let result = try await explain(
            "30 2 * * *", "--zone", "Europe/Berlin", "--after", "2027-03-26T12:00:00Z", "--count",
            "3")
        #expect(result.exitCode == 0)
        #expect(
            result.stdout == """
                30 2 * * * in Europe/Berlin: at 02:30
                Times of day: each ticks once a day, also when the clocks change.

                LOCAL TIME           OFFSET  UTC                   REMARK
                2027-03-27 02:30:00  +01:00  2027-03-27T01:30:00Z
                2027-03-28 03:00:00  +02:00  2027-03-28T01:00:00Z  for 02:30:00, which is left out: \
                the clock goes from 02:00:00 to 03:00:00
                2027-03-29 02:30:00  +02:00  2027-03-29T00:30:00Z

                """)
    }

    @Test
    func `tells the two passes through a repeated hour apart`() async throws {
        let result = try await explain(
            "30 * * * *", "--zone", "America/New_York", "--after", "2027-11-07T05:00:00Z",
            "--count", "3")
        #expect(
            Array(result.lines.suffix(4)) == [
                "LOCAL TIME           OFFSET  UTC                   REMARK",
                "2027-11-07 01:30:00  -04:00  2027-11-07T05:30:00Z  "
                    + "the clock shows this twice: the first time",
                "2027-11-07 01:30:00  -05:00  2027-11-07T06:30:00Z  "
                    + "the clock shows this twice: the second time",
                "2027-11-07 02:30:00  -05:00  2027-11-07T07:30:00Z",
            ])
    }

    @Test
    func `names the dates of a gap that has more than one`() async throws {
        let result = try await explain(
            "30 2 * * *", "--zone", "Pacific/Apia", "--after", "2011-12-30T00:00:00Z", "--count",
            "1")
        let row = try #require(result.lines.last)
        #expect(
            row.hasPrefix(
                "2011-12-31 00:00:00  +14:00  2011-12-30T10:00:00Z  for 2011-12-30 02:30:00, "))
        #expect(row.hasSuffix("the clock goes from 2011-12-30 00:00:00 to 2011-12-31 00:00:00"))
    }

    @Test
    func `prints one object of JSON`() async throws {
        let result = try await explain(
            "15 2 * * *", "--zone", "Australia/Lord_Howe", "--after", "2027-10-02T00:00:00Z",
            "--count", "2", "--json")
        #expect(
            result.stdout == #"{"expression":"15 2 * * *","zone":"Australia/Lord_Howe","#
                + #""meaning":"at 02:15","rule":"fixedTimes","ticks":["#
                + #"{"time":"2027-10-02T15:30:00Z","local":"2027-10-03 02:30:00","#
                + #""offset":"+11:00","note":"moved","remark":"for 02:15:00, which is left out: "#
                + #"the clock goes from 02:00:00 to 02:30:00"},"#
                + #"{"time":"2027-10-03T15:15:00Z","local":"2027-10-04 02:15:00","#
                + #""offset":"+11:00"}]}"# + "\n")
    }

    @Test
    func `gives the same answer whatever the environment says`()
        async throws
    {
        let arguments = [
            "cron", "explain", "0 9 * * MON", "--zone", "America/New_York", "--after",
            "2027-03-01T00:00:00Z",
        ]
        let plain = try await runDaybook(arguments)
        let other = try await runDaybook(
            arguments,
            environment: [
                "TZ": "Asia/Tokyo", "TZDIR": "/nowhere", "LC_ALL": "ar_SA.UTF-8", "LANG": "th_TH",
            ])
        #expect(plain.lines.count == 13)
        #expect(other == plain)
    }

    @Test
    func `begins now, in UTC, with ten ticks`() async throws {
        let result = try await explain("* * * * *")
        #expect(result.lines.count == 13)
        #expect(result.lines.dropFirst(3).allSatisfy { $0.contains("  +00:00  ") })
    }

    @Test
    func `ends with 65 for an expression that never ticks`() async throws {
        let result = try await explain("0 0 31 2 *")
        #expect(result.exitCode == 65)
        #expect(result.stdout == "0 0 31 2 * in UTC: never: the calendar has no such day\n")
        #expect(result.stderr == "daybook: '0 0 31 2 *' never ticks.\n")
        let json = try await explain("0 0 31 2 *", "--json")
        #expect(json.exitCode == 65)
        #expect(json.stdout.hasSuffix(#""ticks":[]}"# + "\n"))
    }

    @Test(arguments: [
        (["61 * * * *"], "minute '61' is out of range: 0 to 59"),
        (["* * * *"], "4 fields: a cron expression has five"),
        (["\u{1B}[2J * * * *"], #"minute '\u{1B}[2J' is not understood"#),
        (["* * * * *", "--zone", "europe/berlin"], "did you mean 'Europe/Berlin'?"),
        (["* * * * *", "--zone", "Mars/Olympus"], "time zone 'Mars/Olympus' is not known"),
        (["* * * * *", "--count", "0"], "--count must be 1 to 1000."),
        (["* * * * *", "--count", "1001"], "--count must be 1 to 1000."),
        (["* * * * *", "--after", "soon"], "'soon' is no time"),
    ])
    func `ends with 64 and says what is wrong`(
        arguments: [String], message: String
    ) async throws {
        let result = try await runDaybook(["cron", "explain"] + arguments)
        #expect(result.exitCode == 64)
        #expect(result.stdout.isEmpty)
        #expect(result.stderr.contains(message), "\(result.stderr)")
    }
}
