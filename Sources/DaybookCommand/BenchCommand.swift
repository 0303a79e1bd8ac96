import ArgumentParser

/// `daybook bench`: measures a daemon.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure a daemon under a real workload or a steady rate.",
        discussion: """
            EXAMPLE
              daybook bench trace data/sample.swf --speedup 10000
              daybook bench ingest --qps 1157 --duration 60s
            """,
        subcommands: [BenchTraceCommand.self, BenchIngestCommand.self])
}
