import ArgumentParser

/// The sub-commands about cron expressions; none of them needs a daemon.
struct CronCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cron",
        abstract: "Try cron expressions: what they mean and when they tick.",
        discussion: """
            EXAMPLE
              daybook cron explain '30 2 * * *' --zone Europe/Berlin
            """,
        subcommands: [CronExplainCommand.self])
}
