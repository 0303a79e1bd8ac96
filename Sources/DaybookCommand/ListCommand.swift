import ArgumentParser
import Client
import Wire

/// The sub-command `list`.
struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List a user's jobs, newest submit first.",
        discussion: """
            EXAMPLE
              daybook list alice --status RETRIABLE_FAILURE --status FATAL_FAILURE --limit 20
              daybook list alice --all --json | jq -r .job
              daybook list alice --as-of 2027-01-01T06:00:00Z
            """)

    @Argument(help: "Whose jobs.")
    var user: String

    @Option(
        help: """
            Only jobs of this status; may be given more than once: NOT_STARTED, CLAIMED, PROCESSING, \
            SUCCESS, RETRIABLE_FAILURE, FATAL_FAILURE, CANCELLED.
            """)
    var status: [String] = []

    @Option(help: "Only jobs of this type.")
    var type: String?

    @Option(help: "How many jobs at most.")
    var limit: Int = 100

    @Flag(help: "All jobs, however many.")
    var all = false

    @OptionGroup var past: PastOptions
    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        try await options.withClient { client in
            var left = all ? Int.max : limit
            var cursor: String?
            var table = Table(Self.columns, rightAligned: [3, 4])
            repeat {
                let page = try await client.list(
                    user: user,
                    ListQuery(
                        statuses: status, type: type, limit: min(left, Self.pageItemsMax),
                        cursor: cursor, asOf: past.asOf))
                for job in page.jobs {
                    if options.json { putLine(json: job.json()) } else { table.add(Self.row(job)) }
                }
                left -= page.jobs.count
                cursor = page.next
            } while cursor != nil && left > 0
            guard !options.json else { return }
            table.put()
            if cursor != nil { printError("There are more: --all lists them.") }
        }
    }

    private static let columns = [
        "JOB", "TYPE", "STATUS", "PRIORITY", "ATTEMPT", "EXECUTION TIME", "UPDATED",
    ]

    private static func row(_ job: JobBody) -> [String] {
        [
            job.job, job.type, job.status, String(job.priority), String(job.attempt),
            job.executionTime.columnText, job.updatedAt.columnText,
        ]
    }

    /// The most that one page may hold.
    private static let pageItemsMax = 1_000
}
