import FoundationEssentials
import TestKit
import Testing

/// A log that is damaged in its middle, from the refusal to the repair.
@Suite(.timeLimit(.minutes(5)))
struct `daybook log repair` {
    private let directory: TemporaryDirectory
    private var data: String { directory.path }
    private var segment: String { directory.file("log/00000000000000000001.lz4") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test func `is what a damaged log names, with place, checksums and records in doubt`()
        async throws
    {
        let place = try await damageSecondOfThree()
        for arguments in [
            ["log", "verify", data], ["serve", "--data", data, "--listen", Self.any],
        ] {
            let refused = try await runDaybook(arguments)
            #expect(refused.exitCode == 79)
            #expect(refused.stdout.isEmpty)
            let parts = refused.stderr.firstMatch(
                of: /damaged at offset (\d+): checksum of the block: expected (\w+), found (\w+)\./)
            let (_, offset, expected, found) = try #require(parts, "\(refused.stderr)").output
            #expect(Int(offset) == place)
            #expect(expected != found)
            #expect(refused.stderr.hasPrefix("daybook: \(segment) is damaged at offset"))
            #expect(refused.stderr.contains("In doubt: records 2 to 2."))
            #expect(refused.stderr.contains("`daybook log repair`"))
        }
    }

    @Test(arguments: ["", "no\n", "yes\n"])
    func `says what would be lost, asks, and changes nothing without the word`(answer: String)
        async throws
    {
        let place = try await damageSecondOfThree()
        let before = try contents()
        let asked = try await runDaybook(["log", "repair", data], stdin: answer)
        #expect(asked.exitCode == 79)
        #expect(asked.lines.first.map(String.init) == "\(segment) is damaged at offset \(place)")
        #expect(asked.lines.contains("kept:      every record up to 1"))
        #expect(asked.lines.contains("lost:      records 2 to 3"))
        #expect(asked.lines.contains("set aside: 1 segments, from the damaged one on"))
        #expect(asked.stderr == "Type 'repair' to go on:\ndaybook: nothing was changed\n")
        #expect(try contents() == before)
    }

    @Test(arguments: [false, true])
    func `keeps what is before the damage, and a daemon goes on from there`(asks: Bool)
        async throws
    {
        _ = try await damageSecondOfThree()
        let damaged = try Data(contentsOf: URL(filePath: segment))
        let repaired = try await runDaybook(
            ["log", "repair", data] + (asks ? [] : ["--yes"]), stdin: asks ? "repair\n" : "")
        #expect(repaired.exitCode == 0, "\(repaired.stderr)")
        #expect(repaired.stderr.contains("Type 'repair'") == asks)
        let report = directory.file("log/report.set-aside-1")
        #expect(
            repaired.lines.suffix(2) == [
                "repaired: the log ends with record 1",
                "the rest is set aside, under the ending of \(report)",
            ])
        let text = try String(contentsOfFile: report, encoding: .utf8)
        #expect(text.contains("Kept: every record up to 1."))
        #expect(text.contains("Records in them: 2 to 3"))
        #expect(try Data(contentsOf: URL(filePath: segment + ".set-aside-1")) == damaged)

        let daemon = try await DaemonProcess.start(dataDirectory: data)
        let list = try await runDaybook(["list", "ann", "--json", "--server", daemon.address])
        #expect(list.lines.count == 1)
        #expect(list.stdout.contains(#""job":"a""#))
        try await submit("d", to: daemon)
        #expect(try await daemon.terminate() == .exited(0))
        let verified = try await runDaybook(["log", "verify", data])
        #expect(verified.stdout.contains("head LSN   2\n"), "\(verified.stderr)")
    }

    @Test func `sets snapshots aside that know of what is lost`() async throws {
        let daemon = try await DaemonProcess.start(dataDirectory: data)
        let server = ["--server", daemon.address]
        try await submit("a", to: daemon)
        #expect(try await runDaybook(["snapshot"] + server).exitCode == 0)
        for job in ["b", "c"] { try await submit(job, to: daemon) }
        #expect(try await runDaybook(["snapshot"] + server).exitCode == 0)
        try await daemon.kill()
        _ = try damage()
        let repaired = try await runDaybook(["log", "repair", data, "--yes"])
        #expect(repaired.exitCode == 0, "\(repaired.stderr)")
        #expect(repaired.lines.contains("           1 snapshots of later events"))
        let names = try FileManager.default.contentsOfDirectory(
            atPath: directory.file("snapshots"))
        #expect(
            names.sorted() == [
                "00000000000000000001.snapshot", "00000000000000000003.snapshot.set-aside",
            ])
        let again = try await DaemonProcess.start(dataDirectory: data)
        let list = try await runDaybook(["list", "ann", "--json", "--server", again.address])
        #expect(list.lines.count == 1)
        try await again.kill()
    }

    @Test func `finds nothing to do in a good log`() async throws {
        let daemon = try await DaemonProcess.start(dataDirectory: data)
        try await submit("a", to: daemon)
        try await daemon.kill()
        let before = try contents()
        let result = try await runDaybook(["log", "repair", data, "--yes"])
        #expect(result.exitCode == 0)
        #expect(result.stdout == "nothing to repair: a daemon can open this log\n")
        #expect(try contents() == before)
    }

    @Test func `does not touch a log that a daemon has open`() async throws {
        let daemon = try await DaemonProcess.start(dataDirectory: data)
        for job in ["a", "b", "c"] { try await submit(job, to: daemon) }
        _ = try damage()
        let before = try contents()
        let result = try await runDaybook(["log", "repair", data, "--yes"])
        #expect(result.exitCode == 75)
        #expect(result.stderr.contains("\(data) is in use by process "))
        #expect(try contents() == before)
        try await daemon.kill()
    }

    @Test func `says that a directory holds no log`() async throws {
        let result = try await runDaybook(["log", "repair", directory.file("nothing"), "--yes"])
        #expect(result.exitCode == 66)
        #expect(result.stderr.contains(directory.file("nothing")))
    }
}

extension `daybook log repair` {
    private static let any = "127.0.0.1:0"

    /// Three jobs submitted, the daemon killed, the second one's block damaged; gives its offset.
    private func damageSecondOfThree() async throws -> Int {
        let daemon = try await DaemonProcess.start(dataDirectory: data)
        for job in ["a", "b", "c"] { try await submit(job, to: daemon) }
        try await daemon.kill()
        return try damage()
    }

    private func submit(_ job: String, to daemon: DaemonProcess) async throws {
        let result = try await runDaybook([
            "submit", "ann", "t", "--job", job, "--at", "+2h", "--server", daemon.address,
        ])
        #expect(result.exitCode == 0, "\(result.stderr)")
    }

    /// Changes a byte of the second block with records.
    private func damage() throws -> Int {
        var bytes = try Data(contentsOf: URL(filePath: segment))
        // Behind the segment's header, the mark of the opening and the first block.
        let first = 4_096 + 80
        let stored = bytes[first + 16..<first + 20].reversed().reduce(0) { $0 << 8 | Int($1) }
        let second = first + 80 + stored + 15
        bytes[second + 80 + 30] ^= 1
        try bytes.write(to: URL(filePath: segment))
        return second
    }

    /// Every file of the log by name, with its bytes.
    private func contents() throws -> [String: Data] {
        let log = directory.file("log")
        let names = try FileManager.default.contentsOfDirectory(atPath: log)
        var contents: [String: Data] = [:]
        for name in names where name.contains(".lz4") || name.contains("set-aside") {
            contents[name] = try Data(contentsOf: URL(filePath: log + "/" + name))
        }
        return contents
    }
}
