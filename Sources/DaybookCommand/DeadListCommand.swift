import ArgumentParser
import Client
import Wire

/// The sub-command `dead list`.
struct DeadListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List dead letters, the latest death first.",
        discussion: """
            EXAMPLE
              daybook dead list --user alice --limit 20
              daybook dead list --all --json | jq -r .job
            """)

    @Option(help: "Only jobs of this user.")
    var user: String?

    @Option(help: "Only jobs of this type.")
    var type: String?

    @Option(help: "How many jobs at most.")
    var limit: Int = 100

    @Flag(help: "All of them, however many.")
    var all = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard limit >= 1 else { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        try await options.withClient { client in
            var left = all ? Int.max : limit
            var cursor: String?
            var table = Table(
                ["USER", "JOB", "TYPE", "ATTEMPT", "LOST LEASES", "DIED"],
                rightAligned: [3, 4])
            repeat {
                let page = try await client.deadLetters(
                    DeadLetterListQuery(
                        user: user, type: type, limit: min(left, Self.pageItemsMax),
                        cursor: cursor))
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

    private static func row(_ job: JobBody) -> [String] {
        [
            job.user, job.job, job.type, String(job.attempt), String(job.leaseExpiries),
            job.updatedAt.columnText,
        ]
    }

    /// The most that one page may hold.
    private static let pageItemsMax = 1_000
}
