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
    func `says that a directory holds no log`() async throws {
        let directory = try TemporaryDirectory()
        let result = try await runDaybook(["log", "verify", directory.file("nothing")])
        #expect(result.exitCode == 66)
        #expect(result.stderr.contains(directory.file("nothing")))
    }
}
