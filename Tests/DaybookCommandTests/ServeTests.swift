import ByteCoding
import FoundationEssentials
import Glibc
import TestKit
import Testing

@Suite(.timeLimit(.minutes(2)))
struct `daybook serve` {
    @Test
    func `keeps what it acknowledged when it is killed`() async throws {
        let directory = try TemporaryDirectory()
        let first = try await DaemonProcess.start(dataDirectory: directory.path)
        let submitted = try await runDaybook([
            "submit", "ann", "t", "--job", "j", "--server", first.address,
        ])
        #expect(submitted.exitCode == 0)
        #expect(try await first.kill() == .signaled(SIGKILL))
        let second = try await DaemonProcess.start(dataDirectory: directory.path)
        let list = try await runDaybook(["list", "ann", "--json", "--server", second.address])
        #expect(list.lines.count == 1)
        #expect(second.stderr.contains("recovered 1 events"))
        #expect(try await second.terminate() == .exited(0))
    }

    @Test
    func `refuses a data directory that another daemon has open, and names it`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.path)
        let result = try await serve(directory.path)
        #expect(result.exitCode == 75)
        #expect(result.stderr.contains("\(directory.path) is in use by process "))
        try await daemon.kill()
    }

    @Test
    func `refuses a data directory that cannot be made`() async throws {
        let directory = try TemporaryDirectory()
        try Data().write(to: URL(filePath: directory.file("file")))
        let result = try await serve(directory.file("file/data"))
        #expect(result.exitCode == 73)
        #expect(result.stderr.contains(directory.file("file")))
    }

    @Test
    func `refuses a log of a newer format, and keeps its hands off it`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.path)
        try await daemon.terminate()
        let segment = URL(filePath: directory.file("log/00000000000000000001.lz4"))
        var bytes = Array(try Data(contentsOf: segment))
        // The version of a segment's header, and the checksum over all of it but itself.
        bytes[20] += 1
        let before = crc32c(bytes.rawBytes.extracting(0..<16))
        let checksum = crc32c(bytes.rawBytes.extracting(20..<4096), continuing: before)
        for index in 0..<4 {
            bytes[16 + index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index))
        }
        try Data(bytes).write(to: segment)
        let result = try await serve(directory.path)
        #expect(result.exitCode == 78)
        #expect(result.stderr.contains("newer version"))
        #expect(Array(try Data(contentsOf: segment)) == bytes)
    }

    @Test
    func `refuses an address that other machines can reach unless it is insisted on`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let arguments = ["serve", "--data", directory.file("data"), "--listen", "0.0.0.0:0"]
        let result = try await runDaybook(arguments)
        #expect(result.exitCode == 64)
        #expect(result.stderr.contains("--insecure-listen"))
        let daemon = try ChildProcess(daybook: arguments + ["--insecure-listen"])
        #expect(await daemon.line(beginningWith: "daybook: listening on http://0.0.0.0:") != nil)
        #expect(try await daemon.terminate() == .exited(0))
    }

    @Test(arguments: [65_535, (1 << 30) + 1])
    func `refuses segments that are too small or too large`(byteCount: Int) async throws {
        let directory = try TemporaryDirectory()
        let result = try await runDaybook([
            "serve", "--data", directory.file("data"), "--segment-size", "\(byteCount)",
        ])
        #expect(result.exitCode == 64)
        #expect(result.stderr.contains("--segment-size must be 65536 to 1073741824 bytes"))
    }

    @Test
    func `says that its port is taken`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.file("a"))
        let result = try await runDaybook([
            "serve", "--data", directory.file("b"), "--listen", daemon.listen,
        ])
        #expect(result.exitCode == 69)
        #expect(result.stderr.contains("cannot listen"))
        try await daemon.kill()
    }

    private func serve(_ directory: String) async throws -> CommandResult {
        try await runDaybook(["serve", "--data", directory, "--listen", "127.0.0.1:0"])
    }
}
