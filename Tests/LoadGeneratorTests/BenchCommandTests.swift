import Client
import Foundation
import LoadGenerator
import TestKit
import Testing
import Wire

/// The report of `--json`, as far as the tests look.
private struct TraceFigures: Decodable {
    struct Latency: Decodable {
        var count: Int
        var p50Ms: Double
        var p99Ms: Double
        var maxMs: Double
    }
    struct Usage: Decodable {
        var logRawBytesPerJob: Double
        var logStoredBytesPerJob: Double
    }
    var jobs: Int
    var submitted: Int
    var users: Int
    var types: Int
    var jobsByStatus: [String: Int]
    var submitAck: Latency
    var dispatchLateness: Latency
    var usage: Usage
    var differences: [String]
}

private struct IngestFigures: Decodable {
    var arrivals: Int
    var acknowledged: Int
    var completed: Int
    var refusals: [String: Int]
    var submitAck: TraceFigures.Latency
    var missed: [String]
}

@Suite struct `The bench commands` {
    private func decoded<Figures: Decodable>(_ result: CommandResult) throws -> Figures {
        try JSONDecoder().decode(Figures.self, from: Data(result.stdout.utf8))
    }

    @Test func `replay the sample against a running daemon, whose counts are then the trace's`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.file("data"))
        let result = try await runDaybook([
            "bench", "trace", Sample.path, "--speedup", "100000", "--server", daemon.address,
            "--json",
        ])
        #expect(result.exitCode == 0, "\(result.stderr)")
        let figures: TraceFigures = try decoded(result)
        #expect(figures.differences == [])
        #expect(figures.jobs == 200)
        #expect(figures.submitted == 200)
        #expect(figures.users == 12)
        #expect(figures.types == 4)
        #expect(figures.jobsByStatus["SUCCESS"] == 200)
        #expect(figures.submitAck.count == 200)
        #expect(figures.dispatchLateness.count == 200)
        #expect(figures.submitAck.p50Ms <= figures.submitAck.p99Ms)
        #expect(figures.submitAck.p99Ms <= figures.submitAck.maxMs)
        #expect(figures.usage.logRawBytesPerJob > 0)
        #expect(try await successes(by: daemon.address) == Sample.jobsByUser())
        try await daemon.terminate()
    }

    @Test func `run a daemon of their own and keep its data where they are told to`() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let result = try await runDaybook([
            "bench", "trace", Sample.path, "--speedup", "100000", "--limit", "30", "--data", data,
        ])
        #expect(result.exitCode == 0, "\(result.stderr)")
        #expect(result.stdout.contains("30 of 30 submitted"))
        let daemon = try await DaemonProcess.start(dataDirectory: data)
        #expect(try await successes(by: daemon.address).values.reduce(0, +) == 30)
        try await daemon.terminate()
    }

    @Test func `read a trace from standard input`() async throws {
        let trace = "1 0 -1 5 1 -1 -1 -1 -1 -1 -1 3 2 -1 -1 -1 -1 -1\n"
        let result = try await runDaybook(
            ["bench", "trace", "-", "--speedup", "1000", "--json"], stdin: trace)
        #expect(result.exitCode == 0, "\(result.stderr)")
        let figures: TraceFigures = try decoded(result)
        #expect(figures.jobsByStatus["SUCCESS"] == 1)
    }

    @Test func `refuse to replay a trace where it was replayed before`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.file("data"))
        let arguments = [
            "bench", "trace", Sample.path, "--speedup", "100000", "--limit", "5", "--server",
            daemon.address,
        ]
        #expect(try await runDaybook(arguments).exitCode == 0)
        let again = try await runDaybook(arguments)
        #expect(again.exitCode == 65)
        #expect(again.stderr.contains("the daemon already has another job"))
        try await daemon.terminate()
    }

    @Test func `name the bad line of a trace`() async throws {
        let result = try await runDaybook(
            ["bench", "trace", "-", "--speedup", "1"], stdin: "; header\n1 2 3\n")
        #expect(result.exitCode == 65)
        #expect(
            result.stderr.contains("line 2 of the trace: the line has 3 fields instead of 18"))
    }

    @Test func `say that no daemon is there`() async throws {
        let result = try await runDaybook([
            "bench", "ingest", "--qps", "10", "--duration", "1s", "--server", "http://127.0.0.1:1",
        ])
        #expect(result.exitCode == 69)
        #expect(result.stderr.contains("no daemon is ready at http://127.0.0.1:1"))
    }

    @Test func `offer a rate and account for every arrival`() async throws {
        let result = try await runDaybook([
            "bench", "ingest", "--qps", "50", "--duration", "2s", "--json",
        ])
        let figures: IngestFigures = try decoded(result)
        #expect(figures.arrivals == 100)
        #expect(figures.acknowledged + figures.refusals.values.reduce(0, +) == 100)
        #expect(figures.completed == figures.acknowledged)
        #expect(figures.submitAck.count == figures.acknowledged)
        #expect((result.exitCode == 0) == figures.missed.isEmpty)
    }

    private func successes(by address: String) async throws -> [String: UInt64] {
        let client = DaybookClient(address: address)
        let page = try await client.users(limit: 1_000, cursor: nil)
        await client.shutdown()
        return Dictionary(uniqueKeysWithValues: page.users.map { ($0.user, $0.counts.success) })
    }
}

extension Sample {
    /// The trace's own counts.
    static func jobsByUser() async throws -> [String: UInt64] {
        var reader = TraceReader(try ByteSource.open(path))
        var counts: [String: UInt64] = [:]
        while let job = try await reader.next() { counts[job.userName, default: 0] += 1 }
        return counts
    }
}
