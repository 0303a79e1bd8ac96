import BenchmarkKit
import Glibc
import Storage

/// Measures the engine: its state in memory on one core, and embedded on the disk of a directory.
@main
struct EngineBenchmarks {
    private static let usage = """
        usage: EngineBenchmarks DIRECTORY [PART]...
        PART: state, state10, state100, submits, lifecycles, lateness, restart, restart10, ingest, tail, reopen,
        finished100, show100
        DIRECTORY: a new or empty one, on the disk to be measured, with 8 GB to spare.
        state: up to 1 million waiting jobs; state10: 10 million; state100: 100 million (20 GB).
        restart: from a snapshot of 1 million; restart10: of 10 million.
        ingest: submits beside a snapshot of 5 million.
        finished100: 100 million whole lifecycles (25 GB of disk); show100, on its own and after it: looks at some.
        tail: 500 000 whole lifecycles without a snapshot; reopen, on its own and after tail: replays them.
        """

    static func main() async throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let directory = arguments.first, !directory.hasPrefix("-") else {
            print(usage)
            exit(64)
        }
        let parts =
            arguments.count > 1
            ? Set(arguments.dropFirst())
            : ["state", "state10", "submits", "lifecycles", "lateness", "restart", "ingest"]
        // What a restart is compared with: the directory's place is that of a number of bytes.
        if parts == ["touch"], let byteCount = Int(directory) {
            touchMemory(byteCount)
            print(byteCount)
            fflush(nil)
            pause()
            return
        }
        try PosixStorage().createDirectory(directory)
        if parts.contains("state") { runState([1_000_000]) }
        if parts.contains("state10") {
            runState([10_000_000])
        }
        if parts.contains("state100") {
            runState([100_000_000])
        }
        let durable = DurableBenchmark(directory: directory)
        if parts.contains("submits") { try await durable.submits(2_000_000) }
        if parts.contains("lifecycles") { try await durable.lifecycles(1_000_000) }
        let finished = FinishedBenchmark(directory: directory + "/finished")
        if parts.contains("finished100") { try await finished.fill(100_000_000) }
        if !parts.isDisjoint(with: ["finished100", "show100"]) {
            try await finished.show(100_000_000)
        }
        let recovery = RecoveryBenchmark(directory: directory)
        if parts.contains("restart") { try await recovery.restart(1_000_000) }
        if parts.contains("restart10") { try await recovery.restart(10_000_000) }
        if parts.contains("answer") { try await recovery.answer() }
        if parts.contains("ingest") { try await recovery.ingest(5_000_000) }
        if parts.contains("tail") { try await recovery.tail(500_000) }
        if parts.contains("reopen") { try await recovery.reopen() }
        if parts.contains("lateness") {
            try await LatenessBenchmark(directory: directory).run(seconds: 20)
        }
    }

    private static func runState(_ jobCounts: [Int]) {
        var benchmark = StateBenchmark()
        benchmark.run(jobCounts: jobCounts, lifecycles: 1_000_000)
    }
}
