import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `reschedule`.
struct RescheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reschedule",
        abstract: "Give a waiting job another time, another priority, or both.",
        discussion: """
            The job joins the end of its new line. A job that runs, has ended or recurs is refused \
            (exit code 65).

            EXAMPLE
              daybook reschedule alice monthly-7 --at +2h
              daybook reschedule alice monthly-7 --priority 5
            """)

    @Argument(help: "Whose job.")
    var user: String

    @Argument(help: "The job's id.")
    var job: String

    @Option(help: "When to run it: RFC 3339, or +5m, +2h from now.", transform: timeArgument)
    var at: WallTime?

    @Option(help: "0 to 255; lower runs first.")
    var priority: Int?

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard at != nil || priority != nil else {
            throw ValidationError("Give --at, --priority or both.")
        }
    }

    func run() async throws {
        try await options.withClient { client in
            let body = try await client.reschedule(
                user: user, job: job, RescheduleRequest(priority: priority, executionTime: at))
            if options.json {
                putLine(json: body.json())
            } else {
                let due = body.nextAttemptAt ?? body.executionTime
                putLine(
                    "\(printable(body.user)) \(printable(body.job)) runs at "
                        + "\(due.columnText) with priority \(body.priority)")
            }
        }
    }
}
