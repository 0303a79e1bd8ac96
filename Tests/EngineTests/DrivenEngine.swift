import Engine
import EventLog
import JobModel
import Synchronization
import TestKit
import Testing
import Units

/// The two clocks of a machine, moved by hand: one that only goes on and one that people set.
final class HandClock: EngineClock {
    private struct Contents {
        var monotonic: Int64 = 1_000_000_000
        var wallOffset: Int64
    }

    private let contents: Mutex<Contents>

    init(startingAt wall: WallTime) {
        contents = Mutex(Contents(wallOffset: wall.microseconds - 1_000_000_000))
    }

    func wallTime() -> WallTime {
        contents.withLock { WallTime(microseconds: $0.monotonic + $0.wallOffset) }
    }

    func monotonicTime() -> MonotonicTime {
        contents.withLock { MonotonicTime(microseconds: $0.monotonic) }
    }

    /// Both clocks go on.
    func pass(_ span: TimeSpan) {
        contents.withLock { $0.monotonic += span.microseconds }
    }

    /// Somebody sets the wall clock.
    func jump(by span: TimeSpan) {
        contents.withLock { $0.wallOffset += span.microseconds }
    }
}

/// A `SteppedEngine` on a simulated disk, whose every call is a turn of its own.
final class DrivenEngine {
    let clock: HandClock
    private(set) var storage = SimulatedStorage()
    private(set) var engine: SteppedEngine
    /// Turns made since the start, those of calls too.
    private(set) var turns = 0

    init(startingAt text: String = "2027-01-04T10:00:00Z") throws {
        clock = HandClock(startingAt: try #require(WallTime(rfc3339: text)))
        engine = try Self.open(storage, clock)
    }

    private static func open(
        _ storage: SimulatedStorage, _ clock: HandClock
    ) throws(LogError) -> SteppedEngine {
        var options = LogOptions()
        options.segmentBytes = 256 << 10
        options.rewritesSegments = false
        options.wallClock = { clock.wallTime() }
        options.randomNumber = { 7 }
        return try SteppedEngine(
            directory: "/data", storage: storage, clock: clock, options: options)
    }

    var now: WallTime { clock.wallTime() }

    func turn() {
        turns += 1
        engine.turn()
    }

    /// Makes turns until nothing is left to do at this moment.
    func settle() {
        repeat { turn() } while engine.patience() == .zero && turns < 1_000_000
    }

    /// Time goes on, and the engine makes a turn whenever it asks for one.
    func pass(_ span: TimeSpan) {
        var left = span
        while left > .zero {
            let step = min(left, max(engine.patience(), .milliseconds(1)))
            clock.pass(step)
            left = TimeSpan(microseconds: left.microseconds - step.microseconds)
            turn()
        }
        settle()
    }

    /// The power is cut, and after `outage` the engine opens what the disk kept for certain.
    func cutPower(outage: TimeSpan = .zero) throws {
        try reopen(storage.crashed(), after: outage)
    }

    /// The same with a disk on which any part of what was not synced may be found.
    func cutPower(seed: UInt64) throws {
        try reopen(storage.cutPower().image(seed: seed).storage, after: .zero)
    }

    /// The process is killed, and the engine opens what it has written.
    func restart() throws {
        try reopen(storage.killed(), after: .zero)
    }

    private func reopen(_ disk: SimulatedStorage, after outage: TimeSpan) throws {
        storage = disk
        clock.pass(outage)
        engine = try Self.open(disk, clock)
    }
}

/// Holds the answer to one request.
private final class Slot<Answer: Sendable>: Sendable {
    private let answer = Mutex<Result<Answer, EngineError>?>(nil)

    func put(_ result: Result<Answer, EngineError>) { answer.withLock { $0 = result } }

    func take() -> Result<Answer, EngineError>? { answer.withLock { $0 } }
}

extension DrivenEngine {
    /// Asks, makes a turn, and takes the answer, which must be there.
    private func ask<Answer: Sendable>(
        _ request: (@escaping @Sendable (Result<Answer, EngineError>) -> Void) -> Void
    ) throws -> Answer {
        let slot = Slot<Answer>()
        request { slot.put($0) }
        turn()
        let result = slot.take()
        return try #require(result).get()
    }

    @discardableResult
    func submit(_ key: JobKey, _ content: JobContent) throws -> SubmitReceipt {
        try ask { engine.submit(key, content, $0) }
    }

    /// Claims what is ready, at most `count` jobs.
    func claim(
        _ count: Int = 1, by worker: String = "w1", types: [JobType] = [.work]
    ) throws -> [Grant] {
        try ask { engine.claim(.of(count, by: worker, types: types), wait: .zero, $0) }
    }

    /// Claims one job, which must be there.
    func claimOne(by worker: String = "w1") throws -> Grant {
        let grants = try claim(by: worker)
        return try #require(grants.first)
    }

    @discardableResult
    func report(_ token: LSN, _ step: AttemptStep) throws -> JobView {
        try ask { engine.report(AttemptReport(token: token, step: step), $0) }
    }

    func report(_ reports: [AttemptReport]) throws -> [AttemptOutcome] {
        try ask { engine.report(reports, $0) }
    }

    /// Starts and succeeds.
    func finish(_ grant: Grant) throws {
        try report(grant.token, .start)
        try report(grant.token, .succeed(message: nil))
    }

    /// Starts, and fails with a checkpoint for the next attempt.
    func fail(_ grant: Grant, leaving checkpoint: [UInt8]) throws {
        try report(grant.token, .start)
        try report(
            grant.token, .heartbeat(leaseDuration: nil, progress: nil, checkpoint: checkpoint))
        try report(grant.token, .fail(isRetriable: true, message: nil))
    }

    func look(_ key: JobKey) throws -> JobView { try ask { engine.look(key, $0) } }

    @discardableResult
    func change(_ key: JobKey, _ change: JobChange) throws -> JobView {
        try ask { engine.change(key, change, $0) }
    }

    @discardableResult
    func control(_ scope: ControlScope, _ change: ControlChange) throws -> Control {
        try ask { engine.control(scope, change, $0) }
    }

    /// Has a snapshot taken, and makes turns until it is there.
    func snapshot() throws -> SnapshotReceipt {
        let slot = Slot<SnapshotOutcome>()
        engine.snapshot { slot.put($0) }
        for _ in 0..<100 where slot.take() == nil {
            turn()
            clock.pass(.milliseconds(5))
        }
        guard case .success(.written(let receipt)) = slot.take() else {
            throw NoSnapshot()
        }
        return receipt
    }

    private struct NoSnapshot: Error {}

    /// All jobs of a user, oldest submit first.
    func jobs(of user: String) throws -> [JobView] {
        let page = try ask {
            engine.list(JobQuery(user: UserID(unchecked: user), limit: 10_000), $0)
        }
        return page.jobs.reversed()
    }

    /// When the occurrences of `ann/tick` ticked, oldest first.
    func ticks() throws -> [WallTime] {
        try jobs(of: "ann").compactMap { job in
            guard job.occurrenceOf != nil || job.key.job.text.hasPrefix("tick@") else { return nil }
            return WallTime(rfc3339: job.key.job.text.dropFirst("tick@".count))
        }
    }

    /// Puts a claim in line that waits for `wait`, and tells what it was given.
    func wait(_ wait: TimeSpan) -> () -> [Grant]? {
        let slot = Slot<[Grant]>()
        engine.claim(.of(1, by: "w1"), wait: wait) { slot.put($0) }
        turn()
        return {
            guard case .success(let grants) = slot.take() else { return nil }
            return grants
        }
    }
}

extension Grant {
    /// The token of a fresh lease is the position of the claim.
    var token: LSN { job.lastLSN }
}

extension JobKey {
    init(_ user: String, _ job: String) {
        self.init(user: UserID(unchecked: user), job: JobID(unchecked: job))
    }
}

extension JobType {
    static let work = JobType(unchecked: "work")
    static let other = JobType(unchecked: "other")
}

extension ClaimOrder {
    static func of(
        _ count: Int, by worker: String = "w1", types: [JobType] = [.work]
    ) -> ClaimOrder {
        ClaimOrder(
            worker: WorkerName(unchecked: worker), types: types, countMax: count,
            leaseDuration: nil)
    }
}

extension JobContent {
    /// A job that is due at once, leased for a minute, and tried again without a wait.
    static func work(
        _ type: JobType = .work, at time: WallTime? = nil, priority: UInt8 = 100,
        retries: Int = 3, backoff: TimeSpan = .zero, runLimit: TimeSpan? = nil,
        leaseExpiriesMax: Int = 3, payload: [UInt8] = [], recurrence: Recurrence? = nil
    ) -> JobContent {
        let policy = JobPolicy(
            maxRetries: retries,
            backoff: Backoff(initial: backoff, factorPercent: 100, max: backoff),
            leaseDuration: .seconds(60), runLimit: runLimit, leaseExpiriesMax: leaseExpiriesMax,
            contentType: "application/json")
        return JobContent(
            type: type, executionTime: time, priority: priority, payload: payload, policy: policy,
            recurrence: recurrence)
    }

    /// A job whose ticks run beside each other.
    static func ticking(
        _ rule: RecurrenceRule, missed: MissedTickPolicy = .all(max: 1_000)
    ) -> JobContent {
        .work(recurrence: Recurrence(rule: rule, overlap: .allow, missed: missed))
    }
}
