import Foundation

/// Lines of a name and a figure, with the figures below each other.
struct ReportTable {
    private var rows: [(name: String, figure: String)] = []

    mutating func add(_ name: String, _ figure: String) {
        rows.append((name, figure))
    }

    /// Failed calls by kind, most frequent first.
    mutating func add(_ failures: [String: Int], named name: String) {
        add(name, "\(failures.values.reduce(0, +))")
        for (kind, count) in failures.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            add("  " + kind, "\(count)")
        }
    }

    mutating func add(_ usage: Usage) {
        add(
            "processors",
            "daemon \(Self.number(usage.daemonCores)), generator "
                + "\(Self.number(usage.generatorCores)), of \(usage.machineCores)")
        add("daemon memory", "\(Self.number(usage.daemonResidentMiB)) MiB resident")
        add(
            "log bytes per job",
            "\(Self.number(usage.logRawBytesPerJob)) raw, "
                + "\(Self.number(usage.logStoredBytesPerJob)) stored")
    }

    var text: String {
        let width = rows.map(\.name.count).max() ?? 0
        return rows.map { row in
            row.name + String(repeating: " ", count: width - row.name.count + 2) + row.figure + "\n"
        }.joined()
    }

    static func latency(_ summary: LatencySummary) -> String {
        "p50 \(number(summary.p50)) ms, p99 \(number(summary.p99)) ms, "
            + "p99.9 \(number(summary.p999)) ms, max \(number(summary.max)) ms"
    }

    static func number(_ value: Double) -> String {
        String(format: abs(value) < 10 ? "%.2f" : "%.1f", value)
    }
}
