import ArgumentParser
import Engine
import EventLog
import Logging
import ServiceLifecycle

/// The sub-command `serve`.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon on a data directory.",
        discussion: """
            The directory is made if it is not there. TERM or INT ends the daemon gracefully; what \
            it had acknowledged survives any other end too.

            With --retain-age or --retain-bytes what is older, or more, goes in the background; \
            `daybook retention` changes that while the daemon runs. Without them it is as it was set \
            last; everything is kept where nothing ever was.

            With --execute the daemon runs commands itself. \(executorRules)

            EXAMPLE
              daybook serve --data ./daybook-data
              daybook serve --data /var/lib/daybook --listen 127.0.0.1:8640 \\
                --execute 'hello=cat' --execute report=./make-report --slots 8
            """)

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data: String

    @Option(help: ArgumentHelp("Where to listen; port 0 is any free one.", valueName: "addr:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8_640)

    @Flag(help: "Listen at an address that other machines can reach, without authentication.")
    var insecureListen = false

    @Option(
        help: ArgumentHelp(
            "Run CMD for each job of TYPE; may be given more than once.", valueName: "type=cmd"))
    var execute: [ExecutionRule] = []

    @Option(help: "How many of these commands may run at once.")
    var slots = 4

    @Option(
        help: ArgumentHelp(
            "Bytes of a segment of the log, from 65536 (64 KiB) to 1073741824 (1 GiB).",
            valueName: "bytes"))
    var segmentSize = EngineOptions().segmentBytes

    @Option(
        help: ArgumentHelp(
            "Keep events so long, as 30d, or any; kept until it is set again.", valueName: "time"))
    var retainAge: AgeBound?

    @Option(
        help: ArgumentHelp(
            "Bytes that log, history and snapshots may take, as 200GB, or any; kept as well.",
            valueName: "bytes"))
    var retainBytes: ByteBound?

    @Option(
        help: ArgumentHelp(
            "Copy each segment here before retention drops it.", valueName: "dir"))
    var archive: String?

    @OptionGroup var results: ResultOptions

    func validate() throws {
        guard listen.isLoopback || insecureListen else {
            throw ValidationError(
                """
                \(listen.host) can be reached from other machines, and there is no authentication \
                yet: everyone who reaches it can submit, read and cancel every job. Listen at \
                127.0.0.1, or give --insecure-listen if something else guards the address.
                """)
        }
        guard (1...1_000).contains(slots) else {
            throw ValidationError("--slots must be 1 to 1000.")
        }
        guard Self.segmentSizes.contains(segmentSize) else {
            throw ValidationError(
                "--segment-size must be \(Self.segmentSizes.lowerBound) to "
                    + "\(Self.segmentSizes.upperBound) bytes.")
        }
        _ = try ExecutionRule.commands(execute)
    }

    func run() async throws {
        let logger = Logger(label: "daybook.serve") { _ in StandardErrorLog() }
        raiseFileLimit(logger)
        let report = RecoveryReport()
        let engine: Engine
        do throws(LogError) {
            engine = try await Engine.open(
                directory: data, options: engineOptions, progress: report.tell)
        } catch {
            throw CommandFailure(error)
        }
        report.end()
        let daemon = Daemon(
            engine: engine, listen: listen, commands: try ExecutionRule.commands(execute),
            slots: slots, resultRoot: results.root, logger: logger)
        do {
            try await daemon.run()
        } catch {
            await engine.close()
            throw error
        }
        await engine.close()
        // Closing is the last sync: it can be what fails.
        if let failure = engine.failure { throw CommandFailure(logFailure: failure) }
        logger.info("stopped")
    }

    private var engineOptions: EngineOptions {
        var options = EngineOptions()
        options.segmentBytes = segmentSize
        if retainAge != nil || retainBytes != nil {
            options.retention = RetentionRules(age: retainAge?.span, bytesMax: retainBytes?.count)
        }
        options.archive = archive
        return options
    }

    /// The largest that recovery reads, and the smallest that is more than its own bookkeeping.
    private static let segmentSizes = 64 << 10...1 << 30
}
