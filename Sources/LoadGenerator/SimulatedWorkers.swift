import Client
import Units
import Wire

/// Workers that claim, start, heartbeat and succeed like real ones, and do nothing in between.
///
/// A few loops claim in batches by long poll, only as many jobs as there are free slots. A slot is a
/// task that sleeps: thousands of jobs run at once without threads.
struct SimulatedWorkers: Sendable {
    struct Plan: Sendable {
        /// Jobs that run at once.
        var slots: Int
        /// The lease that every claim asks for.
        var lease: TimeSpan
        /// Send one heartbeat right after the start, however short the run is.
        var heartbeatsAlways: Bool
    }

    let client: DaybookClient
    let clock: LoadClock
    let plan: Plan
    let types: TypeList
    let figures: WorkFigures
    /// How long a job runs, told from its payload.
    let runTime: @Sendable (GrantBody) -> TimeSpan
    private let slots: Slots

    init(
        client: DaybookClient, clock: LoadClock, plan: Plan, types: TypeList,
        runTime: @escaping @Sendable (GrantBody) -> TimeSpan
    ) {
        self.client = client
        self.clock = clock
        self.plan = plan
        self.types = types
        self.runTime = runTime
        figures = WorkFigures(slots: plan.slots)
        slots = Slots(plan.slots)
    }

    /// Claims and runs jobs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for loop in 0..<Self.loopCount {
                group.addTask { await claimLoop(loop) }
            }
        }
    }

    private func claimLoop(_ loop: Int) async {
        await withDiscardingTaskGroup { group in
            var patience = Patience(Self.patience, clock: clock)
            var round = loop
            while !Task.isCancelled {
                let reserved = await slots.take(upTo: Self.batchMax)
                var unused = reserved
                do throws(ClientError) {
                    let grants = try await client.claim(request(loop, round, reserved))
                    received(grants)
                    unused -= grants.count
                    for grant in grants {
                        group.addTask { await work(on: grant) }
                    }
                    patience = Patience(Self.patience, clock: clock)
                } catch {
                    await pause(after: error, &patience)
                }
                slots.give(unused)
                round += 1
            }
        }
    }

    private func request(_ loop: Int, _ round: Int, _ count: Int) -> ClaimRequest {
        ClaimRequest(
            worker: "bench-\(loop)", types: types.part(round), max: count,
            leaseSeconds: plan.lease.seconds, waitSeconds: Self.pollWait.seconds)
    }

    /// A claim that failed is never the end: others may go through, and the run ends from outside.
    private func pause(after error: ClientError, _ patience: inout Patience) async {
        guard !Task.isCancelled else { return }
        figures.failures.add("claim", error)
        if await !patience.shouldRepeat(after: error) {
            _ = await clock.sleep(for: .seconds(1))
        }
    }

    private func received(_ grants: [GrantBody]) {
        let now = clock.now
        figures.claims.add()
        figures.occupancy.change(by: grants.count, at: now)
        for grant in grants where grant.attempt == 1 {
            guard let due = clock.moment(of: grant.executionTime) else { continue }
            figures.lateness.record(now.span(since: due))
        }
    }

    private func work(on grant: GrantBody) async {
        let attempt = SimulatedAttempt(
            grant: grant, client: client, clock: clock, lease: plan.lease, figures: figures,
            patience: Self.patience)
        let isDone = await attempt.run(
            for: runTime(grant), heartbeatsAlways: plan.heartbeatsAlways)
        let now = clock.now
        figures.occupancy.change(by: -1, at: now)
        slots.give(1)
        // Jobs that were due before this run are somebody else's.
        if isDone, clock.moment(of: grant.executionTime) != nil {
            figures.done.add(at: now)
        }
    }

    /// Longer than any two polls: a type that is announced this early is in every claim by then.
    static let announcement = TimeSpan.milliseconds(2_500)
    private static let pollWait = TimeSpan.seconds(1)
    private static let patience = TimeSpan.seconds(60)
    private static let loopCount = 4
    private static let batchMax = 100
}
