import ArgumentParser
import Client
import Units
import Wire

/// The sub-command `stats`.
struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count jobs by status and type, or by user.",
        discussion: """
            EXAMPLE
              daybook stats
              daybook stats --users --json
              daybook stats --as-of 2027-01-01T06:00:00Z
            """)

    @Flag(help: "List every user with their counts.")
    var users = false

    @OptionGroup var past: PastOptions
    @OptionGroup var options: ClientOptions

    func validate() throws {
        guard !users || past.asOf == nil else {
            throw ValidationError("--users counts as of now: leave --as-of or --users out.")
        }
    }

    func run() async throws {
        try await options.withClient { client in
            if users {
                try await putUsers(client)
            } else if let moment = past.asOf {
                let stats = try await client.stats(asOf: moment)
                if options.json { putLine(json: stats.json()) } else { Self.put(stats) }
            } else {
                let stats = try await client.stats()
                if options.json { putLine(json: stats.json()) } else { Self.put(stats) }
            }
        }
    }

    private func putUsers(_ client: DaybookClient) async throws {
        var table = Table(["USER"] + Self.countColumns, rightAligned: Set(1...8))
        var cursor: String?
        repeat {
            let page = try await client.users(limit: 1_000, cursor: cursor)
            for user in page.users {
                if options.json {
                    putLine(json: user.json())
                } else {
                    table.add([user.user] + user.counts.cells)
                }
            }
            cursor = page.next
        } while cursor != nil
        if !options.json { table.put() }
    }

    private static func put(_ stats: StatsBody) {
        let uptime = TimeSpan(seconds: stats.uptimeSeconds)?.text ?? "?"
        putLine(
            "daybook \(stats.version), up \(uptime), \(stats.users) users, at \(stats.now.columnText)"
        )
        putLine("\(stats.ready) jobs ready, \(stats.waitingClaims) claims waiting")
        putLine("\(stats.payloadBytes) bytes of names and payloads in memory")
        putLine(
            "log: \(stats.durableLSN) events in \(stats.logSegments) segments, "
                + "\(stats.logRawBytes) bytes, \(stats.logStoredBytes) stored")
        if stats.logDroppedLSN > 0 {
            putLine("log: events up to \(stats.logDroppedLSN) were dropped by retention")
        }
        if let trouble = stats.logTrouble { putLine("log: \(trouble)") }
        putLine(
            "history: \(stats.historyJobs) jobs in \(stats.historyFiles) files, "
                + "\(stats.historyBytes) bytes; \(stats.jobsInMemory) jobs in memory")
        if let trouble = stats.historyTrouble { putLine("history: \(trouble)") }
        putLine(
            "process: \(stats.residentBytes >> 20) MiB resident, "
                + "\(TimeSpan(seconds: stats.cpuSeconds)?.text ?? "?") of processor time")
        put(stats.types, stats.counts)
    }

    private static func put(_ stats: PastStatsBody) {
        let moment =
            stats.newestLSN == 0
            ? "before the first event"
            : "after event \(stats.newestLSN) at \(stats.time.columnText)"
        putLine("\(stats.users) users, \(moment)")
        put(stats.types, stats.counts)
    }

    private static func put(_ types: [StatsBody.TypeCounts], _ all: CountsBody) {
        putLine("")
        var table = Table(["TYPE"] + countColumns, rightAligned: Set(1...8))
        for type in types { table.add([type.type] + type.counts.cells) }
        table.add(["(all)"] + all.cells)
        table.put()
    }

    private static let countColumns = [
        "NOT_STARTED", "CLAIMED", "PROCESSING", "SUCCESS", "RETRIABLE_FAILURE", "FATAL_FAILURE",
        "CANCELLED", "TOTAL",
    ]
}

extension CountsBody {
    /// In the order of the table's columns.
    fileprivate var cells: [String] {
        [
            notStarted, claimed, processing, success, retriableFailure, fatalFailure, cancelled,
            total,
        ].map(String.init)
    }
}
