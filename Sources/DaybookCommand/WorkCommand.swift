import ArgumentParser
import Client
import Executor
import FoundationEssentials
import Logging
import ServiceLifecycle
import Units
import UnixSignals

/// The sub-command `work`.
struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work",
        abstract: "Run an executor: claim jobs and run a command for each.",
        discussion: """
            \(executorRules)

            TERM or INT ends it: it claims no more and gives what runs 20 s to end; then that is \
            killed and reported as a retriable failure.

            EXAMPLE
              daybook work --type mail --exec 'sendmail -t' --slots 4
              daybook work --execute report=./make-report --execute 'hello=cat; echo done >&2'
            """)

    @Option(help: "The type of the jobs that the --exec after it runs; in pairs.")
    var type: [String] = []

    @Option(help: ArgumentHelp("The command for the jobs of --type.", valueName: "cmd"))
    var exec: [String] = []

    @Option(help: ArgumentHelp("A type and its command in one.", valueName: "type=cmd"))
    var execute: [ExecutionRule] = []

    @Option(help: "How many commands may run at once.")
    var slots = 4

    @Option(
        help: "The name that leases show. Left out: the name of this machine and the process id.")
    var worker: String?

    @Option(
        help: ArgumentHelp(
            "Seconds that a lease lasts without a heartbeat. Left out: each job's own.",
            valueName: "seconds"))
    var lease: Double?

    @OptionGroup var results: ResultOptions

    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard type.count == exec.count else {
            throw ValidationError("Give one --exec for each --type.")
        }
        guard !type.isEmpty || !execute.isEmpty else {
            throw ValidationError("Name the work: --type TYPE --exec 'CMD'.")
        }
        guard (1...1_000).contains(slots) else {
            throw ValidationError("--slots must be 1 to 1000.")
        }
        guard lease.map({ (0.1...86_400).contains($0) }) ?? true else {
            throw ValidationError("--lease must be 0.1 to 86400 seconds.")
        }
        _ = try ExecutionRule.commands(rules)
    }

    private var rules: [ExecutionRule] {
        zip(type, exec).map(ExecutionRule.init(type:command:)) + execute
    }

    func run() async throws {
        let process = ProcessInfo.processInfo
        let executorOptions = ExecutorOptions(
            commands: try ExecutionRule.commands(rules),
            worker: worker ?? "\(process.hostName)-\(process.processIdentifier)", slots: slots,
            leaseDuration: lease.flatMap { TimeSpan(seconds: $0) }, resultRoot: results.root)
        let logger = Logger(label: "daybook.work") { _ in StandardErrorLog() }
        try await options.withClient { client in
            let executor = Executor(client: client, options: executorOptions, logger: logger)
            let types = executorOptions.commands.keys.sorted().joined(separator: ", ")
            printError("daybook: \(executorOptions.worker) works on \(types) for \(options.server)")
            var configuration = ServiceGroupConfiguration(
                services: [
                    .init(
                        service: ExecutorService(executor: executor),
                        successTerminationBehavior: .gracefullyShutdownGroup)
                ], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
            // The executor's own grace comes first; this ends what does not even keep that.
            configuration.maximumGracefulShutdownDuration = .seconds(60)
            try await ServiceGroup(configuration: configuration).run()
        }
    }
}
