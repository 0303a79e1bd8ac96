import Client
import Synchronization
import Units
import Wire

/// One replay while it runs: its clock, its workers and what it has counted.
final class TraceSession: Sendable {
    let clock: LoadClock
    let acknowledged = Milestones()
    private let clients: LoadClients
    private let plan: TraceReplay.Plan
    private let types: TypeList
    private let workers: SimulatedWorkers
    private let loop: OpenLoop
    private let submitAck = LatencyRecorder()
    private let failures = FailureTally()
    /// Why the replay must end early.
    private let fault = Mutex<LoadError?>(nil)
    private let outlook = Mutex(Outlook())

    init(clients: LoadClients, plan: TraceReplay.Plan, types: TypeList, feed: TraceFeed) {
        clock = LoadClock()
        self.clients = clients
        self.plan = plan
        self.types = types
        loop = OpenLoop(clock: clock, outstandingMax: Self.outstandingMax)
        workers = SimulatedWorkers(
            client: clients.workers, clock: clock,
            plan: .init(slots: plan.slots, lease: plan.lease, heartbeatsAlways: false),
            types: types, runTime: { feed.runTime(of: $0.payload) })
    }

    /// Submits everything, and returns when everything has ended.
    func run(
        _ feed: inout TraceFeed, progress: @escaping @Sendable (String) -> Void
    ) async throws(LoadError) {
        let outcome = await withTaskGroup(returning: Result<Void, LoadError>.self) { group in
            defer { group.cancelAll() }
            group.addTask { await self.workers.run() }
            group.addTask {
                while await self.clock.sleep(for: .seconds(1)) {
                    progress(self.progressLine)
                }
            }
            do throws(LoadError) {
                try await loop.run(
                    next: { () async throws(LoadError) in
                        if let fault = fault.withLock({ $0 }) { throw fault }
                        let arrival = try await feed.next()
                        outlook.withLock { $0 = feed.outlook }
                        return arrival
                    }, send: { await self.submit($0) })
                if let fault = fault.withLock({ $0 }) { throw fault }
                try await untilAllEnded()
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try outcome.get()
    }

    /// Submits one job, again while the daemon is out of reach.
    private func submit(_ arrival: Arrival<SWFJob>) async {
        let job = arrival.value
        let request = SubmitRequest(
            job: String(job.number), type: job.typeName,
            executionTime: clock.wallTime(at: arrival.due), payload: TracePayload.encoded(job))
        var patience = Patience(Self.patience, clock: clock)
        while true {
            do throws(ClientError) {
                _ = try await clients.submitters.submit(user: job.userName, request)
                let now = clock.now
                submitAck.record(now.span(since: arrival.due))
                acknowledged.add(at: now)
                return
            } catch {
                if case .refused(409, _) = error {
                    fault.withLock { $0 = .jobTaken(user: job.userName, job: String(job.number)) }
                    return
                }
                failures.add("submit", error)
                guard await patience.shouldRepeat(after: error) else { return }
            }
        }
    }

    /// Waits for the workers: until each job they were given has succeeded, until the daemon has none
    /// left of these types, or until nothing has run for so long that nothing more will.
    private func untilAllEnded() async throws(LoadError) {
        var quietSince = clock.now
        var polls = 0
        while workers.figures.done.count < acknowledged.count {
            guard await clock.sleep(for: .milliseconds(100)) else { return }
            if workers.figures.occupancy.busy > 0 { quietSince = clock.now }
            let quiet = clock.now.span(since: quietSince)
            if quiet > TimeSpan(microseconds: 2 * plan.lease.microseconds) + .seconds(60) { return }
            polls += 1
            if polls.isMultiple(of: 20), try await openJobs() == 0 { return }
        }
    }

    /// Jobs of the trace's types that have not ended, in the daemon's own count.
    private func openJobs() async throws(LoadError) -> UInt64 {
        let names = Set(types.all)
        do throws(ClientError) {
            return try await clients.workers.stats().types.filter { names.contains($0.type) }
                .reduce(0) { sum, type in
                    sum + type.counts.notStarted + type.counts.claimed + type.counts.processing
                        + type.counts.retriableFailure
                }
        } catch {
            throw .daemon("the daemon's counters cannot be read: \(error)")
        }
    }

    private var progressLine: String {
        let outlook = outlook.withLock { $0 }
        let figures = workers.figures
        let now = clock.now
        let lateness = figures.lateness.summary
        let submitted = acknowledged.count
        var line = "\(now.microseconds / 1_000_000) s  submitted \(submitted)"
        if let jobs = outlook.jobs { line += " of \(jobs)" }
        line += "  running \(figures.occupancy.busy)  done \(figures.done.count)"
        line += "  lateness p50 \(ReportTable.number(lateness.p50)) ms"
        line += ", p99 \(ReportTable.number(lateness.p99)) ms"
        guard let left = outlook.left(at: now, submitted: submitted), left > .zero else {
            return line
        }
        return line + "  about \(Int(left.seconds.rounded(.up))) s left"
    }

    /// Everything counted, as a report.
    func report(
        _ feed: TraceFeed, usage: Usage, wall: MonotonicTime,
        byStatus: [(status: String, count: Int)], differences: [String]
    ) -> TraceReport {
        let figures = workers.figures
        let submitSeconds = max(Double(acknowledged.lastAt.microseconds) / 1_000_000, 0.001)
        return TraceReport(
            jobs: feed.jobsByUser.values.reduce(0, +), submitted: acknowledged.count,
            users: feed.jobsByUser.count, types: types.all.count, speedup: plan.speedup,
            tracePeriodFrom: feed.period?.from.description,
            tracePeriodTo: feed.period?.to.description,
            wallSeconds: Double(wall.microseconds) / 1_000_000,
            submitsPerSecond: Double(acknowledged.count) / submitSeconds,
            submitAck: submitAck.summary, dispatchLateness: figures.lateness.summary,
            startLag: loop.startLag.summary, heldBack: loop.heldBack.value,
            slots: figures.occupancy.summary(at: wall), heartbeats: figures.heartbeats.value,
            lostAttempts: figures.lostAttempts.value,
            failures: failures.byKind.merging(figures.failures.byKind, uniquingKeysWith: +),
            jobsByStatus: Dictionary(uniqueKeysWithValues: byStatus.map { ($0.status, $0.count) }),
            usage: usage, differences: differences)
    }

    private static let outstandingMax = 1_024
    private static let patience = TimeSpan.seconds(60)
}
