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
            #expect(verified.lines.first == "good: 3 records in 4 blocks of 1 segments")
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
    func `says that a directory holds no log`() async throws {
        let directory = try TemporaryDirectory()
        let result = try await runDaybook(["log", "verify", directory.file("nothing")])
        #expect(result.exitCode == 66)
        #expect(result.stderr.contains(directory.file("nothing")))
    }
}
