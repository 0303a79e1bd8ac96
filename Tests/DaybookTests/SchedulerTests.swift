import Daybook
import FoundationEssentials
import Synchronization
import Testing

/// What a closure has noted, in order.
private final class Notes: Sendable {
    private let notes = Mutex<[String]>([])

    func add(_ note: String) { notes.withLock { $0.append(note) } }

    var all: [String] { notes.withLock { $0 } }
}

extension Scheduler {
    fileprivate func heartbeats(of id: String) async throws -> Int {
        try await timeline(of: id, of: "ann").events.count { $0.name == "Heartbeat" }
    }

    /// Runs `body` beside a worker, which is stopped afterwards; a worker that ends before is an error.
    fileprivate func whileWorking(
        on types: [String], atOnce: Int = 1, grace: Duration = .seconds(3_600),
        _ work: @escaping @Sendable (Attempt) async throws -> Void,
        _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await self.work(on: types, as: "w1", atOnce: atOnce, grace: grace, work)
                try Task.checkCancellation()
            }
            group.addTask { try await body() }
            try await group.next()
            group.cancelAll()
            // The worker's own end: it was cancelled.
            await #expect(throws: CancellationError.self) { try await group.next() }
        }
    }
}

@Suite struct `A scheduler in an application's process` {
    private let directory = DataDirectory()

    @Test func `runs a job, tells its story, and has it after the next start`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        let job = Job(user: "ann", id: "hello", type: "greet", payload: Array("Ann".utf8))
        #expect(try await scheduler.submit(job))
        #expect(try await !scheduler.submit(job))
        let notes = Notes()
        try await scheduler.whileWorking(on: ["greet"]) { attempt in
            notes.add("hello, " + String(decoding: attempt.payload, as: UTF8.self))
        } _: {
            try await scheduler.wait(for: "hello", toBe: .success)
        }
        #expect(notes.all == ["hello, Ann"])
        let events = try await scheduler.timeline(of: "hello", of: "ann").events
        #expect(events.map(\.name) == ["Submitted", "Claimed", "Processing", "Succeeded"])
        #expect(events[1].worker == "w1")
        let stretches = try await scheduler.why("hello", of: "ann")
        #expect(stretches.last?.worker == "w1")
        await scheduler.close()
        await #expect(throws: SchedulerError.notServing) { try await scheduler.submit(job) }

        let again = try await Scheduler.open(directory: directory.path)
        #expect(try await again.job("hello", of: "ann")?.status == .success)
        #expect(try await again.counts()[.success] == 1)
        await again.close()
    }

    @Test func `tries a failed job again from its checkpoint, and gives a hopeless one up`()
        async throws
    {
        let scheduler = try await Scheduler.open(directory: directory.path)
        var policy = RetryPolicy()
        policy.backoffInitial = .zero
        policy.maxRetries = 5
        try await scheduler.submit(Job(user: "ann", id: "count", type: "t", policy: policy))
        try await scheduler.submit(Job(user: "ann", id: "hopeless", type: "t", policy: policy))
        let notes = Notes()
        try await scheduler.whileWorking(on: ["t"]) { attempt in
            guard attempt.job.id == "count" else { throw FatalFailure("never") }
            let seen = attempt.checkpoint.map { String(decoding: $0, as: UTF8.self) } ?? "0"
            notes.add(seen)
            guard let step = Int(seen), step < 2 else { return }
            try await attempt.save(checkpoint: Array("\(step + 1)".utf8), progress: "\"begun\"")
            throw SchedulerError.overloaded
        } _: {
            try await scheduler.wait(for: "count", toBe: .success)
            try await scheduler.wait(for: "hopeless", toBe: .fatalFailure)
        }
        #expect(notes.all == ["0", "1", "2"])
        let dead = try await scheduler.deadLetters().jobs
        #expect(dead.map(\.id) == ["hopeless"] && dead.map(\.attempts) == [1])
        let last = try await scheduler.timeline(of: "hopeless", of: "ann").events.last
        #expect(last?.name == "FatalFailed" && last?.message == "never")
        #expect(try await scheduler.redrive("hopeless", of: "ann").status == .retriableFailure)
        await scheduler.close()
    }

    @Test func `extends a lease while the work goes on`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        var policy = RetryPolicy()
        policy.leaseDuration = .milliseconds(300)
        try await scheduler.submit(Job(user: "ann", id: "long", type: "t", policy: policy))
        try await scheduler.whileWorking(on: ["t"]) { attempt in
            // Longer than the lease, however slow the machine: until it was extended several times.
            while try await scheduler.heartbeats(of: "long") < 4,
                try await scheduler.job("long", of: "ann")?.attempts == 1
            {
                try await Task.sleep(for: .milliseconds(20))
            }
        } _: {
            try await scheduler.wait(for: "long", toBe: .success)
        }
        #expect(try await scheduler.job("long", of: "ann")?.attempts == 1)
        await scheduler.close()
    }

    @Test func `stops work whose job was cancelled, and reports nothing of it`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        var policy = RetryPolicy()
        policy.leaseDuration = .milliseconds(300)
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t", policy: policy))
        let notes = Notes()
        try await scheduler.whileWorking(on: ["t"]) { attempt in
            guard attempt.job.id == "j" else { return notes.add("next") }
            try await scheduler.cancel("j", of: "ann")
            do {
                try await Task.sleep(for: .seconds(3_600))
            } catch {
                notes.add("stopped")
            }
        } _: {
            try await scheduler.submit(Job(user: "ann", id: "k", type: "t"))
            try await scheduler.wait(for: "k", toBe: .success)
        }
        #expect(notes.all == ["stopped", "next"])
        #expect(try await scheduler.job("j", of: "ann")?.status == .cancelled)
        await scheduler.close()
    }

    @Test func `lets work go on for its grace when it is stopped, and keeps its lease`()
        async throws
    {
        let scheduler = try await Scheduler.open(directory: directory.path)
        var policy = RetryPolicy()
        policy.leaseDuration = .milliseconds(300)
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t", policy: policy))
        let stopped = Notes()
        try await scheduler.whileWorking(on: ["t"], atOnce: 2) { _ in
            while stopped.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            let before = try await scheduler.heartbeats(of: "j")
            while try await scheduler.heartbeats(of: "j") < before + 4,
                try await scheduler.job("j", of: "ann")?.attempts == 1
            {
                try await Task.sleep(for: .milliseconds(20))
            }
        } _: {
            try await scheduler.wait(for: "j", toBe: .processing)
            // The group is cancelled right after this.
            stopped.add("now")
        }
        let job = try await scheduler.job("j", of: "ann")
        #expect(job?.status == .success && job?.attempts == 1)
        await scheduler.close()
    }

    @Test func `gives what is not done when the grace is over back to be tried again`() async throws
    {
        let scheduler = try await Scheduler.open(directory: directory.path)
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t"))
        try await scheduler.whileWorking(on: ["t"], atOnce: 3, grace: .milliseconds(10)) { _ in
            try await Task.sleep(for: .seconds(3_600))
        } _: {
            try await scheduler.wait(for: "j", toBe: .processing)
        }
        let job = try await scheduler.job("j", of: "ann")
        #expect(job?.status == .retriableFailure && job?.waitsFor == "backoff")
        let last = try await scheduler.timeline(of: "j", of: "ann").events.last
        #expect(last?.message == "the worker was stopped")
        await scheduler.close()
    }

    @Test func `ends a worker, and what it runs, when it is closed`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        var policy = RetryPolicy()
        policy.leaseDuration = .milliseconds(300)
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t", policy: policy))
        let notes = Notes()
        let worker = Task {
            try await scheduler.work(on: ["t"], grace: .seconds(3_600)) { _ in
                notes.add("begun")
                do { try await Task.sleep(for: .seconds(3_600)) } catch { notes.add("stopped") }
            }
        }
        try await scheduler.wait(for: "j", toBe: .processing)
        await scheduler.close()
        await #expect(throws: SchedulerError.notServing) { try await worker.value }
        #expect(notes.all == ["begun", "stopped"])
    }

    @Test func `frees its directory when nobody holds it any more`() async throws {
        var scheduler: Scheduler? = try await Scheduler.open(directory: directory.path)
        try await scheduler?.submit(Job(user: "ann", id: "j", type: "t"))
        scheduler = nil
        var again: Scheduler?
        while again == nil {
            do throws(SchedulerError) {
                again = try await Scheduler.open(directory: directory.path)
            } catch {
                // In use until the close that nobody waits for is done.
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        #expect(try await again?.job("j", of: "ann")?.status == .notStarted)
        await again?.close()
    }

    @Test func `takes more jobs in one call than a batch holds`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        let large = [UInt8](repeating: 7, count: 60_000)
        let jobs = (0..<1_500).map { number in
            Job(user: "ann", id: "\(number)", type: "t", payload: number < 100 ? large : [])
        }
        let outcomes = try await scheduler.submit(jobs)
        #expect(outcomes == Array(repeating: .success(true), count: jobs.count))
        #expect(try await scheduler.counts()[.notStarted] == 1_500)
        #expect(try await scheduler.submit([]).isEmpty)
        await scheduler.close()
    }

    @Test(arguments: ["", "x", "{\"a\":1", String(repeating: "1", count: 65_537)])
    func `refuses a checkpoint that no other worker could read`(text: String) async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t"))
        try await scheduler.whileWorking(on: ["t"]) { attempt in
            do {
                try await attempt.save(checkpoint: Array(text.utf8))
            } catch SchedulerError.invalid(field: "checkpoint", problem: _) {
                return
            }
            throw FatalFailure("it was taken")
        } _: {
            try await scheduler.wait(for: "j", toBe: .success)
        }
        await scheduler.close()
    }

    @Test func `takes a batch, each job with an outcome of its own, and pages through them`()
        async throws
    {
        let scheduler = try await Scheduler.open(directory: directory.path)
        try await scheduler.submit(Job(user: "ann", id: "1", type: "other"))
        var jobs = (0..<5).map { Job(user: "ann", id: "\($0)", type: "t") }
        jobs[3].id = ""
        jobs.append(jobs[0])
        let outcomes = try await scheduler.submit(jobs)
        #expect(
            outcomes == [
                .success(true), .failure(.contentConflict), .success(true),
                .failure(
                    .invalid(field: "id", problem: "must not be empty: give 1 to 128 bytes")),
                .success(true),
                .success(false),
            ])
        let first = try await scheduler.jobs(of: "ann", limit: 3)
        let second = try await scheduler.jobs(of: "ann", limit: 3, after: first.next)
        #expect(first.jobs.map(\.id) == ["4", "2", "0"] && second.jobs.map(\.id) == ["1"])
        #expect(second.next == nil)
        #expect(try await scheduler.jobs(of: "ann", type: "other").jobs.map(\.id) == ["1"])
        #expect(try await scheduler.jobs(of: "nobody").jobs == [])
        #expect(try await scheduler.job("none", of: "ann") == nil)
        await scheduler.close()
    }

    @Test func `holds back what is paused, not due or beyond a limit, and says so`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        let later = Date(timeIntervalSince1970: 4_000_000_000.25)
        try await scheduler.submit(Job(user: "ann", id: "later", type: "t", executionTime: later))
        let waiting = try #require(try await scheduler.job("later", of: "ann"))
        #expect(waiting.executionTime == later && waiting.waitsFor == "notDue")
        try await scheduler.set(type: "t", isPaused: true)
        try await scheduler.reschedule("later", of: "ann", executionTime: .now)
        #expect(try await scheduler.job("later", of: "ann")?.waitsFor == "typePaused")
        try await scheduler.set(user: "ann", waitingMax: 1)
        await #expect(throws: SchedulerError.waitingLimit(1)) {
            try await scheduler.submit(Job(user: "ann", id: "more", type: "t"))
        }
        #expect(try await scheduler.cancel("later", of: "ann").status == .cancelled)
        await #expect(throws: SchedulerError.wrongStatus(.cancelled)) {
            try await scheduler.redrive("later", of: "ann")
        }
        await scheduler.close()
    }

    @Test func `submits each occurrence of a recurring job`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        let job = Job(
            user: "ann", id: "tick", type: "t", recurrence: Recurrence(.fixedRate(.seconds(1))))
        try await scheduler.submit(job)
        let notes = Notes()
        try await scheduler.whileWorking(on: ["t"]) {
            notes.add($0.job.id)
        } _: {
            while notes.all.count < 2 { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(notes.all.allSatisfy { $0.hasPrefix("tick@") })
        await scheduler.close()
    }

    @Test func `keeps a directory from being opened twice, and takes a snapshot`() async throws {
        let scheduler = try await Scheduler.open(directory: directory.path)
        await #expect(throws: SchedulerError.self) {
            _ = try await Scheduler.open(directory: directory.path)
        }
        try await scheduler.submit(Job(user: "ann", id: "j", type: "t"))
        try await scheduler.snapshot()
        try await scheduler.retain(age: .seconds(86_400))
        let files = try FileManager.default.contentsOfDirectory(
            atPath: directory.path + "/snapshots")
        #expect(files.contains { $0.hasSuffix(".snapshot") })
        await scheduler.close()
    }
}

/// A change to a good job, and the field that it spoils.
private struct Spoiled: Sendable, CustomStringConvertible {
    let field: String
    let change: @Sendable (inout Job) -> Void

    var description: String { field }

    init(_ field: String, _ change: @escaping @Sendable (inout Job) -> Void) {
        self.field = field
        self.change = change
    }

    static let all = [
        Spoiled("user") { $0.user = "" },
        Spoiled("id") { $0.id = String(repeating: "x", count: 129) },
        Spoiled("type") { $0.type = "a\nb" },
        Spoiled("payload") { $0.payload = Array(repeating: 0, count: 65_537) },
        Spoiled("contentType") { $0.contentType = "text" },
        Spoiled("executionTime") { $0.executionTime = Date(timeIntervalSince1970: -1) },
        Spoiled("executionTime") { $0.executionTime = .distantFuture.addingTimeInterval(1e15) },
        Spoiled("expiresAt") { $0.expiresAt = $0.executionTime },
        Spoiled("maxRetries") { $0.policy.maxRetries = -1 },
        Spoiled("backoffFactor") { $0.policy.backoffFactor = .nan },
        Spoiled("backoffJitter") { $0.policy.backoffJitter = 1.01 },
        Spoiled("backoffMax") { $0.policy.backoffMax = .zero },
        Spoiled("leaseDuration") { $0.policy.leaseDuration = .milliseconds(99) },
        Spoiled("runLimit") { $0.policy.runLimit = .seconds(Int64.max) },
        Spoiled("leaseExpiriesMax") { $0.policy.leaseExpiriesMax = 1_001 },
        Spoiled("fixedRate") { $0.recurrence = Recurrence(.fixedRate(.milliseconds(999))) },
        Spoiled("fixedDelay") { $0.recurrence = Recurrence(.fixedDelay(.zero)) },
        Spoiled("cron") { $0.recurrence = Recurrence(.cron("* * *")) },
        Spoiled("zone") { $0.recurrence = Recurrence(.cron("* * * * *", zone: "Mars/Base")) },
        Spoiled("cron") { $0.recurrence = Recurrence(.cron("0 0 30 2 *")) },
        Spoiled("missed") {
            $0.recurrence = Recurrence(.fixedRate(.seconds(1)), missed: .all(max: 0))
        },
        Spoiled("id") {
            $0.id = String(repeating: "x", count: 101)
            $0.recurrence = Recurrence(.fixedRate(.seconds(1)))
        },
    ]
}

@Suite struct `A job that cannot be taken` {
    @Test(arguments: Spoiled.all)
    private func `is refused with the field that is wrong`(_ spoiled: Spoiled) async throws {
        let directory = DataDirectory()
        let scheduler = try await Scheduler.open(directory: directory.path)
        let time = Date(timeIntervalSince1970: 4e9)
        var job = Job(user: "ann", id: "j", type: "t", executionTime: time)
        spoiled.change(&job)
        let spoiledJob = job
        let error = await #expect(throws: SchedulerError.self) {
            try await scheduler.submit(spoiledJob)
        }
        guard case .invalid(field: spoiled.field, let problem) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(!problem.isEmpty)
        #expect(try await scheduler.counts().values.allSatisfy { $0 == 0 })
        await scheduler.close()
    }
}
