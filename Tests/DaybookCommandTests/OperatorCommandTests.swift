import FoundationEssentials
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `Commands of operators` {
    /// A desk where two jobs of ann's have failed for good.
    private func withDeadLetters(_ body: (Desk) async throws -> Void) async throws {
        try await Desk.open(execute: ["bad=exit 65"]) { desk in
            for job in ["a", "b"] {
                let end = try await desk.daybook("submit", "ann", "bad", "--job", job, "--wait")
                #expect(end.exitCode == 1)
            }
            try await body(desk)
        }
    }

    @Test
    func `list dead letters and try one again, or all, at a rate`() async throws {
        try await withDeadLetters { desk in
            let list = try await desk.daybook("dead", "list", "--type", "bad")
            #expect(
                list.lines.map { $0.split(separator: " ").prefix(2).joined(separator: " ") }
                    == ["USER JOB", "ann b", "ann a"])
            let json = try await desk.daybook("dead", "list", "--limit", "1", "--json")
            #expect(json.stdout.hasPrefix(#"{"user":"ann","job":"b""#))
            #expect(json.lines.count == 1)

            let one = try await desk.daybook(
                "dead", "redrive", "--user", "ann", "--job", "a", "--at", "+2h")
            #expect(
                one.stdout == "RETRIABLE_FAILURE ann a\n" || one.stdout == "NOT_STARTED ann a\n")
            let all = try await desk.daybook(
                "dead", "redrive", "--all", "--rate", "10", "--at", "+2h", "--json")
            #expect(all.stdout.hasPrefix(#"{"count":1,"nextDue":"#))
            #expect(
                try await desk.daybook("dead", "redrive", "--user", "ann").stdout
                    == "0 redriven\n")
            #expect(try await desk.daybook("dead", "list").lines.count == 1)
        }
    }

    @Test
    func `redrive nothing unless it is said what`() async throws {
        let none = try await runDaybook(["dead", "redrive"])
        #expect(none.exitCode == 64)
        #expect(none.stderr.contains("--all"))
        let both = try await runDaybook(["dead", "redrive", "--all", "--user", "ann"])
        #expect(both.exitCode == 64)
        let alone = try await runDaybook(["dead", "redrive", "--job", "j"])
        #expect(alone.exitCode == 64)
    }

    @Test
    func `list, show and count as of a moment of the past`() async throws {
        try await Desk.open(execute: ["t=cat"]) { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "a", "--at", "+2h")
            let before = try await desk.daybook("stats", "--json")
            let time = try #require(before.stdout.firstMatch(of: #/"now":"([^"]+)"/#)).output.1
            let lsn = try #require(before.stdout.firstMatch(of: #/"durableLSN":([0-9]+)/#)).output.1
            _ = try await desk.daybook("submit", "ann", "t", "--job", "b", "--wait")
            _ = try await desk.daybook("cancel", "ann", "a")
            for moment in [String(time), String(lsn)] {
                let list = try await desk.daybook("list", "ann", "--as-of", moment)
                #expect(list.lines.count == 2 && list.stdout.contains("NOT_STARTED"))
                let show = try await desk.daybook("show", "ann", "a", "--as-of", moment)
                #expect(show.stdout.contains("NOT_STARTED") && !show.stdout.contains("CANCELLED"))
                let other = try await desk.daybook("show", "ann", "b", "--as-of", moment)
                #expect(other.exitCode != 0 && other.stderr.contains("has no job 'b'"))
                let stats = try await desk.daybook("stats", "--as-of", moment)
                #expect(stats.stdout.hasPrefix("1 users, after event \(lsn) at "))
            }
            #expect(try await desk.daybook("list", "ann").lines.count == 3)
            #expect(try await desk.daybook("show", "ann", "a").stdout.contains("CANCELLED"))
            let wrong = try await desk.daybook("list", "ann", "--as-of", "yesterday")
            #expect(wrong.exitCode != 0 && wrong.stderr.contains("is no moment"))
            let ahead = try await desk.daybook("stats", "--as-of", "1000000")
            #expect(ahead.exitCode != 0 && ahead.stderr.contains("has not come yet"))
            let both = try await desk.daybook("stats", "--users", "--as-of", "1")
            #expect(both.exitCode == 64)
        }
    }

    @Test
    func `pause, limit and resume types and users, and list what is set`() async throws {
        try await Desk.open(execute: ["t=cat"]) { desk in
            let paused = try await desk.daybook("pause", "type", "t")
            #expect(paused.stdout == "type t: paused\n")
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j")
            let shown = try await desk.daybook("show", "ann", "j")
            #expect(shown.stdout.contains("waits for       its type to be resumed\n"))
            let limited = try await desk.daybook(
                "limit", "user", "ann", "--running", "5", "--waiting", "1")
            #expect(limited.stdout == "user ann: at most 1 waiting, at most 5 running\n")
            let refused = try await desk.daybook("submit", "ann", "t")
            #expect(refused.exitCode == 75)
            #expect(refused.stderr.contains("may have 1 jobs waiting"))
            let everyone = try await desk.daybook("limit", "every-user", "--running", "9", "--json")
            #expect(
                everyone.stdout == #"{"scope":"everyUser","paused":false,"runningMax":9}"# + "\n")
            let controls = try await desk.daybook("controls")
            #expect(controls.lines.count == 4)
            #expect(controls.stdout.contains("type       t     yes"))
            #expect(try await desk.daybook("controls", "--json").lines.count == 3)
            let none = try await desk.daybook("limit", "user", "ann", "--waiting", "none")
            #expect(none.stdout == "user ann: at most 5 running\n")
            let reset = try await desk.daybook("limit", "user", "ann", "--reset")
            #expect(reset.stdout == "user ann: at most 9 running\n")
            let resumed = try await desk.daybook("resume", "type", "t")
            #expect(resumed.stdout == "type t: no limits\n")
            let again = try await desk.daybook("submit", "ann", "t", "--job", "j", "--wait")
            #expect(again.exitCode == 0)
        }
    }

    @Test
    func `about limits refuse what makes no sense`() async throws {
        for arguments in [
            ["limit", "type", "t"], ["limit", "type", "--running", "5"],
            ["limit", "type", "t", "--running", "5", "--reset"],
            ["limit", "every-user", "ann", "--running", "5"], ["pause", "every-user"],
            ["resume", "every-user"], ["pause", "queue", "q"],
            ["limit", "user", "u", "--running", "few"], ["reschedule", "ann", "j"],
        ] {
            #expect(try await runDaybook(arguments).exitCode == 64, "\(arguments)")
        }
        try await Desk.open { desk in
            let type = try await desk.daybook("limit", "type", "t", "--waiting", "5")
            #expect(type.exitCode == 65)
            #expect(try await desk.daybook("why", "ann", "none").exitCode == 66)
            #expect(
                try await desk.daybook("reschedule", "ann", "none", "--priority", "1")
                    .exitCode == 66)
        }
    }

    @Test
    func `have a snapshot taken and say where it is`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--at", "+2h")
            let taken = try await desk.daybook("snapshot")
            let path = desk.directory.file("data/snapshots/00000000000000000001.snapshot")
            let bytes = try Data(contentsOf: URL(filePath: path)).count
            #expect(taken.stdout == "LSN    1\njobs   1\nbytes  \(bytes)\npath   \(path)\n")
            #expect(taken.exitCode == 0)
            let json = try await desk.daybook("snapshot", "--json")
            #expect(json.stdout.hasPrefix(#"{"lsn":1,"jobs":1,"bytes":\#(bytes),"path":""#))
        }
    }

    @Test
    func `are told with 82 why there is no snapshot, and the daemon goes on`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--at", "+2h")
            // A file stands where the directory should be.
            try Data().write(to: URL(filePath: desk.directory.file("data/snapshots")))
            let failed = try await desk.daybook("snapshot")
            #expect(failed.exitCode == 82)
            #expect(failed.stderr.contains("there is no new snapshot: no snapshot was written"))
            #expect(failed.stderr.contains("data/snapshots"))
            #expect(try await desk.daybook("submit", "ann", "t", "--at", "+2h").exitCode == 0)
        }
        #expect(try await runDaybook(["snapshot", "now"]).exitCode == 64)
        let nobody = try await runDaybook(["snapshot", "--server", "http://127.0.0.1:1"])
        #expect(nobody.exitCode == 69)
    }

    @Test
    func `reschedule a job that waits`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j", "--at", "+2h")
            let moved = try await desk.daybook(
                "reschedule", "ann", "j", "--at", "2090-01-01T00:00:00Z", "--priority", "7")
            #expect(moved.stdout == "ann j runs at 2090-01-01T00:00:00.000Z with priority 7\n")
            let shown = try await desk.daybook("show", "ann", "j")
            #expect(
                shown.stdout.contains(
                    "rescheduled to priority 7 and to run at 2090-01-01T00:00:00.000Z"))
            let json = try await desk.daybook("reschedule", "ann", "j", "--priority", "8", "--json")
            #expect(json.stdout.contains(#""priority":8"#))
        }
    }

    @Test
    func `explain why a job waits, with lengths that add up`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j")
            let why = try await desk.daybook("why", "ann", "j")
            #expect(why.lines.first?.hasPrefix("FROM") == true)
            #expect(
                why.stdout.hasSuffix(
                    "Now: ready, and no worker has asked for type t since the daemon started: "
                        + "start one with `daybook work --type t`.\n"))
            let lengths = Self.lengths(of: why.lines)
            #expect(lengths.count >= 2)
            let sum = lengths.dropLast().reduce(0, +)
            #expect(sum == lengths.last)
            _ = try await desk.daybook("pause", "user", "ann")
            let paused = try await desk.daybook("why", "ann", "j")
            #expect(
                paused.stdout.hasSuffix(
                    "Now: user ann is paused; `daybook resume user ann` ends that.\n"))
            let json = try await desk.daybook("why", "ann", "j", "--json")
            #expect(json.stdout.hasPrefix(#"{"user":"ann","job":"j","type":"t""#))
            #expect(json.lines.count == 1)
        }
    }

    /// The column SECONDS, in microseconds.
    private static func lengths(of lines: [Substring]) -> [Int] {
        lines.compactMap { line in
            guard let match = line.firstMatch(of: /(\d+)[.](\d{6})\s\s/) else { return nil }
            return (Int(match.1) ?? 0) * 1_000_000 + (Int(match.2) ?? 0)
        }
    }
}
