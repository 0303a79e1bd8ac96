import ArgumentParser
import Client
import Wire

/// The sub-command `why`.
struct WhyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Explain what a job waited for, and what it waits for now.",
        discussion: """
            One line for each stretch of its life from the submit on; their lengths add up to its \
            age. The last line says in words what it waits for now.

            EXAMPLE
              daybook why alice monthly-7
              daybook why alice monthly-7 --json | jq .spans[-1].hold.reason
            """)

    @Argument(help: "Whose job.")
    var user: String

    @Argument(help: "The job's id.")
    var job: String

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient { client in
            let why = try await client.why(user: user, job: job)
            if options.json { putLine(json: why.json()) } else { WhyText(why).put() }
        }
    }
}
