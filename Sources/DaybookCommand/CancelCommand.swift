import ArgumentParser
import Client
import Wire

/// The sub-command `cancel`.
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel a job that has not ended.",
        discussion: """
            A job that runs is cancelled at once; its worker learns so from its next heartbeat and \
            ends the command. Cancelling a cancelled job again changes nothing.

            EXAMPLE
              daybook cancel alice monthly-7
            """)

    @Argument(help: "Whose job.")
    var user: String

    @Argument(help: "The job's id.")
    var job: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient { client in
            let job = try await client.cancel(user: user, job: job)
            if options.json {
                putLine(json: job.json())
            } else {
                putLine("\(job.status) \(printable(job.user)) \(printable(job.job))")
            }
        }
    }
}
