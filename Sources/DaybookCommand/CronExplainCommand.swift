import ArgumentParser
import Cron
import Units
import Wire

/// The sub-command `cron explain`.
struct CronExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a cron expression means and when it ticks next.",
        discussion: """
            EXPRESSION is one argument: minute hour day-of-month month day-of-week, or with seconds \
            first, or @daily and the like. A remark stands beside a tick that a change of the clock \
            moved or repeated. Ends with 65 if the expression never ticks.

            EXAMPLE
              daybook cron explain '30 2 * * *' --zone Europe/Berlin
              daybook cron explain '0 9 * * MON#1' --after 2027-01-01T00:00:00Z --count 3 --json
            """)

    @Argument(help: "The cron expression.")
    var expression: String

    @Option(help: ArgumentHelp("The IANA name of the time zone.", valueName: "name"))
    var zone: String = "UTC"

    @Option(help: "How many ticks, 1 to 1000.")
    var count: Int = 10

    @Option(
        help: ArgumentHelp(
            "Only ticks after this time: RFC 3339, or +2h from now on. Default now.",
            valueName: "time"),
        transform: timeArgument)
    var after: WallTime?

    @Flag(help: "Print one object of JSON.")
    var json = false

    func validate() throws {
        guard (1...1_000).contains(count) else {
            throw ValidationError("--count must be 1 to 1000.")
        }
        _ = try explanation()
    }

    func run() async throws {
        let explanation = try explanation()
        if json { putLine(json: explanation.json()) } else { explanation.put() }
        guard !explanation.ticks.isEmpty else {
            throw CommandFailure(.refusedData, "'\(printable(expression))' never ticks.")
        }
    }

    private func explanation() throws -> CronExplanation {
        do throws(CronError) {
            return CronExplanation(
                of: try CronExpression(expression), in: try Zone(named: zone),
                after: after ?? .now, count: count)
        } catch {
            throw ValidationError(printable(error.description))
        }
    }
}
