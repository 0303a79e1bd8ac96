/// What a replay of a trace showed.
package struct TraceReport: Equatable, Sendable, Encodable {
    /// Jobs of the trace that were to be submitted, and those that the daemon took.
    package var jobs: Int
    package var submitted: Int
    package var users: Int
    package var types: Int
    package var speedup: Double
    /// RFC 3339; nil where the trace does not name its start.
    package var tracePeriodFrom: String?
    package var tracePeriodTo: String?
    package var wallSeconds: Double
    /// From the first submit to the last.
    package var submitsPerSecond: Double
    package var submitAck: LatencySummary
    /// From the moment when a job was to be submitted to the moment when a worker had it.
    package var dispatchLateness: LatencySummary
    package var startLag: LatencySummary
    package var heldBack: Int
    package var slots: OccupancySummary
    package var heartbeats: Int
    package var lostAttempts: Int
    /// Calls that were refused or not answered, and made again, by call and kind.
    package var failures: [String: Int]
    package var jobsByStatus: [String: Int]
    package var usage: Usage
    /// Where the daemon's counts are not the trace's own; empty: all as expected.
    package var differences: [String]

    /// The report for people, one figure a line.
    package var text: String {
        var table = ReportTable()
        table.add("trace", period)
        table.add("jobs", "\(submitted) of \(jobs) submitted, \(users) users, \(types) types")
        for status in CountsCheck.statuses {
            table.add("  " + status.name, "\(jobsByStatus[status.name] ?? 0)")
        }
        table.add("wall time", "\(ReportTable.number(wallSeconds)) s at speedup \(speedup)")
        table.add("submits", "\(ReportTable.number(submitsPerSecond)) /s")
        table.add("submit ack", ReportTable.latency(submitAck))
        table.add("dispatch lateness", ReportTable.latency(dispatchLateness))
        table.add(
            "worker slots",
            "\(slots.slots); busy \(ReportTable.number(slots.busyMean)) on average, "
                + "at most \(slots.busyMax)")
        table.add("  all slots busy", "\(ReportTable.number(slots.allBusySeconds)) s")
        table.add("heartbeats", "\(heartbeats)")
        table.add("generator start lag", ReportTable.latency(startLag))
        table.add("held back", "\(heldBack) submits, because too many were unanswered")
        table.add("lost attempts", "\(lostAttempts)")
        table.add(failures, named: "failed calls")
        table.add(usage)
        table.add("check", verdict)
        return table.text + differences.map { "  \($0)\n" }.joined()
    }

    private var period: String {
        guard let tracePeriodFrom, let tracePeriodTo else { return "without a start time" }
        return "\(tracePeriodFrom) to \(tracePeriodTo)"
    }

    private var verdict: String {
        differences.isEmpty
            ? "the daemon's counts per user and status are the trace's own"
            : "the daemon's counts differ from the trace's own:"
    }
}
