import FoundationEssentials
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `daybook retention` {
    private static let digits = Array("0123456789abcdef")

    @Test
    func `shows what is kept, and sets it, over restarts too`() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        var daemon = try await DaemonProcess.start(dataDirectory: data)
        let fresh = try await runDaybook(["retention", "--server", daemon.address])
        #expect(fresh.exitCode == 0)
        #expect(fresh.lines.first == "age      any")
        #expect(fresh.lines[1].hasSuffix(" of any number"))
        #expect(fresh.stdout.hasSuffix("archive  none\nlog      has every event\n"))
        let set = try await runDaybook([
            "retention", "--age", "30d", "--bytes", "2GB", "--server", daemon.address,
        ])
        #expect(set.lines.first == "age      30 d 0 h")
        #expect(set.lines[1].hasSuffix(" of at most 2000000000"))
        // What is not named stays.
        let any = try await runDaybook([
            "retention", "--age", "any", "--json", "--server", daemon.address,
        ])
        #expect(any.stdout.contains(#""bytesMax":2000000000"#))
        #expect(!any.stdout.contains("ageSeconds"))
        try await daemon.kill()
        daemon = try await DaemonProcess.start(
            dataDirectory: data, arguments: ["--retain-age", "12h", "--archive", directory.path])
        let given = try await runDaybook(["retention", "--server", daemon.address])
        #expect(given.lines.first == "age      12 h 0 min")
        #expect(given.lines[1].hasSuffix(" of any number"))
        #expect(given.lines[2] == "archive  \(directory.path)")
        try await daemon.kill()
        for wrong in [["--age", "0"], ["--age", "x"], ["--bytes", "1XB"], ["--bytes", "-1"]] {
            #expect(try await runDaybook(["retention"] + wrong).exitCode == 64)
        }
    }

    @Test
    func `drops the oldest segments into the archive, and everything goes on`() async throws {
        let directory = try TemporaryDirectory()
        let (data, archive) = (directory.file("data"), directory.file("archive"))
        let daemon = try await DaemonProcess.start(
            dataDirectory: data,
            arguments: ["--segment-size", "65536", "--archive", archive])
        let server = ["--server", daemon.address]
        let old = try await runDaybook(
            ["submit", "ann", "t", "--job", "old", "--payload", #""keep me""#, "--at", "+1d"]
                + server)
        #expect(old.exitCode == 0)
        // Payloads that do not shrink, so that segments fill up, and a snapshot after each lot.
        for lot in 0..<3 {
            var random = SeededGenerator(seed: UInt64(lot))
            let lines = (0..<200).map { number in
                let payload = (0..<600).map { _ in
                    Self.digits[Int.random(in: 0..<16, using: &random)]
                }
                return
                    #"{"user":"bob","job":"\#(lot)-\#(number)","type":"t","payload":"\#(String(payload))"}"#
            }
            let bulk = try await runDaybook(
                ["submit", "--bulk", "-"] + server, stdin: lines.joined(separator: "\n"))
            #expect(bulk.exitCode == 0)
            #expect(try await runDaybook(["snapshot"] + server).exitCode == 0)
        }
        #expect(try await runDaybook(["retention", "--bytes", "1"] + server).exitCode == 0)
        var shown = try await runDaybook(["retention"] + server)
        while !shown.stdout.contains("begins with event") {
            #expect(!shown.stdout.contains("trouble"))
            try await Task.sleep(for: .milliseconds(20))
            shown = try await runDaybook(["retention"] + server)
        }
        let stats = try await runDaybook(["stats"] + server)
        #expect(stats.stdout.contains("were dropped by retention"))
        let story = try await runDaybook(["show", "ann", "old"] + server)
        #expect(story.stdout.contains(#""keep me""#))
        #expect(story.stdout.contains("(older events are gone: retention has dropped all up to"))
        let past = try await runDaybook(["stats", "--as-of", "1"] + server)
        #expect(past.exitCode == 65)
        #expect(past.stderr.contains("lies before what retention has kept"))
        try await daemon.kill()

        let verified = try await runDaybook(["log", "verify", data])
        #expect(verified.exitCode == 0)
        #expect(verified.lines.first?.hasPrefix("begins with record ") == true)
        let whole = try await runDaybook(["log", "verify", data, "--archive", archive])
        #expect(whole.exitCode == 0)
        #expect(whole.lines.first?.hasPrefix("good: 601 records in ") == true)
        let replayed = try await runDaybook(["log", "replay", data, "--user", "ann"])
        #expect(replayed.stdout == "")
        #expect(replayed.stderr.contains("were dropped by retention"))
        let all = try await runDaybook([
            "log", "replay", data, "--user", "ann", "--archive", archive,
        ])
        #expect(all.lines.first?.hasPrefix(#"{"lsn":1,"#) == true)
        #expect(try await runDaybook(["log", "replay", data, "--from", "1"]).exitCode == 66)

        let again = try await DaemonProcess.start(dataDirectory: data)
        let kept = try await runDaybook(["show", "ann", "old", "--server", again.address])
        #expect(kept.stdout.contains(#""keep me""#))
        try await again.kill()
    }
}
