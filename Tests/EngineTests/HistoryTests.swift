import Engine
import EventLog
import Foundation
import Glibc
import JobModel
import Storage
import Synchronization
import TestKit
import Testing
import Units

/// An engine on real files that lets few jobs stay in memory once they have ended.
private struct Workplace {
    let directory: TemporaryDirectory
    private let storage: any Storage
    private(set) var engine: Engine

    init(on storage: any Storage = PosixStorage(), rowsMin: Int = 200) async throws {
        directory = try TemporaryDirectory()
        self.storage = storage
        engine = try await Self.open(directory, storage, rowsMin)
    }

    static func open(
        _ directory: TemporaryDirectory, _ storage: any Storage, _ rowsMin: Int
    ) async throws -> Engine {
        var options = EngineOptions()
        options.history.rowsMin = rowsMin
        options.history.fanIn = 2
        options.segmentBytes = 256 << 10
        return try await Engine.open(directory: directory.path, options: options, storage: storage)
    }

    mutating func reopen(rowsMin: Int = 200) async throws {
        await engine.close()
        engine = try await Self.open(directory, storage, rowsMin)
    }

    static let type = JobType(unchecked: "mail")

    static func key(_ number: Int) -> JobKey {
        JobKey(user: UserID(unchecked: "u\(number % 3)"), job: JobID(unchecked: "j\(number)"))
    }

    static func content(_ number: Int) -> JobContent {
        var policy = JobPolicy.standard
        policy.maxRetries = number % 2
        return JobContent(
            type: type, executionTime: nil, payload: Array("{\"n\":\(number)}".utf8),
            policy: policy)
    }

    @discardableResult
    func submit(_ numbers: Range<Int>) async throws -> [SubmitOutcome] {
        var batch = engine.batch(jobsExpected: numbers.count)
        for number in numbers { batch.add(Self.key(number), Self.content(number)) }
        return try await engine.submit(batch)
    }

    /// Works off everything that is ready.
    func work() async throws {
        while true {
            let grants = try await engine.claim(
                ClaimOrder(
                    worker: WorkerName(unchecked: "w"), types: [Self.type], countMax: 500,
                    leaseDuration: nil), wait: .zero)
            if grants.isEmpty { return }
            for step in [AttemptStep.start, .succeed(message: "done")] {
                let outcomes = try await engine.report(
                    grants.map { AttemptReport(token: $0.job.lastLSN, step: step) })
                #expect(outcomes.count == grants.count)
            }
        }
    }

    /// Waits until no more jobs are in memory than that.
    func waitUntilMemoryHolds(atMost count: Int) async throws {
        while try await engine.stats().jobsInMemory > count { await Task.yield() }
    }

    func list(_ query: JobQuery) async throws -> [JobView] {
        var query = query
        var all: [JobView] = []
        while true {
            let page = try await engine.list(query)
            all += page.jobs
            guard let next = page.next else { return all }
            query.before = next
        }
    }
}

// They wait for work in the background to be done.
@Suite(.timeLimit(.minutes(10)))
struct `History of an engine` {
    /// 3 000 jobs that have succeeded and left memory, but for the last of them; 30 that wait.
    private func worked(on storage: any Storage = PosixStorage()) async throws -> Workplace {
        let place = try await Workplace(on: storage)
        for batch in 0..<6 {
            try await place.submit(batch * 500..<batch * 500 + 500)
            try await place.work()
        }
        var later = place.engine.batch(jobsExpected: 30)
        for number in 3_000..<3_030 {
            var content = Workplace.content(number)
            content.executionTime = .latest
            later.add(Workplace.key(number), content)
        }
        _ = try await place.engine.submit(later)
        try await place.waitUntilMemoryHolds(atMost: 230)
        return place
    }

    @Test func `jobs that have ended leave memory and are counted, listed and shown all the same`()
        async throws
    {
        var place = try await worked()
        for _ in 0..<2 {
            let stats = try await place.engine.stats()
            #expect(stats.counts[.success] == 3_000)
            #expect(stats.counts[.notStarted] == 30)
            #expect(stats.historyJobs >= 2_800)
            #expect(stats.types.map(\.counts) == [stats.counts])
            for user in 0..<3 {
                let jobs = try await place.list(
                    JobQuery(user: UserID(unchecked: "u\(user)"), limit: 70))
                let wanted = (0..<3_030).reversed().filter { $0 % 3 == user }
                #expect(jobs.map(\.key) == wanted.map(Workplace.key))
                #expect(jobs.count { $0.status == .success } == 1_000)
            }
            for number in [0, 1_499, 2_999] {
                let detail = try await place.engine.detail(Workplace.key(number))
                #expect(detail.job.status == .success && detail.job.attempt == 1)
                #expect(detail.payload == Workplace.content(number).payload)
                #expect(detail.job.policy == Workplace.content(number).policy)
                let timeline = try await place.engine.timeline(
                    Workplace.key(number), eventsMax: 100)
                #expect(
                    timeline.events.map(\.event.fact.name) == [
                        "Submitted", "Claimed", "Processing", "Succeeded",
                    ])
                let why = try await place.engine.why(Workplace.key(number))
                #expect(why.spans.contains { $0.worker != nil })
            }
            try await place.reopen()
        }
        await place.engine.close()
    }

    @Test func `a listing filters by status and type across memory and history`() async throws {
        let place = try await worked()
        let user = UserID(unchecked: "u1")
        let finished = try await place.list(
            JobQuery(user: user, statuses: [.success], limit: 1_000))
        #expect(finished.count == 1_000)
        let waiting = try await place.list(
            JobQuery(user: user, statuses: [.notStarted], limit: 1_000))
        #expect(waiting.count == 10)
        let other = try await place.list(
            JobQuery(user: user, type: JobType(unchecked: "none"), limit: 1_000))
        #expect(other.isEmpty)
        await place.engine.close()
    }

    /// Memory has looked at 10 000 jobs that do not fit and goes on; what history has is older than the next.
    @Test func `a page does not go on in history where memory has not come so far`() async throws {
        let place = try await Workplace()
        try await place.submit(0..<900)
        try await place.work()
        try await place.waitUntilMemoryHolds(atMost: 200)
        try await place.submit(900..<901)
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: [Workplace.type], countMax: 1,
            leaseDuration: nil)
        for grant in try await place.engine.claim(order, wait: .zero) {
            let token = try #require(grant.job.lease).token
            _ = try await place.engine.fail(token: token, isRetriable: false, message: nil)
        }
        var later = place.engine.batch(jobsExpected: 10_050)
        for number in 1_000..<11_050 {
            var content = Workplace.content(number)
            content.executionTime = .latest
            later.add(Workplace.key(3 * number), content)
        }
        _ = try await place.engine.submit(later)
        let jobs = try await place.list(
            JobQuery(
                user: UserID(unchecked: "u0"), statuses: [.success, .fatalFailure], limit: 1_000))
        #expect(jobs.map(\.key) == (0...300).reversed().map { Workplace.key(3 * $0) })
        await place.engine.close()
    }

    @Test func `a job that has left memory is submitted only once`() async throws {
        let place = try await worked()
        let again = try await place.submit(0..<500)
        #expect(
            again.allSatisfy { if case .existing(_, .success) = $0 { true } else { false } })
        let receipt = try await place.engine.submit(Workplace.key(7), Workplace.content(7))
        #expect(!receipt.isNew && receipt.job.status == .success)
        await #expect(throws: EngineError.rejected(.contentConflict(Workplace.key(7)))) {
            try await place.engine.submit(Workplace.key(7), Workplace.content(8))
        }
        #expect(try await place.engine.stats().counts[.success] == 3_000)
        await place.engine.close()
    }

    @Test func `a job that has left memory cannot be changed, and is said to have ended`()
        async throws
    {
        let place = try await worked()
        let key = Workplace.key(3)
        await #expect(
            throws: EngineError.rejected(.wrongStatus(key, .success, wanted: .cancel))
        ) { try await place.engine.cancel(key) }
        await #expect(
            throws: EngineError.rejected(.wrongStatus(key, .success, wanted: .redrive))
        ) { try await place.engine.change(key, .redrive(dueAt: nil)) }
        let nobody = JobKey(user: key.user, job: JobID(unchecked: "nobody"))
        await #expect(throws: EngineError.rejected(.unknownJob(nobody))) {
            try await place.engine.cancel(nobody)
        }
        await place.engine.close()
    }

    @Test func `a worker that repeats its report learns that it was taken`() async throws {
        let place = try await worked()
        let timeline = try await place.engine.timeline(Workplace.key(5), eventsMax: 100)
        let token = try #require(
            timeline.events.first { $0.event.fact.name == "Claimed" }?.lsn)
        let job = try await place.engine.succeed(token: token, message: "done")
        #expect(job.status == .success)
        await #expect(throws: EngineError.self) {
            try await place.engine.fail(token: token, isRetriable: true, message: nil)
        }
        await place.engine.close()
    }

    @Test func `files that are gone are built again from the log while the engine works`()
        async throws
    {
        var place = try await worked()
        let digest = try await place.engine.digest()
        _ = try await place.engine.snapshot()
        await place.engine.close()
        try FileManager.default.removeItem(atPath: place.directory.file("history"))
        try await place.reopen(rowsMin: 500)
        // Whoever is in the snapshot no more is not lost with the files.
        #expect(try await place.engine.digest() == digest)
        while try await place.engine.stats().historyJobs < 2_800 { await Task.yield() }
        let jobs = try await place.list(JobQuery(user: UserID(unchecked: "u2"), limit: 1_000))
        #expect(jobs.count == 1_010)
        #expect(
            try await place.engine.detail(Workplace.key(2)).payload == Workplace.content(2).payload)
        await place.engine.close()
    }
}

@Suite(.timeLimit(.minutes(10)))
struct `History that is gone at the start` {
    /// Until the files can be written again, nobody is ruled out.
    @Test func `is asked for again later, while other work goes on`() async throws {
        let disk = SimulatedStorage()
        var place = try await Workplace(on: disk)
        try await place.submit(0..<400)
        try await place.work()
        try await place.waitUntilMemoryHolds(atMost: 200)
        try await place.submit(400..<410)
        _ = try await place.engine.snapshot()
        await place.engine.close()
        for path in disk.filePaths where path.hasSuffix(".history") {
            disk.replace(path, with: [])
        }
        disk.refuse(.sync, of: ".building", with: StorageFault(EIO))
        try await place.reopen()
        let engine = place.engine
        for numbers in [0..<1, 500..<501] {
            await expectMissing { try await place.submit(numbers) }
            await expectMissing { _ = try await engine.detail(Workplace.key(numbers.lowerBound)) }
            await expectMissing {
                _ = try await engine.change(Workplace.key(numbers.lowerBound), .cancel)
            }
        }
        try await place.work()
        #expect(try await engine.detail(Workplace.key(405)).job.status == .success)
        disk.heal()
        let first = try await answered { try await place.submit(0..<1) }
        #expect(first.allSatisfy { if case .existing(_, .success) = $0 { true } else { false } })
        let fresh = try await answered { try await place.submit(500..<501) }
        #expect(fresh.allSatisfy { if case .new = $0 { true } else { false } })
        await engine.close()
    }

    @Test func `is given up, and said so, where the log cannot be read`() async throws {
        let disk = SimulatedStorage()
        var place = try await Workplace(on: disk)
        for batch in 0..<12 {
            try await place.submit(batch * 500..<batch * 500 + 500)
            try await place.work()
        }
        try await place.waitUntilMemoryHolds(atMost: 200)
        _ = try await place.engine.snapshot()
        await place.engine.close()
        for path in disk.filePaths where path.hasSuffix(".history") {
            disk.replace(path, with: [])
        }
        let segments = disk.filePaths.filter { $0.hasSuffix(".lz4") }.sorted()
        try #require(segments.count > 1)
        let byteCount = try #require(disk.bytes(of: segments[0])).count
        disk.flip(bit: byteCount * 4, of: segments[0])
        try await place.reopen()
        // Who ended before the damage is known again, who ended behind it is not.
        let first = try await answered { try await place.submit(0..<1) }
        #expect(first.allSatisfy { if case .existing = $0 { true } else { false } })
        let late = try await answered { try await place.submit(5_500..<5_501) }
        #expect(late.allSatisfy { if case .new = $0 { true } else { false } })
        let trouble = try await place.engine.stats().historyTrouble
        #expect(trouble?.contains("cannot be built again") == true)
        await place.engine.close()
    }

    /// Asks until the files are there, or are given up.
    private func answered<T>(_ body: () async throws -> T) async throws -> T {
        while true {
            do {
                return try await body()
            } catch EngineError.historyMissing {
                await Task.yield()
            }
        }
    }

    private func expectMissing(_ body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("it was answered")
        } catch EngineError.historyMissing {
        } catch {
            Issue.record(error)
        }
    }
}

/// What became of the newest batch.
private final class Outcomes: Sendable {
    private let outcomes = Mutex<[SubmitOutcome]>([])

    func put(_ all: [SubmitOutcome]) { outcomes.withLock { $0 = all } }

    var all: [SubmitOutcome] { outcomes.withLock { $0 } }
}

/// An engine whose turns are made by hand, on a simulated disk.
private final class Bench {
    let disk = SimulatedStorage(seed: 3)
    let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
    private(set) var engine: SteppedEngine
    let outcomes = Outcomes()

    /// Files have 20 jobs or more, and `rowsMax` at most; a turn handles `rowsPerTurn` beside some for each that ends.
    init(rowsMax: Int = 1_000, rowsPerTurn: Int = 256) throws {
        var rules = HistoryRules()
        rules.rowsMin = 20
        rules.rowsMax = rowsMax
        rules.rowsPerTurn = rowsPerTurn
        engine = try Self.open(disk, clock, rules)
    }

    private static func open(
        _ disk: SimulatedStorage, _ clock: HandClock, _ rules: HistoryRules
    ) throws(LogError) -> SteppedEngine {
        try SteppedEngine(
            directory: "/data", storage: disk, clock: clock, options: log, history: rules)
    }

    static var log: LogOptions {
        var log = LogOptions()
        log.segmentBytes = 64 << 10
        log.rewritesSegments = false
        return log
    }

    func submit(_ batch: SubmissionBatch) {
        engine.submit(batch) { [outcomes] result in
            if case .success(let all) = result { outcomes.put(all) }
        }
        engine.turn()
    }

    func batch(_ numbers: Range<Int>) throws -> SubmissionBatch {
        try engine.batch(numbers.map { (Workplace.key($0), Workplace.content($0)) })
    }

    /// Cancels jobs, and makes turns until they have left memory.
    func end(_ numbers: Range<Int>) {
        for number in numbers { engine.change(Workplace.key(number), .cancel) { _ in } }
        for _ in 0..<20 { engine.turn() }
    }

    var files: [String] { disk.filePaths.filter { $0.hasSuffix(".history") } }

    /// Jobs in memory, after a turn.
    func jobsInMemory() -> Int {
        let count = Mutex(0)
        engine.stats { result in
            if case .success(let stats) = result { count.withLock { $0 = stats.jobsInMemory } }
        }
        engine.turn()
        return count.withLock { $0 }
    }
}

@Suite(.timeLimit(.minutes(10)))
struct `Leaving memory` {
    @Test func `a job that leaves between a submit and its turn is not submitted twice`() throws {
        let bench = try Bench()
        bench.submit(try bench.batch(0..<20))
        let late = try bench.batch(0..<20)
        bench.end(0..<20)
        #expect(bench.files.count == 1)
        bench.submit(late)
        let outcomes = bench.outcomes.all
        #expect(outcomes.count == 20)
        #expect(
            outcomes.allSatisfy { if case .existing(_, .cancelled) = $0 { true } else { false } })
        #expect(bench.engine.counts.total == 20)
    }

    /// While a file is made more jobs end, and they are in the next: none may be larger than the one before.
    @Test func `memory does not fill while jobs end without a pause`() throws {
        let bench = try Bench(rowsPerTurn: 0)
        for first in stride(from: 0, to: 4_000, by: 10) {
            bench.submit(try bench.batch(first..<first + 10))
            for number in first..<first + 10 {
                bench.engine.change(Workplace.key(number), .cancel) { _ in }
            }
            #expect(bench.jobsInMemory() <= 120)
        }
    }

    @Test func `memory does not fill with jobs that expire`() throws {
        let bench = try Bench(rowsPerTurn: 0)
        for first in stride(from: 0, to: 2_000, by: 10) {
            let jobs = (first..<first + 10).map { number in
                var content = Workplace.content(number)
                content.expiresAt = bench.clock.wallTime().advanced(by: .seconds(1))
                content.executionTime = .latest
                return (Workplace.key(number), content)
            }
            bench.submit(try bench.engine.batch(jobs))
            bench.clock.pass(.seconds(1))
            #expect(bench.jobsInMemory() <= 120)
        }
        #expect(bench.engine.counts[.cancelled] > 1_900)
    }

    @Test func `an idle engine works off what has ended, file by file`() throws {
        let bench = try Bench(rowsMax: 30)
        bench.submit(try bench.batch(0..<100))
        for number in 0..<100 { bench.engine.change(Workplace.key(number), .cancel) { _ in } }
        bench.engine.turn()
        var turns = 0
        while turns < 1_000, bench.engine.patience() < .seconds(1) {
            bench.clock.pass(bench.engine.patience())
            bench.engine.turn()
            turns += 1
        }
        #expect(bench.jobsInMemory() == 10)
    }

    /// A file that has its name and is not listed would be found by the next opening, beside the one that is.
    @Test func `a file that could not be finished is covered by the next attempt`() throws {
        let bench = try Bench(rowsMax: 20)
        bench.submit(try bench.batch(0..<40))
        bench.disk.refuse(.syncDirectory, of: "/data/history", with: StorageFault(EIO))
        for number in 0..<20 { bench.engine.change(Workplace.key(number), .cancel) { _ in } }
        // These are events behind the last that ended a job.
        bench.submit(try bench.batch(40..<50))
        for _ in 0..<20 { bench.engine.turn() }
        #expect(bench.files.count == 1)
        bench.end(20..<25)
        bench.disk.heal()
        bench.clock.pass(.seconds(60))
        for _ in 0..<20 { bench.engine.turn() }
        #expect(bench.jobsInMemory() == 30)
        #expect(bench.files.count == 1)
    }

    @Test func `what ends at once goes into files of bounded size`() throws {
        let bench = try Bench(rowsMax: 30)
        bench.submit(try bench.batch(0..<100))
        bench.end(0..<100)
        #expect(bench.files.count == 3)
        #expect(bench.jobsInMemory() == 10)
    }

    @Test func `nobody leaves while the file cannot be written, and all do once it can`() throws {
        let bench = try Bench()
        bench.submit(try bench.batch(0..<20))
        bench.disk.refuse(.sync, of: ".building", with: StorageFault(EIO))
        bench.end(0..<20)
        #expect(bench.files.isEmpty)
        bench.submit(try bench.batch(0..<20))
        #expect(
            bench.outcomes.all.allSatisfy {
                if case .existing(_, .cancelled) = $0 { true } else { false }
            })
        bench.disk.heal()
        bench.clock.pass(.seconds(60))
        for _ in 0..<20 { bench.engine.turn() }
        #expect(bench.files.count == 1)
    }

    @Test func `a power cut at any moment of leaving loses nobody`() throws {
        let bench = try Bench()
        bench.submit(try bench.batch(0..<40))
        let digest = bench.engine.digest()
        let cuts = Mutex<[PowerCut]>([])
        bench.disk.watch { cut in cuts.withLock { $0.append(cut) } }
        bench.end(0..<20)
        bench.disk.watch(nil)
        #expect(bench.engine.digest() != digest)
        for cut in cuts.withLock({ $0 }) {
            let image = cut.image(seed: 1).storage
            let engine = try SteppedEngine(
                directory: "/data", storage: image, clock: bench.clock, options: Bench.log)
            let replayed = try SteppedEngine(
                directory: "/data", storage: image.withoutHistory(), clock: bench.clock,
                options: Bench.log)
            #expect(engine.digest() == replayed.digest())
            #expect(engine.counts.total == 40)
        }
    }
}

extension SimulatedStorage {
    /// The same disk, on which all history is damaged.
    fileprivate func withoutHistory() -> SimulatedStorage {
        let copy = killed()
        for path in copy.filePaths where path.hasSuffix(".history") {
            copy.replace(path, with: [])
        }
        return copy
    }
}
