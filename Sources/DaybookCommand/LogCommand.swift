import ArgumentParser
import Glibc

/// The sub-commands that read a log's files, whether a daemon has them open or not.
struct LogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Look at the log of a data directory: its files, their checksums, its events.",
        discussion: """
            All but `repair` only read, and but for `verify --deep` they work beside a running daemon: \
            they show what is durable.

            EXAMPLE
              daybook log inspect ./daybook-data
              daybook log verify ./daybook-data
              daybook log replay ./daybook-data --user alice
              daybook log bisect ./daybook-data --where 'waiting(type=mail) > 1000'
            """,
        subcommands: [
            LogInspectCommand.self, LogVerifyCommand.self, LogReplayCommand.self,
            LogBisectCommand.self, LogRepairCommand.self,
        ])
}

/// Options of every sub-command that reads a log.
struct LogReadingOptions: ParsableArguments {
    @Argument(help: "The data directory.")
    var directory: String

    @Flag(help: "Print JSON.")
    var json = false
}

/// Where retention has put what it dropped.
struct ArchiveOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Read the segments that retention has archived here, too.", valueName: "dir"))
    var archive: String?
}

/// Progress of long reads, for people who watch: in a file it would be noise.
struct WatchedProgress {
    private let isWatched = isatty(STDERR_FILENO) == 1

    func tell(_ line: @autoclosure () -> String) {
        if isWatched { printError("daybook: \(line())") }
    }
}
