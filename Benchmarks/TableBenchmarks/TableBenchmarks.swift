/// Measures the tables in memory, and beside them what the machine does to a loop that does nothing.
///
/// Nothing passes or fails here: a shared machine drifts by a fifth and more.
@main
struct TableBenchmarks {
    static func main() {
        let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        print(
            "Each gap is one operation and a look at the clock, which all fills and removals include."
        )
        row([
            "elements", "operation", "ns each", "bytes each", "worst gap, ms", "> 0.1 ms", "> 1 ms",
            "> 2 ms",
        ])
        row(["---", "---", "---:", "---:", "---:", "---:", "---:", "---:"])
        for count in sizes.isEmpty ? [1_000_000, 10_000_000] : sizes {
            measureIdle()
            var tables = FilledTables(count: count)
            tables.run()
            measureIdle()
        }
    }

    private static func measureIdle() {
        let gaps = Gaps.idle(seconds: 3)
        row(["", "nothing, for 3 s", "", ""] + gaps.cells)
    }
}
