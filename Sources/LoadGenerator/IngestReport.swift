/// What a run of `bench ingest` showed; rates are jobs a second.
package struct IngestReport: Equatable, Sendable, Encodable {
    package var askedRate: Double
    package var durationSeconds: Double
    package var wallSeconds: Double
    package var arrivals: Int
    package var acknowledged: Int
    package var completed: Int
    /// Each count by the time until its last: a count that comes late lowers its rate.
    package var offeredRate: Double
    package var acknowledgedRate: Double
    package var completedRate: Double
    /// From the scheduled moment to the answer.
    package var submitAck: LatencySummary
    /// From the scheduled moment to the moment when a worker had the job.
    package var dispatchLateness: LatencySummary
    package var startLag: LatencySummary
    package var heldBack: Int
    package var backlogAtHalf: Int
    package var backlogAtEnd: Int
    package var claims: Int
    package var heartbeats: Int
    package var lostAttempts: Int
    package var slots: OccupancySummary
    /// Submits that were refused or not answered, by kind; they are not made again.
    package var refusals: [String: Int]
    /// Workers' calls that failed, by call and kind; they are made again for a while.
    package var workerFailures: [String: Int]
    package var usage: Usage
    /// Why the floor was missed; empty: it was held.
    package var missed: [String]

    /// The report for people, one figure a line.
    package var text: String {
        var table = ReportTable()
        table.add(
            "asked",
            "\(ReportTable.number(askedRate)) jobs/s for \(ReportTable.number(durationSeconds)) s, "
                + "\(arrivals) arrivals")
        table.add("offered", "\(ReportTable.number(offeredRate)) /s")
        table.add(
            "acknowledged", "\(ReportTable.number(acknowledgedRate)) /s, \(acknowledged) jobs")
        table.add("completed", "\(ReportTable.number(completedRate)) /s, \(completed) jobs")
        table.add("submit ack", ReportTable.latency(submitAck))
        table.add("dispatch lateness", ReportTable.latency(dispatchLateness))
        table.add("generator start lag", ReportTable.latency(startLag))
        table.add("held back", "\(heldBack) arrivals")
        table.add("backlog", "\(backlogAtHalf) at half time, \(backlogAtEnd) at the end")
        table.add(
            "workers",
            "\(claims) claims, \(heartbeats) heartbeats, \(lostAttempts) lost attempts, "
                + "at most \(slots.busyMax) of \(slots.slots) slots busy")
        table.add(refusals, named: "refused submits")
        table.add(workerFailures, named: "failed worker calls")
        table.add(usage)
        table.add("wall time", "\(ReportTable.number(wallSeconds)) s")
        table.add("floor", missed.isEmpty ? "held" : "missed:")
        return table.text + missed.map { "  \($0)\n" }.joined()
    }
}
