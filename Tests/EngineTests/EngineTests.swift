import Engine
import EventLog
import JobModel
import Synchronization
import TestKit
import Testing
import Units

private let ann = JobKey(user: UserID(unchecked: "ann"), job: JobID(unchecked: "j1"))
private let mail = JobType(unchecked: "mail")

private func content(
    after span: TimeSpan? = nil, retries: Int = 2, backoff: TimeSpan = .milliseconds(1),
    lease: TimeSpan = .seconds(600), runLimit: TimeSpan? = nil, payload: [UInt8] = []
) -> JobContent {
    var policy = JobPolicy.standard
    policy.maxRetries = retries
    policy.backoff = Backoff(initial: backoff, factorPercent: 100, max: backoff)
    policy.leaseDuration = lease
    policy.runLimit = runLimit
    return JobContent(
        type: mail, executionTime: span.map { SystemClock().wallTime().advanced(by: $0) },
        payload: payload, policy: policy)
}

private func order(_ count: Int = 1, lease: TimeSpan? = nil) -> ClaimOrder {
    ClaimOrder(
        worker: WorkerName(unchecked: "w1"), types: [mail], countMax: count, leaseDuration: lease)
}

/// Long enough for any machine: a wait that ends by it is a failure, not a measurement.
private let patience = TimeSpan.seconds(60)

extension Engine {
    /// Claims one job, waiting for it.
    fileprivate func claimOne(lease: TimeSpan? = nil) async throws -> Grant {
        try #require(await claim(order(lease: lease), wait: patience).first)
    }
}

@Suite struct `Recovery's progress` {
    @Test func `tells how long the rest will take`() {
        var progress = RecoveryProgress(
            recordsReplayed: 1, bytesRead: 0, bytesTotal: 400, tornTail: nil)
        #expect(progress.remaining(after: .seconds(3)) == nil)
        progress.bytesRead = 100
        #expect(progress.remaining(after: .seconds(3)) == .seconds(9))
        progress.bytesRead = 400
        #expect(progress.remaining(after: .seconds(3)) == .zero)
    }
}

@Suite struct `An engine` {
    @Test func `runs a job from submit to success and tells its story`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        let receipt = try await engine.submit(ann, content(payload: [1, 2]))
        #expect(receipt.isNew)
        #expect(receipt.job.status == .notStarted)
        let grant = try await engine.claimOne()
        #expect(grant.payload == [1, 2])
        #expect(grant.job.attempt == 1)
        let token = try #require(grant.job.lease?.token)
        #expect(try await engine.start(token: token).status == .processing)
        _ = try await engine.heartbeat(
            token: token, leaseDuration: nil, progress: [7], checkpoint: [8])
        #expect(try await engine.detail(ann).progress == [7])
        #expect(try await engine.succeed(token: token, message: nil).status == .success)
        let detail = try await engine.detail(ann)
        #expect(detail.payload == [1, 2])
        #expect(detail.job.lease == nil)
        let timeline = try await engine.timeline(ann, eventsMax: 100)
        #expect(
            timeline.events.map(\.event.fact.name)
                == ["Submitted", "Claimed", "Processing", "Heartbeat", "Succeeded"])
        #expect(!timeline.isTruncated)
        #expect(try await engine.timeline(ann, eventsMax: 2).events.count == 2)
        await engine.close()
    }

    @Test func `shows after a restart exactly what it showed before`() async throws {
        let directory = try TemporaryDirectory()
        let first = try await Engine.open(directory: directory.path)
        for number in 0..<50 {
            let key = JobKey(user: ann.user, job: JobID(unchecked: "job \(number)"))
            _ = try await first.submit(key, content())
        }
        for grant in try await first.claim(order(20), wait: .zero) {
            let token = try #require(grant.job.lease?.token)
            _ = try await first.start(token: token)
            if grant.job.key.job.text.hasSuffix("5") {
                _ = try await first.fail(token: token, isRetriable: false, message: "odd")
            } else {
                _ = try await first.succeed(token: token, message: nil)
            }
        }
        let query = JobQuery(user: ann.user, limit: 100)
        let before = try await first.list(query)
        let counts = try await first.stats().counts
        await first.close()
        let second = try await Engine.open(directory: directory.path)
        #expect(try await second.list(query) == before)
        #expect(try await second.stats().counts == counts)
        #expect(counts[.success] == 18)
        #expect(counts[.fatalFailure] == 2)
        await second.close()
    }

    @Test func `wakes a waiting claim when a job becomes due`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        async let grant = engine.claimOne()
        _ = try await engine.submit(ann, content(after: .milliseconds(30)))
        #expect(try await grant.job.key == ann)
        await engine.close()
    }

    @Test func `gives a job whose worker fell silent to another, and refuses the first`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        _ = try await engine.submit(ann, content(lease: .milliseconds(100)))
        let silent = try #require(try await engine.claimOne().job.lease?.token)
        let second = try await engine.claimOne(lease: .seconds(600))
        #expect(second.job.attempt == 2)
        #expect(second.job.leaseExpiries == 1)
        let error = await #expect(throws: EngineError.self) {
            try await engine.succeed(token: silent, message: nil)
        }
        guard case .rejected(.staleToken(silent, let holder)) = error else {
            Issue.record("the late worker was told \(String(describing: error))")
            return
        }
        #expect(holder.lease?.token == second.job.lease?.token)
        await engine.close()
    }

    @Test func `ends an attempt at its run limit however often it heartbeats`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        _ = try await engine.submit(ann, content(retries: 0, runLimit: .milliseconds(100)))
        let token = try #require(try await engine.claimOne().job.lease?.token)
        var error: EngineError?
        while error == nil {
            do throws(EngineError) {
                _ = try await engine.heartbeat(
                    token: token, leaseDuration: nil, progress: nil, checkpoint: nil)
            } catch let refusal {
                error = refusal
            }
        }
        let detail = try await engine.detail(ann)
        #expect(detail.job.status == .fatalFailure)
        #expect(detail.lastFailure?.reason == .runLimitExceeded)
        await engine.close()
    }

    @Test func `answers a repeated completion like the first and a forged token not at all`()
        async throws
    {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        _ = try await engine.submit(ann, content(retries: 5))
        let first = try #require(try await engine.claimOne().job.lease?.token)
        let failed = try await engine.fail(token: first, isRetriable: true, message: "no")
        let again = try await engine.fail(token: first, isRetriable: true, message: "no")
        #expect(again.lastLSN == failed.lastLSN && again.nextAttemptAt == failed.nextAttemptAt)
        let second = try #require(try await engine.claimOne().job.lease?.token)
        _ = try await engine.start(token: second)
        let done = try await engine.succeed(token: second, message: nil)
        #expect(try await engine.succeed(token: second, message: nil) == done)
        await #expect(throws: EngineError.rejected(.staleToken(second, done))) {
            try await engine.fail(token: second, isRetriable: true, message: nil)
        }
        await #expect(throws: EngineError.rejected(.staleToken(first, done))) {
            try await engine.succeed(token: first, message: nil)
        }
        // 1 is the LSN of the submit, 999 999 of nothing.
        for forged in [1, 999_999] as [UInt64] {
            let token = LSN(rawValue: forged)
            await #expect(throws: EngineError.rejected(.unknownToken(token))) {
                try await engine.start(token: token)
            }
        }
        await engine.close()
    }

    @Test func `gives a job to the claim that has waited longest, not to the newest`() async throws
    {
        let directory = try TemporaryDirectory()
        let disk = SlowDisk()
        let engine = try await Engine.open(directory: directory.path, storage: disk)
        let waiting = Task { try await engine.claim(order(), wait: patience) }
        while try await engine.stats().waitingClaims == 0 { await Task.yield() }
        // While the writer waits for the disk, what comes gathers into one batch.
        disk.gate.shut()
        let other = JobContent(type: JobType(unchecked: "other"), executionTime: nil)
        let key = JobKey(user: ann.user, job: JobID(unchecked: "other"))
        let first = Task { try await engine.submit(key, other) }
        await disk.gate.arrival()
        let submit = Task { try await engine.submit(ann, content()) }
        for _ in 0..<500 { await Task.yield() }
        let newer = Task { try await engine.claim(order(), wait: .zero) }
        for _ in 0..<500 { await Task.yield() }
        disk.gate.open()
        #expect(try await newer.value.isEmpty)
        #expect(try await waiting.value.first?.job.key == ann)
        _ = try await (first.value, submit.value)
        await engine.close()
    }

    @Test func `takes back a claim whose caller has gone`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        let waiting = Task { try await engine.claim(order(), wait: patience) }
        while try await engine.stats().waitingClaims == 0 { await Task.yield() }
        waiting.cancel()
        #expect(try await waiting.value.isEmpty)
        _ = try await engine.submit(ann, content())
        #expect(try await engine.detail(ann).job.status == .notStarted)
        #expect(try await engine.stats().waitingClaims == 0)
        await engine.close()
    }

    @Test func `refuses everything once it is closed`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        let waiting = Task { try await engine.claim(order(), wait: patience) }
        while try await engine.stats().waitingClaims == 0 { await Task.yield() }
        await engine.close()
        await #expect(throws: EngineError.notServing) { try await waiting.value }
        await #expect(throws: EngineError.notServing) { try await engine.submit(ann, content()) }
        // The lock is free again.
        await (try await Engine.open(directory: directory.path)).close()
    }

    @Test func `keeps a second one off its directory`() async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(directory: directory.path)
        await #expect(throws: LogError.self) {
            try await Engine.open(directory: directory.path)
        }
        await engine.close()
    }
}

private final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func increment() { count.add(1, ordering: .relaxed) }
}

@Suite struct `What an engine shows` {
    @Test func `is never less durable than the log`() async throws {
        let directory = try TemporaryDirectory()
        let disk = SlowDisk()
        let engine = try await Engine.open(directory: directory.path, storage: disk)
        let other = JobKey(user: ann.user, job: JobID(unchecked: "j2"))
        _ = try await engine.submit(other, content())
        let answered = Counter()
        disk.gate.shut()
        await withTaskGroup { group in
            group.addTask {
                do {
                    // Too large for the writer to sync by itself: it stays free to answer reads.
                    _ = try await engine.submit(
                        ann, content(payload: [UInt8](repeating: 7, count: 60_000)))
                    answered.increment()
                } catch {
                    Issue.record("the submit failed: \(error)")
                }
            }
            await disk.gate.arrival()
            // The submit is with the disk: a reader who saw it now could see it vanish.
            group.addTask {
                do {
                    // One that came before the submit saw nothing of it, and may be answered.
                    let page = try await engine.list(JobQuery(user: ann.user, limit: 10))
                    if page.jobs.contains(where: { $0.key == ann }) { answered.increment() }
                } catch {
                    Issue.record("the listing failed: \(error)")
                }
            }
            for _ in 0..<2_000 { await Task.yield() }
            #expect(answered.value == 0)
            disk.gate.open()
        }
        #expect(answered.value >= 1)
        await engine.close()
    }

    @Test func `is of unknown outcome when the disk fails, and nothing more is taken`() async throws
    {
        let directory = try TemporaryDirectory()
        let disk = SlowDisk()
        let engine = try await Engine.open(directory: directory.path, storage: disk)
        _ = try await engine.submit(ann, content())
        let late = JobKey(user: ann.user, job: JobID(unchecked: "late"))
        disk.gate.breakDown()
        await #expect(throws: EngineError.outcomeUnknown) {
            try await engine.submit(late, content())
        }
        #expect(engine.failure != nil)
        await #expect(throws: EngineError.notServing) { try await engine.submit(late, content()) }
        await engine.close()
        let again = try await Engine.open(directory: directory.path)
        #expect(try await again.detail(ann).job.status == .notStarted)
        await again.close()
    }
}

/// A wall clock that a test sets; the monotonic clock stays the real one.
private final class JumpingClock: EngineClock {
    private let offset = Atomic<Int64>(0)

    func jump(by span: TimeSpan) {
        offset.add(span.microseconds, ordering: .relaxed)
    }

    func wallTime() -> WallTime {
        SystemClock().wallTime()
            .advanced(by: TimeSpan(microseconds: offset.load(ordering: .relaxed)))
    }

    func monotonicTime() -> MonotonicTime { SystemClock().monotonicTime() }
}

@Suite struct `The time of an engine` {
    @Test func `never goes back, and its jumps end no lease`() async throws {
        let directory = try TemporaryDirectory()
        let clock = JumpingClock()
        let engine = try await Engine.open(directory: directory.path, clock: clock)
        _ = try await engine.submit(ann, content(lease: .seconds(60)))
        let token = try #require(try await engine.claimOne().job.lease?.token)
        clock.jump(by: .seconds(3_600))
        _ = try await engine.start(token: token)
        let there = try await engine.stats().now
        clock.jump(by: .seconds(-7_200))
        _ = try await engine.heartbeat(
            token: token, leaseDuration: nil, progress: nil, checkpoint: nil)
        #expect(try await engine.stats().now >= there)
        #expect(try await engine.succeed(token: token, message: nil).status == .success)
        let times = try await engine.timeline(ann, eventsMax: 10).events.map(\.event.time)
        #expect(times == times.sorted())
        await engine.close()
    }
}
