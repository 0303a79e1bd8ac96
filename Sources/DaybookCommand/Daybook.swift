import ArgumentParser
import Client
import Glibc

/// The `daybook` binary: sub-commands, their options and wiring.
@main
struct DaybookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daybook",
        abstract: "A job scheduler on a write-ahead log: submit, run, list and explain jobs.",
        discussion: """
            EXAMPLE
              daybook serve --data ./daybook-data --execute 'hello=cat'
              daybook submit alice hello --payload '{"greet":"world"}' --wait
              daybook show alice JOB

            Exit codes: 0 done, 1 the job did not succeed, 64 usage, 65 refused data, 66 not found,
            69 daemon unreachable, 75 try again later; docs/operating.md lists all.
            """,
        version: daybookVersion,
        subcommands: [
            ServeCommand.self, SubmitCommand.self, ListCommand.self, ShowCommand.self,
            WhyCommand.self, CancelCommand.self, RescheduleCommand.self, DeadCommand.self,
            PauseCommand.self, ResumeCommand.self, LimitCommand.self, ControlsCommand.self,
            StatsCommand.self, SnapshotCommand.self, RetentionCommand.self, WorkCommand.self,
            LogCommand.self, BackupCommand.self, RestoreCommand.self, CronCommand.self,
            BenchCommand.self,
        ])

    static func main() async {
        // A reader that goes away, `daybook list | head`, is an error of the write, not a signal.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as ClientError {
            CommandFailure(error).end()
        } catch let failure as CommandFailure {
            failure.end()
        } catch {
            exit(withError: error)
        }
    }
}
