import ArgumentParser
import LoadGenerator
import Units

/// `daybook bench trace`: replays a real workload.
struct BenchTraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Replay a trace of real jobs: submit, run and check them.",
        discussion: """
            Reads a trace in the Standard Workload Format (18 fields a line; -1 is unknown) and submits
            each job for its user (user-N from field 12, type group-N from field 13) at its submit time
            divided by --speedup, due at that moment. Simulated workers claim the jobs, start them,
            send heartbeats for the run time divided by --speedup, and report success. A job is late
            from its submit moment to the moment when a worker has it; when all --workers are busy,
            jobs wait for a worker, and the report says for how long that was.

            At the end the daemon's counts by user and status are compared with the trace's own.

            EXAMPLE
              daybook bench trace data/sample.swf --speedup 10000
              zcat trace.swf.gz | daybook bench trace - --speedup 5000 --json

            Exit codes: 0 all counts as expected, 1 the counts differ, 65 a line of the trace is bad,
            66 the trace cannot be read, 69 the daemon does not answer.
            """)

    @Argument(help: "The trace: a file, a .gz file, or - for standard input.")
    var file: String

    @Option(help: "Seconds of the trace that pass in one second.")
    var speedup: Double

    @Option(help: "Jobs that run at once.")
    var workers = 4_096

    @Option(help: "Take only so many jobs from the trace.")
    var limit: Int?

    @Option(help: "Seconds of a lease; a heartbeat is sent each third of it.")
    var leaseSeconds = 60.0

    @OptionGroup var daemon: BenchDaemon

    func validate() throws {
        guard speedup > 0, speedup.isFinite else {
            throw ValidationError("--speedup must be above 0: 1 is the trace's own pace.")
        }
        guard workers > 0 else { throw ValidationError("--workers must be at least 1.") }
        if let limit, limit <= 0 { throw ValidationError("--limit must be at least 1.") }
        guard (0.1...86_400).contains(leaseSeconds) else {
            throw ValidationError("--lease-seconds must be between 0.1 and 86400.")
        }
    }

    func run() async throws {
        guard let lease = TimeSpan(seconds: leaseSeconds) else {
            throw ValidationError("--lease-seconds must be a number.")
        }
        let plan = TraceReplay.Plan(
            speedup: speedup, slots: workers, limit: limit, lease: lease)
        let report = try await daemon.withClients { [file] clients in
            let reader = TraceReader(try ByteSource.open(file))
            return try await TraceReplay(clients: clients, plan: plan, progress: printError)
                .run(reader)
        }
        try putReport(
            report, text: report.text, isGood: report.differences.isEmpty, asJSON: daemon.json)
    }
}
