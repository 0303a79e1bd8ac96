import FoundationEssentials
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `The command submit` {
    @Test
    func `submits a recurring job, and show says when it recurs and ticks next`() async throws {
        try await Desk.open { desk in
            let done = try await desk.daybook(
                "submit", "ann", "report", "--job", "nightly", "--cron", "30 2 * * *", "--zone",
                "Europe/Berlin", "--overlap", "queue", "--missed", "all", "--missed-max", "5",
                "--expires-at", "2090-01-01T00:00:00Z", "--jitter", "0.5", "--max-lease-expiries",
                "0")
            #expect(done.stdout == "submitted ann nightly\n", "\(done.stderr)")
            let shown = try await desk.daybook("show", "ann", "nightly")
            #expect(
                shown.stdout.contains(
                    "recurs          by cron '30 2 * * *' in Europe/Berlin; overlap queue, "
                        + "missed all up to 5\n"), "\(shown.stdout)")
            #expect(shown.stdout.contains("waits for       its time until "))
            #expect(shown.stdout.contains("expires at      2090-01-01T00:00:00.000Z\n"))
            #expect(shown.stdout.contains("submitted, to tick first in "))
            let json = try await desk.daybook("show", "ann", "nightly", "--json")
            #expect(json.stdout.contains(#""jitter":0.5"#))
            #expect(json.stdout.contains(#""leaseExpiriesMax":0"#))
        }
    }

    @Test
    func `runs an occurrence at each tick, whose story begins with the tick`() async throws {
        try await Desk.open(execute: ["t=cat"]) { desk in
            _ = try await desk.daybook(
                "submit", "ann", "t", "--job", "r", "--every", "1h", "--after-end")
            var list = try await desk.daybook("list", "ann", "--status", "SUCCESS", "--json")
            while list.lines.isEmpty {
                list = try await desk.daybook("list", "ann", "--status", "SUCCESS", "--json")
            }
            let match = try #require(list.stdout.firstMatch(of: /"job":"([^"]+)"/))
            let job = String(match.1)
            #expect(job.hasPrefix("r@"))
            let shown = try await desk.daybook("show", "ann", job)
            #expect(shown.stdout.contains("an occurrence was submitted"))
            #expect(shown.stdout.contains("succeeded after"))
            let parent = try await desk.daybook("show", "ann", "r")
            #expect(parent.stdout.contains("recurs          1 h 0 min after each end"))
            let replayed = try await runDaybook([
                "log", "replay", desk.directory.file("data"), "--user", "ann", "--job", job,
            ])
            #expect(replayed.lines.count >= 4)
            #expect(replayed.lines.first?.contains(#""event":"Ticked""#) == true)
        }
    }

    @Test
    func `refuses a recurrence that makes no sense, by the name of the option or field`()
        async throws
    {
        for (arguments, word) in [
            (["--every", "soon"], "no span"), (["--after-end"], "--every or --cron"),
            (["--cron", "@daily", "--after-end"], "--after-end"),
            (["--every", "5m", "--cron", "@daily"], "one of the two"),
            (["--every", "5m", "--zone", "UTC"], "--zone"), (["--bulk", "-"], "--bulk"),
        ] {
            let result = try await runDaybook(["submit", "ann", "t"] + arguments)
            #expect(result.exitCode == 64, "\(arguments)")
            #expect(result.stderr.contains(word), "\(result.stderr)")
        }
        #expect(try await runDaybook(["submit", "ann"]).exitCode == 64)
        try await Desk.open { desk in
            let cron = try await desk.daybook("submit", "ann", "t", "--cron", "99 * * * *")
            #expect(cron.exitCode == 65)
            #expect(cron.stderr.contains("recurrence.cron"))
            let zone = try await desk.daybook(
                "submit", "ann", "t", "--cron", "@daily", "--zone", "Europe/berlin")
            #expect(zone.exitCode == 65)
            #expect(zone.stderr.contains("did you mean 'Europe/Berlin'"))
        }
    }

    @Test
    func `takes many jobs from a file or the standard input and tells which failed`()
        async throws
    {
        try await Desk.open { desk in
            let good = (1...2_500).map { #"{"user":"ann","job":"j\#($0)","type":"t"}"# }
                .joined(separator: "\n")
            let file = desk.directory.file("jobs.ndjson")
            try Data(good.utf8).write(to: URL(filePath: file))
            let done = try await desk.daybook("submit", "--bulk", file)
            #expect(done.stdout == "2500 submitted, 0 were there already, 0 failed\n")
            #expect(done.exitCode == 0)

            let bad = good + "\n" + #"{"user":"ann","job":"new","type":""}"# + "\n"
            let again = try await desk.daybook("submit", "--bulk", "-", stdin: bad)
            #expect(again.exitCode == 1)
            #expect(again.stdout == "0 submitted, 2500 were there already, 1 failed\n")
            #expect(again.stderr.hasPrefix("line 2501: 'type'"))
            let json = try await desk.daybook(
                "submit", "--bulk", "-", "--json", stdin: #"{"user":"bob","job":"b","type":"t"}"#)
            #expect(json.stdout.hasPrefix(#"{"line":1,"status":201,"user":"bob","job":"b""#))
            let none = try await desk.daybook("submit", "--bulk", file + ".none")
            #expect(none.exitCode == 66)
        }
    }
}
