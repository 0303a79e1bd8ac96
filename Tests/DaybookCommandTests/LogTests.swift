import FoundationEssentials
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5)))
struct `daybook log` {
    @Test
    func `shows segments, verifies them and replays events beside a running daemon`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j", "--at", "+2h")
            _ = try await desk.daybook("submit", "bob", "t", "--job", "j", "--at", "+2h")
            _ = try await desk.daybook("cancel", "ann", "j")
            let data = desk.directory.file("data")

            let inspected = try await runDaybook(["log", "inspect", data, "--json", "--blocks"])
            #expect(inspected.exitCode == 0)
            #expect(inspected.lines.contains { $0.hasPrefix(#"{"kind":"block""#) })
            #expect(inspected.lines.last?.hasPrefix(#"{"kind":"segment""#) == true)

            let verified = try await runDaybook(["log", "verify", data])
            #expect(verified.exitCode == 0)
            #expect(verified.lines.first?.hasPrefix("good: 3 records in ") == true)
            #expect(verified.stdout.contains("head LSN   3\n"))

            let replayed = try await runDaybook([
                "log", "replay", data, "--user", "ann", "--from", "2",
            ])
            #expect(replayed.exitCode == 0)
            #expect(replayed.lines.count == 1)
            #expect(replayed.lines.first?.hasPrefix(#"{"lsn":3,"#) == true)
            #expect(replayed.stdout.contains(#""event":"Cancelled""#))
        }
    }

    @Test
    func `names the file and the place of damage and ends with 79`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.path)
        for job in ["a", "b"] {
            _ = try await runDaybook([
                "submit", "ann", "t", "--job", job, "--at", "+2h", "--server", daemon.address,
            ])
        }
        try await daemon.kill()
        let segment = URL(filePath: directory.file("log/00000000000000000001.lz4"))
        var bytes = try Data(contentsOf: segment)
        // Within the first submit's block, which the second one's follows.
        bytes[4_300] ^= 1
        try bytes.write(to: segment)
        let verified = try await runDaybook(["log", "verify", directory.path])
        #expect(verified.exitCode == 79)
        #expect(verified.stderr.contains("00000000000000000001.lz4 is damaged at offset"))
        let served = try await runDaybook([
            "serve", "--data", directory.path, "--listen", "127.0.0.1:0",
        ])
        #expect(served.exitCode == 79)
        #expect(served.stderr.contains("is damaged at offset"))
    }

    @Test
    func `holds a log against a head that was noted, while a daemon writes`() async throws {
        try await Desk.open { desk in
            let data = desk.directory.file("data")
            _ = try await desk.daybook("submit", "ann", "t", "--at", "+2h")
            let noted = try await note(data)
            #expect(noted.hasPrefix("1:"))
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for _ in 0..<20 {
                        _ = try await desk.daybook("submit", "ann", "t", "--at", "+2h")
                    }
                }
                for _ in 0..<5 {
                    let since = try await runDaybook(["log", "verify", data, "--since", noted])
                    #expect(since.exitCode == 0, "\(since.stderr)")
                    #expect(since.lines.last == "since 1: nothing before it was changed")
                }
                try await group.waitForAll()
            }
            let now = try await note(data)
            #expect(now.hasPrefix("21:"))
            let json = try await runDaybook(["log", "verify", data, "--since", now, "--json"])
            #expect(json.stdout.contains(#""head":"\#(now)","since":"\#(now)""#))
            let hash = String(now.dropFirst(3))
            #expect(try await runDaybook(["log", "verify", data, "--expect", hash]).exitCode == 0)

            let old = String(noted.dropFirst(2))
            let grown = try await runDaybook(["log", "verify", data, "--expect", old])
            #expect(grown.exitCode == 81)
            #expect(grown.stderr.contains("the head is \(now), expected was the hash \(old)"))
            let other = try await runDaybook(["log", "verify", data, "--since", "1:\(hash)"])
            #expect(other.exitCode == 81)
            #expect(other.stderr.contains("up to record 1 its hash is \(old)"))
            let ahead = try await runDaybook(["log", "verify", data, "--since", "22:\(hash)"])
            #expect(ahead.exitCode == 81)
            #expect(ahead.stderr.contains("the log ends at \(now), before the noted record 22"))
            for options in [["--since", "1"], ["--expect", "abc"]] {
                #expect(try await runDaybook(["log", "verify", data] + options).exitCode == 64)
            }
        }
    }

    /// What `log verify` says should be noted.
    private func note(_ data: String) async throws -> String {
        let verified = try await runDaybook(["log", "verify", data])
        let mark = "note this  "
        let line = try #require(verified.lines.first { $0.hasPrefix(mark) })
        return String(line.dropFirst(mark.count))
    }

    @Test
    func `holds snapshots against the log once the daemon is gone`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.path)
        for job in ["a", "b"] {
            _ = try await runDaybook([
                "submit", "ann", "t", "--job", job, "--at", "+2h", "--server", daemon.address,
            ])
            let taken = try await runDaybook(["snapshot", "--server", daemon.address])
            #expect(taken.exitCode == 0)
        }
        let busy = try await runDaybook(["log", "verify", directory.path, "--deep"])
        #expect(busy.exitCode == 75)
        try await daemon.kill()

        let good = try await runDaybook(["log", "verify", directory.path, "--deep"])
        #expect(good.exitCode == 0, "\(good.stderr)")
        #expect(good.stderr.isEmpty)
        #expect(good.stdout.contains("\nsnapshot   2: good, 2 jobs, digest "))
        #expect(good.stdout.contains("\nsnapshot   1: good, 1 jobs, digest "))
        #expect(good.lines.last?.hasPrefix("state      2 jobs after event 2, digest ") == true)
        let json = try await runDaybook(["log", "verify", directory.path, "--deep", "--json"])
        #expect(json.lines.count == 4)
        #expect(json.lines[1].hasPrefix(#"{"kind":"snapshot","lsn":2,"path":""#))
        #expect(json.lines[3].hasPrefix(#"{"kind":"state","lsn":2,"jobs":2,"digest":""#))

        let path = directory.file("snapshots/00000000000000000002.snapshot")
        var bytes = try Data(contentsOf: URL(filePath: path))
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(filePath: path))
        let bad = try await runDaybook(["log", "verify", directory.path, "--deep"])
        #expect(bad.exitCode == 79)
        #expect(bad.stdout.contains("\nsnapshot   2: UNREADABLE: \(path) is damaged"))
        #expect(bad.stdout.contains("\nsnapshot   1: good"))
        #expect(bad.stderr.contains("The log is good: move that snapshot out"))
    }

    @Test
    func `finds the event that made a condition true, beside a running daemon`() async throws {
        try await Desk.open { desk in
            for (user, job) in [("ann", "a"), ("bob", "b"), ("ann", "c")] {
                _ = try await desk.daybook("submit", user, "t", "--job", job, "--at", "+2h")
            }
            let data = desk.directory.file("data")
            let found = try await bisect(data, "waiting(type=t,user=ann) > 1")
            #expect(found.exitCode == 0, "\(found.stderr)")
            #expect(found.lines.first == "LSN    3")
            #expect(found.lines[1].hasPrefix("time   2"))
            #expect(found.lines[2] == "count  2")
            let line = try await runDaybook(["log", "replay", data, "--from", "3"])
            #expect(found.lines[3] == "event  " + line.stdout.dropLast())
            let json = try await bisect(data, "total() == 2", "--json")
            #expect(json.stdout.hasPrefix(#"{"lsn":2,"time":""#))
            #expect(json.stdout.contains(#","count":2,"event":{"lsn":2,"time":""#))
            let never = try await bisect(data, "dead() > 0")
            #expect(never.exitCode == 66)
            #expect(never.stderr.contains("dead() > 0 was not true after any of 3 events"))
            let early = try await bisect(data, "dead() < 1")
            #expect(early.lines.first == "LSN    1")
            #expect(early.stderr.contains("was true before the first event, too"))
        }
    }

    @Test
    func `says where a condition cannot be understood`() async throws {
        let wrong = try await bisect("/nowhere", "waiting(typ=mail) > 1")
        #expect(wrong.exitCode == 64)
        #expect(wrong.stderr.contains("expected type=NAME or user=NAME at character 9, found 't'"))
        #expect(wrong.stderr.contains("  waiting(typ=mail) > 1\n          ^"))
        #expect(try await bisect("/nowhere", "waiting() > 1").exitCode == 66)
        #expect(try await runDaybook(["log", "bisect", "/nowhere"]).exitCode == 64)
    }

    private func bisect(
        _ data: String, _ condition: String, _ options: String...
    ) async throws -> CommandResult {
        try await runDaybook(["log", "bisect", data, "--where", condition] + options)
    }

    @Test
    func `replays up to an event or a time`() async throws {
        try await Desk.open { desk in
            for job in ["a", "b", "c"] {
                _ = try await desk.daybook("submit", "ann", "t", "--job", job, "--at", "+2h")
            }
            let data = desk.directory.file("data")
            let all = try await runDaybook(["log", "replay", data])
            let lsn = try await runDaybook(["log", "replay", data, "--until", "2"])
            #expect(lsn.lines == Array(all.lines.prefix(2)))
            let event = try #require(all.lines.dropFirst().first)
            let time = try #require(event.firstMatch(of: /"time":"([^"]+)"/)).1
            let timed = try await runDaybook(["log", "replay", data, "--until", String(time)])
            #expect(timed.lines == Array(all.lines.prefix(2)))
            let early = try await runDaybook([
                "log", "replay", data, "--until", "2020-01-01T00:00:00Z",
            ])
            #expect(early.stdout.isEmpty)
            #expect(early.exitCode == 0)
            let wrong = try await runDaybook(["log", "replay", data, "--until", "yesterday"])
            #expect(wrong.exitCode == 64)
            #expect(wrong.stderr.contains("neither an LSN nor a time"))
        }
    }

    @Test
    func `says that a directory holds no log`() async throws {
        let directory = try TemporaryDirectory()
        let result = try await runDaybook(["log", "verify", directory.file("nothing")])
        #expect(result.exitCode == 66)
        #expect(result.stderr.contains(directory.file("nothing")))
    }
}
