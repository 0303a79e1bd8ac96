import FoundationEssentials
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5)))
struct `daybook backup` {
    @Test
    func `beside a daemon, restored elsewhere, has every job acknowledged before`() async throws {
        let directory = try TemporaryDirectory()
        let (data, backup) = (directory.file("data"), directory.file("backup"))
        let daemon = try await DaemonProcess.start(
            dataDirectory: data, arguments: ["--segment-size", "65536"])
        try await submit(0..<400, to: daemon)
        let first = try await runDaybook(["backup", backup, "--data", data])
        #expect(first.exitCode == 0, "\(first.stderr)")
        #expect(first.stderr.isEmpty)
        #expect(first.lines.first == "LSN        400")
        #expect(first.stdout.contains("0 kept"))

        async let submitting: Void = submitRest(to: daemon)
        let result = try await runDaybook(["backup", backup, "--data", data, "--json"])
        try await submitting
        #expect(result.exitCode == 0, "\(result.stderr)")
        let found = result.stdout.firstMatch(of: /"headLSN":(\d+),"headHash":"(\w+)"/)
        let (_, lsn, hash) = try #require(found).output
        let count = try #require(Int(lsn))
        #expect((400...1_000).contains(count))
        #expect(try await daemon.kill() == .signaled(9))

        let restored = try await runDaybook([
            "restore", backup, "--data", directory.file("restored"),
        ])
        #expect(restored.exitCode == 0, "\(restored.stderr)")
        #expect(restored.stdout.contains("LSN        \(count)\nhash       \(hash)\n"))
        let again = try await DaemonProcess.start(dataDirectory: directory.file("restored"))
        // Jobs are submitted one after another, each an event: those up to the record, no others.
        #expect(try await jobs(of: again) == Set((0..<count).map { "j\($0)" }))
        let late = try await runDaybook([
            "submit", "ann", "t", "--job", "late", "--at", "+2h", "--server", again.address,
        ])
        #expect(late.exitCode == 0)
        try await again.kill()
        let since = try await runDaybook([
            "log", "verify", directory.file("restored"), "--since", "\(count):\(hash)",
        ])
        #expect(since.exitCode == 0, "\(since.stderr)")
    }

    @Test func `refuses what it must not write over, each with its exit code`() async throws {
        let directory = try TemporaryDirectory()
        let (data, backup) = (directory.file("data"), directory.file("backup"))
        for name in [data, directory.file("other")] {
            let daemon = try await DaemonProcess.start(dataDirectory: name)
            try await daemon.terminate()
        }
        #expect(try await runDaybook(["backup", backup, "--data", data]).exitCode == 0)
        let other = try await runDaybook(["backup", backup, "--data", directory.file("other")])
        #expect(other.exitCode == 81)
        #expect(other.stderr.contains("\(backup) holds a backup of another log"))
        let full = try await runDaybook(["restore", backup, "--data", data])
        #expect(full.exitCode == 73)
        #expect(full.stderr.contains("\(data) is not empty"))
        #expect(try await runDaybook(["backup", data, "--data", data]).exitCode == 73)
        let nothing = directory.file("nothing")
        #expect(try await runDaybook(["backup", backup, "--data", nothing]).exitCode == 66)
        let absent = try await runDaybook(["restore", nothing, "--data", directory.file("new")])
        #expect(absent.exitCode == 66)
        let manifest = URL(filePath: backup + "/MANIFEST")
        try Data(try Data(contentsOf: manifest).dropLast(9)).write(to: manifest)
        let damaged = try await runDaybook(["restore", backup, "--data", directory.file("new")])
        #expect(damaged.exitCode == 79)
    }

    private func submit(_ numbers: Range<Int>, to daemon: DaemonProcess) async throws {
        let lines = numbers.map {
            #"{"user":"ann","type":"t","job":"j\#($0)","executionTime":"2100-01-01T00:00:00Z"}"#
        }
        let result = try await runDaybook(
            ["submit", "--bulk", "-", "--server", daemon.address],
            stdin: lines.joined(separator: "\n") + "\n")
        #expect(result.exitCode == 0, "\(result.stderr)")
    }

    private func submitRest(to daemon: DaemonProcess) async throws {
        for start in stride(from: 400, to: 1_000, by: 100) {
            try await submit(start..<start + 100, to: daemon)
        }
    }

    /// Ids of all jobs, by the daemon's list.
    private func jobs(of daemon: DaemonProcess) async throws -> Set<String> {
        let list = try await runDaybook([
            "list", "ann", "--all", "--json", "--server", daemon.address,
        ])
        #expect(list.exitCode == 0, "\(list.stderr)")
        return Set(
            list.lines.compactMap { line in
                line.firstMatch(of: /"job":"(\w+)"/).map { String($0.1) }
            })
    }
}
