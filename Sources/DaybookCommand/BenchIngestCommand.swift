import ArgumentParser
import LoadGenerator
import Units

/// `daybook bench ingest`: offers a steady rate.
struct BenchIngestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Offer jobs at a steady rate and see whether they are carried.",
        discussion: """
            Open loop: jobs arrive on schedule (Poisson, from --seed) whatever the answers do, and every
            latency counts from the scheduled moment. Simulated workers beside it claim the jobs in
            batches, start each, send one heartbeat and report success.

            The floor is held where
              - jobs offered, acknowledged and completed reach 99 % of --qps, each counted until its
                last one (the backlog is given 30 s after the end of the schedule),
              - no submit was refused or left without an answer, and no attempt was lost,
              - no arrival had to wait because 4096 submits were unanswered,
              - the backlog did not grow in the second half by more than half a second of arrivals.
            Runs under 10 s say little: the last jobs' own way weighs too much.

            EXAMPLE
              daybook bench ingest --qps 1157 --duration 60s
              daybook bench ingest --qps 5000 --duration 10m --server http://127.0.0.1:8640 --json

            Exit codes: 0 the floor was held, 1 it was missed (the report says why), 69 the daemon does
            not answer.
            """)

    @Option(help: "Jobs a second.")
    var qps: Double

    @Option(help: "How long jobs arrive: 500ms, 60s, 10m, 1h.", transform: duration)
    var duration: TimeSpan

    @Option(help: "Jobs that run at once.")
    var workers = 1_024

    @Option(help: "Users that the jobs are spread over.")
    var users = 1_000

    @Option(help: "Job types that the jobs are spread over, at most 64.")
    var types = 10

    @Option(help: "Repeats the same arrivals, users and payloads.")
    var seed: UInt64 = 1

    @OptionGroup var daemon: BenchDaemon

    func validate() throws {
        guard qps > 0, qps * duration.seconds <= 1e12 else {
            throw ValidationError("--qps must be above 0, and --qps times --duration at most 1e12.")
        }
        guard workers > 0 else { throw ValidationError("--workers must be at least 1.") }
        guard (1...10_000_000).contains(users) else {
            throw ValidationError("--users must be between 1 and 10000000.")
        }
        guard (1...64).contains(types) else {
            throw ValidationError("--types must be between 1 and 64.")
        }
    }

    func run() async throws {
        let plan = IngestRun.Plan(
            rate: qps, duration: duration, slots: workers, users: users, types: types, seed: seed)
        let report = try await daemon.withClients { clients in
            try await IngestRun(clients: clients, plan: plan).run(progress: printError)
        }
        try putReport(
            report, text: report.text, isGood: report.missed.isEmpty, asJSON: daemon.json)
    }

    private static func duration(_ text: String) throws -> TimeSpan {
        guard let span = TimeSpan(durationText: text), span > .zero else {
            throw ValidationError("'\(text)' is no duration: give 500ms, 60s, 10m or 1h.")
        }
        return span
    }
}
