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

            EXAMPLE
              daybook submit alice report --job monthly-7 --at 2027-01-01T06:00:00Z \\
                --payload '{"month":"2026-12"}' --result-location file:///tmp/monthly-7.txt
              daybook submit alice mail --at +5m --payload-file mail.json --wait
            """)

    @Argument(help: "Who the job belongs to.")
    var user: String

    @Argument(help: "The kind of work; workers ask for jobs by it.")
    var type: String

    @Option(help: "The job's id, unique within its user.")
    var job: String?

    @Option(
        help: "When to run it: RFC 3339, or +SECONDS, +5m, +2h from now. Left out: now.",
        transform: timeArgument)
    var at: WallTime?

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
    }

    func run() async throws {
        let request = try makeRequest()
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

    private func makeRequest() throws -> SubmitRequest {
        var request = SubmitRequest(
            job: job, type: type, executionTime: at, priority: priority, contentType: contentType,
            resultLocation: resultLocation, maxRetries: maxRetries, leaseSeconds: lease,
            runLimitSeconds: runLimit)
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
