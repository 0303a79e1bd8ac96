import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `dead redrive`.
struct DeadRedriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redrive",
        abstract: "Try dead letters again, with all their retries.",
        discussion: """
            One job with --user and --job, else all that fit --user and --type, the latest deaths \
            first. With --rate their times are spaced out; nothing has to stay running for that.

            EXAMPLE
              daybook dead redrive --user alice --job monthly-7
              daybook dead redrive --type mail --rate 50
              daybook dead redrive --all --max 1000
            """)

    @Option(help: "Only jobs of this user.")
    var user: String?

    @Option(help: "This one job of --user.")
    var job: String?

    @Option(help: "Only jobs of this type.")
    var type: String?

    @Flag(help: "All dead letters there are.")
    var all = false

    @Option(help: "How many jobs at most.")
    var max: Int?

    @Option(help: ArgumentHelp("How many become due in a second.", valueName: "per-second"))
    var rate: Double?

    @Option(
        help: "When the first becomes due: RFC 3339, or +5m from now. Left out: now.",
        transform: timeArgument)
    var at: WallTime?

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard job == nil || user != nil && type == nil && rate == nil && max == nil && !all else {
            throw ValidationError("One job is named by --user and --job, with --at at most.")
        }
        guard all == (user == nil && type == nil) else {
            throw ValidationError("Give --user, --type or both; or --all, for every dead letter.")
        }
        guard max.map({ $0 >= 1 }) ?? true else {
            throw ValidationError("--max must be at least 1.")
        }
    }

    func run() async throws {
        try await options.withClient { client in
            if let user, let job {
                try await redrive(user, job, client)
            } else {
                try await redriveMany(client)
            }
        }
    }

    private func redrive(_ user: String, _ job: String, _ client: DaybookClient) async throws {
        let body = try await client.redrive(user: user, job: job, RedriveRequest(dueAt: at))
        if options.json {
            putLine(json: body.json())
        } else {
            putLine("\(body.status) \(printable(body.user)) \(printable(body.job))")
        }
    }

    /// Asks until none is left or `max` is reached; each call goes on where the one before ended.
    private func redriveMany(_ client: DaybookClient) async throws {
        var request = RedriveManyRequest(
            user: user, type: type, ratePerSecond: rate, dueAt: at)
        var total = RedriveBody(count: 0, nextDue: at, next: nil)
        repeat {
            request.max = min(Self.callItemsMax, (max ?? Int.max) - total.count)
            request.dueAt = total.nextDue
            request.cursor = total.next
            let result = try await client.redrive(request)
            total.count += result.count
            total.nextDue = result.nextDue ?? total.nextDue
            total.next = result.next
        } while total.next != nil && total.count < max ?? Int.max
        if options.json {
            putLine(json: total.json())
        } else {
            putLine("\(total.count) redriven\(total.next != nil ? ", there are more" : "")")
        }
    }

    /// The most that one call may redrive.
    private static let callItemsMax = 10_000
}
