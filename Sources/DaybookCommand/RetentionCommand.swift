import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `retention`.
struct RetentionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Show or set how much of the past a running daemon keeps.",
        discussion: """
            Events that are older than --age go, and the jobs that ended before; beyond --bytes, which \
            log, history and snapshots share, the oldest go. They go in the background, a whole segment \
            of the log and a whole file of history at a time. Jobs that have not ended stay, however \
            old they are. What is set holds over restarts; 'any' takes a bound away.

            With `daybook serve --archive DIR` each segment is copied there before it goes.

            EXAMPLE
              daybook retention
              daybook retention --age 30d
              daybook retention --age any --bytes 200GB
            """)

    @Option(
        help: ArgumentHelp("How long events are kept, as 12h or 30d, or any.", valueName: "time"))
    var age: AgeBound?

    @Option(
        help: ArgumentHelp(
            "Bytes that may be taken, as 500MB or 200GB, or any.", valueName: "bytes"))
    var bytes: ByteBound?

    @OptionGroup var options: ClientOptions

    func run() async throws {
        try await options.withClient { client in
            var now = try await client.retention()
            if age != nil || bytes != nil {
                now = try await client.retain(
                    RetentionRequest(
                        ageSeconds: age.map { $0.span?.seconds } ?? now.ageSeconds,
                        bytesMax: bytes.map { $0.count } ?? now.bytesMax))
            }
            if options.json { putLine(json: now.json()) } else { now.put() }
        }
    }
}

/// A time, or `any`.
struct AgeBound: ExpressibleByArgument {
    /// Nil: any.
    let span: TimeSpan?

    init?(argument: String) {
        guard argument != "any" else {
            span = nil
            return
        }
        guard let span = TimeSpan(argument: argument), span > .zero else { return nil }
        self.span = span
    }
}

/// A number of bytes, or `any`.
struct ByteBound: ExpressibleByArgument {
    /// Nil: any.
    let count: UInt64?

    /// Reads `any`, `1000`, `10kB`, `500MB`, `200GB` or `2TB`: powers of a thousand.
    init?(argument: String) {
        guard argument != "any" else {
            count = nil
            return
        }
        let units: [(String, UInt64)] = [
            ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ]
        let unit = units.first { argument.hasSuffix($0.0) }
        guard let number = UInt64(argument.dropLast(unit?.0.count ?? 0)) else { return nil }
        let product = number.multipliedReportingOverflow(by: unit?.1 ?? 1)
        guard !product.overflow else { return nil }
        count = product.partialValue
    }
}

extension RetentionBody {
    fileprivate func put() {
        putLine("age      \(ageSeconds.flatMap { TimeSpan(seconds: $0)?.text } ?? "any")")
        putLine("bytes    \(bytes) of \(bytesMax.map { "at most \($0)" } ?? "any number")")
        putLine("archive  \(archive.map { printable($0) } ?? "none")")
        let begin = droppedLSN + 1
        putLine("log      \(droppedLSN > 0 ? "begins with event \(begin)" : "has every event")")
        if let trouble { putLine("trouble  \(printable(trouble))") }
    }
}
