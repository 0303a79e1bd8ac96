import ArgumentParser
import Client
import Wire

/// The sub-command `limit`.
struct LimitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit",
        abstract: "Bound how many jobs of a user or a type may run or wait at once.",
        discussion: """
            What runs beyond a new bound goes on. Jobs that wait beyond it stay; further submits \
            of the user are refused (exit code 75). 'none' takes a bound away: the user is unbounded \
            then, whatever holds for every user. --reset takes away all that is set, a pause too: a user \
            has the limits of every user again.

            EXAMPLE
              daybook limit type mail --running 20
              daybook limit user alice --running 5 --waiting 10000
              daybook limit every-user --waiting none
              daybook limit user alice --reset
            """)

    @OptionGroup var target: ControlTarget

    @Option(help: ArgumentHelp("Jobs that may run at once, or none.", valueName: "n"))
    var running: Bound?

    @Option(
        help: ArgumentHelp(
            "Jobs that may wait at once, or none; of users only.", valueName: "n"))
    var waiting: Bound?

    @Flag(help: "Take away all that is set, a pause too.")
    var reset = false

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard (running != nil || waiting != nil) != reset else {
            throw ValidationError("Give --running, --waiting or both, or --reset alone.")
        }
    }

    func run() async throws {
        if reset { return try await target.reset(options) }
        try await target.set(
            ControlRequest(waitingMax: waiting?.body, runningMax: running?.body), options)
    }
}

/// A number, or `none`.
struct Bound: ExpressibleByArgument {
    let body: BoundBody

    init?(argument: String) {
        if argument == "none" {
            body = .unbounded
        } else if let number = Int(argument), number >= 0 {
            body = .max(number)
        } else {
            return nil
        }
    }
}
