import Synchronization
package import Units
import Wire

/// Submits the jobs of a trace at their scaled times and runs them for their scaled run times.
///
/// A job's `executionTime` is the moment at which it is to be submitted: it is due at once, its
/// lateness counts from there, and a submit that is repeated because its answer was lost says the
/// same again and so is idempotent.
package struct TraceReplay: Sendable {
    package struct Plan: Sendable {
        /// Seconds of the trace that pass in one second; above 0.
        package var speedup: Double
        /// Jobs that run at once.
        package var slots: Int
        /// Jobs to take from the trace; nil: all.
        package var limit: Int?
        /// The lease that the workers ask for.
        package var lease: TimeSpan

        package init(speedup: Double, slots: Int, limit: Int? = nil, lease: TimeSpan) {
            self.speedup = speedup
            self.slots = slots
            self.limit = limit
            self.lease = lease
        }
    }

    private let clients: LoadClients
    private let plan: Plan
    private let progress: @Sendable (String) -> Void

    /// - Parameters:
    ///   - clients: Connections to a daemon that is ready; they stay open.
    ///   - plan: How fast, and with how many workers.
    ///   - progress: Takes a line about each second.
    package init(
        clients: LoadClients, plan: Plan, progress: @escaping @Sendable (String) -> Void
    ) {
        self.clients = clients
        self.plan = plan
        self.progress = progress
    }

    /// Replays the trace to its end and compares the daemon's counts with it.
    package func run(_ reader: TraceReader) async throws(LoadError) -> TraceReport {
        let types = TypeList()
        var feed = TraceFeed(reader, limit: plan.limit, speedup: plan.speedup, types: types)
        try await feed.readAhead()
        let usersBefore = try await UserCounts.taken(clients.workers)
        let session = TraceSession(clients: clients, plan: plan, types: types, feed: feed)
        let before = try await UsageReading.taken(clients.workers, session.clock)
        try await session.run(&feed, progress: progress)
        let end = try await UsageReading.taken(clients.workers, session.clock)
        let usersAfter = try await UserCounts.taken(clients.workers)
        let differences = CountsCheck.differences(
            expected: feed.jobsByUser, before: usersBefore.byUser, after: usersAfter.byUser)
        let byStatus = CountsCheck.totals(
            of: feed.jobsByUser.keys, before: usersBefore.byUser, after: usersAfter.byUser)
        let usage = Usage(
            from: before, to: end, logAfter: end.stats, jobs: session.acknowledged.count)
        return session.report(
            feed, usage: usage, wall: end.moment, byStatus: byStatus, differences: differences)
    }
}
