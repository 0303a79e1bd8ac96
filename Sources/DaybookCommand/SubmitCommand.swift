import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `submit`.
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a job.",
        discussion: """
            Submitting the same job id with the same content again is no second job: it shows the \
            one that is there. With other content it is refused (exit code 65). Without --job the \
            daemon makes an id.

            With --bulk, FILE has one job a line: the JSON of a submit with its "user" \
            (docs/api.md). All lines are tried; those that fail are told on the standard error, \
            and the exit code is 1 then. With --json each line's outcome is printed.

            With --every or --cron the job recurs: each tick submits an occurrence, a job of its \
            own named JOB@TIME. See the ticks first with `daybook cron explain`.

            EXAMPLE
              daybook submit alice report --job monthly-7 --at 2027-01-01T06:00:00Z \\
                --payload '{"month":"2026-12"}' --result-location file:///tmp/monthly-7.txt
              daybook submit alice mail --at +5m --payload-file mail.json --wait
              daybook submit alice report --job nightly --cron '30 2 * * *' --zone Europe/Berlin
              daybook submit --bulk jobs.ndjson
            """)

    @Argument(help: "Who the job belongs to; not with --bulk.")
    var user: String?

    @Argument(help: "The kind of work; workers ask for jobs by it; not with --bulk.")
    var type: String?

    @Option(
        help: ArgumentHelp(
            "Submit many jobs, one a line; '-' is the standard input.", valueName: "file"))
    var bulk: String?

    @Option(help: "The job's id, unique within its user.")
    var job: String?

    @Option(
        help: "When to run it: RFC 3339, or +SECONDS, +5m, +2h from now. Left out: now.",
        transform: timeArgument)
    var at: WallTime?

    @Option(
        help: "Cancel it unless it has been started by then; of a recurring job: its last tick.",
        transform: timeArgument)
    var expiresAt: WallTime?

    @OptionGroup var recurrence: RecurrenceOptions

    @Option(help: "0 to 255; lower runs first.")
    var priority: Int?

    @Option(help: ArgumentHelp("The payload, as JSON.", valueName: "json"))
    var payload: String?

    @Option(
        help: ArgumentHelp(
            "Read the payload from a file, '-' is the standard input; what is no JSON is sent as bytes.",
            valueName: "file"))
    var payloadFile: String?

    @Option(help: "Media type of a payload that is no JSON.")
    var contentType: String?

    @Option(help: "Attempts after the first.")
    var maxRetries: Int?

    @Option(
        help: ArgumentHelp(
            "By how much of itself a wait before a retry may be shortened, 0 to 1.",
            valueName: "part"))
    var jitter: Double?

    @Option(
        help: ArgumentHelp(
            "Leases that may run out before the job is parked as poison; 0 is any number.",
            valueName: "n"))
    var maxLeaseExpiries: Int?

    @Option(help: ArgumentHelp("Where the executor writes the result.", valueName: "file-url"))
    var resultLocation: String?

    @Option(help: ArgumentHelp("Seconds that a worker may be silent.", valueName: "seconds"))
    var lease: Double?

    @Option(help: ArgumentHelp("Seconds that one attempt may take.", valueName: "seconds"))
    var runLimit: Double?

    @Flag(help: "Wait until the job has ended; exit code 1 unless it succeeded.")
    var wait = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard payload == nil || payloadFile == nil else {
            throw ValidationError("Give --payload or --payload-file, not both.")
        }
        guard bulk == nil || !namesOneJob else {
            throw ValidationError("With --bulk everything about the jobs is in its lines.")
        }
        guard bulk != nil || user != nil && type != nil else {
            throw ValidationError("Give USER and TYPE, or --bulk FILE.")
        }
        _ = try recurrence.body
    }

    /// Something about a single job was given.
    private var namesOneJob: Bool {
        let texts = [user, type, job, payload, payloadFile, contentType, resultLocation]
        let numbers: [Any?] = [
            at, expiresAt, priority, maxRetries, jitter, maxLeaseExpiries, lease, runLimit,
        ]
        return wait || recurrence.isGiven || texts.contains { $0 != nil }
            || numbers.contains { $0 != nil }
    }

    func run() async throws {
        if let bulk {
            try await options.withClient { client in
                try await BulkSubmit(client: client, printsOutcomes: options.json).run(path: bulk)
            }
        } else if let user, let type {
            try await submit(user, type)
        }
    }

    private func submit(_ user: String, _ type: String) async throws {
        let request = try makeRequest(type)
        try await options.withClient { client in
            let (job, isNew) = try await client.submit(user: user, request)
            if !options.json {
                let done = isNew ? "submitted" : "was there already:"
                putLine("\(done) \(printable(job.user)) \(printable(job.job))")
            }
            let end = wait ? try await ended(job, client) : job
            if options.json {
                putLine(json: end.json())
            } else if wait {
                putLine("\(end.status) after attempt \(end.attempt)")
            }
            if wait, end.status != "SUCCESS" {
                let reason = end.lastFailure?.message ?? end.lastFailure?.reason ?? "no failure"
                throw CommandFailure(.failed, "the job ended \(end.status): \(printable(reason))")
            }
        }
    }

    private func makeRequest(_ type: String) throws -> SubmitRequest {
        var request = SubmitRequest(
            job: job, type: type, executionTime: at, expiresAt: expiresAt, priority: priority,
            contentType: contentType, resultLocation: resultLocation, maxRetries: maxRetries,
            backoff: jitter.map { BackoffBody(jitter: $0) }, leaseSeconds: lease,
            runLimitSeconds: runLimit, leaseExpiriesMax: maxLeaseExpiries,
            recurrence: try recurrence.body)
        if let payload {
            let bytes = Array(payload.utf8)
            do throws(JSONFault) {
                try JSONText.check(bytes)
            } catch {
                throw CommandFailure(.refusedData, "--payload is no JSON: \(error)")
            }
            request.payload = bytes
        } else if let payloadFile {
            try PayloadFile(path: payloadFile).fill(&request)
        }
        return request
    }

    /// Looks at the job until nothing follows its status.
    private func ended(_ job: JobBody, _ client: DaybookClient) async throws -> JobBody {
        var job = job
        var pause = Duration.milliseconds(50)
        while job.jobStatus != "COMPLETED" {
            try await Task.sleep(for: pause)
            pause = min(pause * 2, .seconds(1))
            job = try await client.job(user: job.user, job: job.job)
        }
        return try await client.job(user: job.user, job: job.job)
    }
}
