import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `show`.
struct ShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show a job and explain what has happened to it.",
        discussion: """
            With --json: one object, {"job":…,"events":[…],"isTruncated":false}.

            EXAMPLE
              daybook show alice monthly-7
              daybook show alice monthly-7 --json | jq .job.status
              daybook show alice monthly-7 --as-of 2027-01-01T06:00:00Z
            """)

    @Argument(help: "Whose job.")
    var user: String

    @Argument(help: "The job's id.")
    var job: String

    @OptionGroup var past: PastOptions
    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient { client in
            let body = try await client.job(user: user, job: job, asOf: past.asOf)
            let timeline = try await client.events(user: user, job: job, asOf: past.asOf)
            if options.json {
                // The events' object without its brace goes on where the job's member ends.
                putLine(
                    json: Array(#"{"job":"#.utf8) + body.json() + Array(",".utf8)
                        + timeline.json().dropFirst())
            } else {
                put(body)
                putLine("")
                for line in TimelineText(timeline).lines { putLine(line) }
            }
        }
    }

    private func put(_ job: JobBody) {
        let fields = Self.fields(of: job)
        let width = fields.map { $0.0.count }.max() ?? 0
        for (name, value) in fields {
            let space = String(repeating: " ", count: width - name.count)
            putLine("\(name)\(space)  \(printable(value))")
        }
    }

    /// What is known of the job; what is not there is left out.
    private static func fields(of job: JobBody) -> [(String, String)] {
        let payload = job.payload.map { String(decoding: $0, as: UTF8.self) }
        let dropped = job.payloadDropped == true ? "gone: retention has dropped it" : nil
        let all: [(String, String?)] = [
            ("user", job.user), ("job", job.job), ("type", job.type),
            ("status", "\(job.status) (\(job.jobStatus))"),
            ("waits for", job.hold?.words),
            ("execution time", job.executionTime.columnText),
            ("expires at", job.expiresAt?.columnText), ("priority", String(job.priority)),
            ("recurs", job.recurrence?.words), ("occurrence of", job.occurrenceOf),
            ("attempts", "\(job.attempt) of at most \(job.maxRetries + 1)"),
            ("next attempt", job.nextAttemptAt?.columnText),
            ("worker", job.worker.map { "\($0), token \(job.token ?? 0)" }),
            ("lease until", job.leaseUntil?.columnText),
            ("lost leases", job.leaseExpiries > 0 ? String(job.leaseExpiries) : nil),
            ("progress", job.progress.map { String(decoding: $0, as: UTF8.self) }),
            ("payload", payload ?? job.payloadBase64.map { "base64 \($0)" } ?? dropped),
            ("result location", job.resultLocation),
            ("last failure", job.lastFailure.map { $0.message ?? $0.reason }),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }
}

extension HoldBody {
    /// For people: `its type may run 5 at once`.
    fileprivate var words: String {
        let until = until.map { " until \($0.columnText)" } ?? ""
        let limit = limit.map(String.init) ?? "?"
        return switch reason {
        case "notDue": "its time\(until)"
        case "backoff": "its next attempt\(until)"
        case "previousOccurrence": "the occurrence before it to end"
        case "typePaused": "its type to be resumed"
        case "userPaused": "its user to be resumed"
        case "typeLimit": "others of its type to end: \(limit) may run at once"
        case "userLimit": "others of its user to end: \(limit) may run at once"
        case "noWorker": "a worker to claim it"
        default: reason
        }
    }
}

extension RecurrenceBody {
    /// For people: `by cron '0 9 * * *' in Europe/Berlin; overlap skip, missed once`.
    fileprivate var words: String {
        let span = interval.flatMap { TimeSpan(seconds: $0) }?.text ?? "?"
        let rule =
            cron.map { "by cron '\($0)' in \(zone ?? "UTC")" }
            ?? (mode == "fixedDelay" ? "\(span) after each end" : "every \(span)")
        let most = missedMax.map { " up to \($0)" } ?? ""
        return "\(rule); overlap \(overlap ?? "skip"), missed \(missed ?? "once")\(most)"
    }
}
