import Client
import Synchronization
package import Units
import Wire

/// Offers jobs at a fixed rate, open loop, with workers beside that complete them.
package final class IngestRun: Sendable {
    package struct Plan: Sendable {
        /// Jobs a second; above 0.
        package var rate: Double
        package var duration: TimeSpan
        /// Jobs that run at once.
        package var slots: Int
        package var users: Int
        package var types: Int
        package var seed: UInt64

        package init(
            rate: Double, duration: TimeSpan, slots: Int, users: Int, types: Int, seed: UInt64
        ) {
            self.rate = rate
            self.duration = duration
            self.slots = slots
            self.users = users
            self.types = types
            self.seed = seed
        }
    }

    private let clients: LoadClients
    private let plan: Plan
    private let clock: LoadClock
    private let mix: IngestMix
    private let workers: SimulatedWorkers
    private let loop: OpenLoop
    private let offered = Milestones()
    private let acknowledged = Milestones()
    private let submitAck = LatencyRecorder()
    private let refusals = FailureTally()

    package init(clients: LoadClients, plan: Plan) {
        self.clients = clients
        self.plan = plan
        clock = LoadClock()
        mix = IngestMix(
            userCount: plan.users, typeCount: plan.types, seed: plan.seed,
            run: UInt64(clock.startedAt.microseconds))
        loop = OpenLoop(clock: clock, outstandingMax: Self.outstandingMax)
        workers = SimulatedWorkers(
            client: clients.workers, clock: clock,
            plan: .init(slots: plan.slots, lease: Self.lease, heartbeatsAlways: true),
            types: TypeList(mix.types), runTime: { _ in .zero })
    }

    /// Runs to the end of the schedule and until the backlog is done, for at most half a minute.
    ///
    /// `progress` takes a line about each second.
    package func run(
        progress: @escaping @Sendable (String) -> Void
    ) async throws(LoadError) -> IngestReport {
        let before = try await UsageReading.taken(clients.workers, clock)
        let origin = clock.now
        let outcome = await withTaskGroup(
            returning: Result<(Backlog, UsageReading), LoadError>.self
        ) { group in
            defer { group.cancelAll() }
            group.addTask { await self.workers.run() }
            group.addTask {
                while await self.clock.sleep(for: .seconds(1)) { progress(self.progressLine) }
            }
            do throws(LoadError) {
                let backlog = try await offer(from: origin)
                let end = try await UsageReading.taken(clients.workers, clock)
                await untilCompleted()
                return .success((backlog, end))
            } catch {
                return .failure(error)
            }
        }
        let (backlog, end) = try outcome.get()
        let after = try await UsageReading.taken(clients.workers, clock)
        let usage = Usage(
            from: before, to: end, logAfter: after.stats, jobs: acknowledged.count)
        return report(since: origin, backlog, usage)
    }

    private struct Backlog {
        var atHalf = 0
        var atEnd = 0
    }

    /// Starts all arrivals, and returns when each has its answer.
    private func offer(from origin: MonotonicTime) async throws(LoadError) -> Backlog {
        var arrivals = PoissonArrivals(
            ratePerSecond: plan.rate, duration: plan.duration, seed: plan.seed)
        var backlog = Backlog()
        var index = 0
        try await loop.run(
            next: { () async throws(LoadError) in
                if index == arrivals.count / 2 { backlog.atHalf = openJobs }
                guard let offset = arrivals.next() else {
                    backlog.atEnd = openJobs
                    return nil
                }
                defer { index += 1 }
                return Arrival(value: index, due: origin.advanced(by: offset))
            }, send: { await self.submit($0) })
        return backlog
    }

    private var openJobs: Int { acknowledged.count - workers.figures.done.count }

    /// A submit that fails is not made again: what it costs a caller is what is measured.
    private func submit(_ arrival: Arrival<Int>) async {
        offered.add(at: clock.now)
        let (user, request) = mix.job(
            arrival.value, executionTime: clock.wallTime(at: arrival.due))
        do throws(ClientError) {
            _ = try await clients.submitters.submit(user: user, request)
            let now = clock.now
            submitAck.record(now.span(since: arrival.due))
            acknowledged.add(at: now)
        } catch {
            refusals.add("submit", error)
        }
    }

    private func untilCompleted() async {
        let limit = clock.now.advanced(by: Self.drainMax)
        while openJobs > 0, clock.now < limit {
            guard await clock.sleep(for: .milliseconds(50)) else { return }
        }
    }

    private var progressLine: String {
        let lateness = workers.figures.lateness.summary
        let ack = submitAck.summary
        return "\(clock.now.microseconds / 1_000_000) s  offered \(offered.count)"
            + "  acknowledged \(acknowledged.count)  completed \(workers.figures.done.count)"
            + "  refused \(refusals.total)  ack p99 \(ReportTable.number(ack.p99)) ms"
            + "  lateness p99 \(ReportTable.number(lateness.p99)) ms"
    }

    private func report(
        since origin: MonotonicTime, _ backlog: Backlog, _ usage: Usage
    ) -> IngestReport {
        let figures = workers.figures
        func rate(_ milestones: Milestones) -> Double {
            let seconds = milestones.lastAt.span(since: origin).seconds
            return Double(milestones.count) / max(seconds, plan.duration.seconds)
        }
        let floor = FloorFigures(
            askedRate: plan.rate, offeredRate: rate(offered), acknowledgedRate: rate(acknowledged),
            completedRate: rate(figures.done), refusals: refusals.total,
            lostAttempts: figures.lostAttempts.value, heldBack: loop.heldBack.value,
            backlogAtHalf: backlog.atHalf, backlogAtEnd: backlog.atEnd)
        return IngestReport(
            askedRate: plan.rate, durationSeconds: plan.duration.seconds,
            wallSeconds: clock.now.span(since: origin).seconds, arrivals: offered.count,
            acknowledged: acknowledged.count, completed: figures.done.count,
            offeredRate: floor.offeredRate, acknowledgedRate: floor.acknowledgedRate,
            completedRate: floor.completedRate, submitAck: submitAck.summary,
            dispatchLateness: figures.lateness.summary, startLag: loop.startLag.summary,
            heldBack: floor.heldBack, backlogAtHalf: backlog.atHalf, backlogAtEnd: backlog.atEnd,
            claims: figures.claims.value, heartbeats: figures.heartbeats.value,
            lostAttempts: floor.lostAttempts, slots: figures.occupancy.summary(at: clock.now),
            refusals: refusals.byKind, workerFailures: figures.failures.byKind, usage: usage,
            missed: FloorVerdict.reasons(floor))
    }

    /// Some seconds of arrivals at any rate a machine of this kind carries.
    private static let outstandingMax = 4_096
    private static let lease = TimeSpan.seconds(60)
    private static let drainMax = TimeSpan.seconds(30)
}
