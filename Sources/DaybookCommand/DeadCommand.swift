import ArgumentParser

/// The sub-commands about jobs that are out of attempts.
struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead",
        abstract: "List dead letters, jobs that failed for good, and try them again.",
        discussion: """
            EXAMPLE
              daybook dead list --type mail
              daybook dead redrive --type mail --rate 50
            """,
        subcommands: [DeadListCommand.self, DeadRedriveCommand.self])
}
