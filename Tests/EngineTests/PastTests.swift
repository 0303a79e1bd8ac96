import Engine
import Foundation
import JobModel
import TestKit
import Testing
import Units

/// What an engine answered at a moment.
private struct Answers: Equatable {
    var counts: StatusCounts
    var users: Int
    var types: [EngineStats.TypeCounts]
    /// All pages, user by user.
    var jobs: [[JobView]] = []
    var failed: [[JobView]] = []
    var details: [JobDetail] = []
    var timelines: [Timeline] = []
}

/// An engine whose clock stands still between calls, with few jobs in memory and a snapshot now and then.
private final class Life {
    let directory: TemporaryDirectory
    let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
    private(set) var engine: Engine
    /// What was answered after an event, and when.
    private(set) var moments: [(event: LSN, time: WallTime, answers: Answers)] = []
    private var generator: SeededGenerator
    private var tokens: [LSN] = []
    private var keys: [JobKey] = []
    private static let users = ["ann", "bob", "eve"]

    init(seed: UInt64) async throws {
        directory = try TemporaryDirectory()
        generator = SeededGenerator(seed: seed)
        engine = try await Self.open(directory, clock)
    }

    private static func open(
        _ directory: TemporaryDirectory, _ clock: HandClock
    ) async throws -> Engine {
        var options = EngineOptions()
        options.history.rowsMin = 8
        options.history.fanIn = 2
        options.segmentBytes = 64 << 10
        return try await Engine.open(directory: directory.path, options: options, clock: clock)
    }

    func reopen() async throws {
        await engine.close()
        engine = try await Self.open(directory, clock)
    }

    /// Goes on for so many calls, and notes what there is to see after each that changed something.
    func live(calls: Int) async throws {
        for call in 0..<calls {
            clock.pass(.milliseconds(Int64.random(in: 1...4_000, using: &generator)))
            let before = try await engine.stats().durableLSN
            try await self.call(call)
            let stats = try await engine.stats()
            guard stats.durableLSN > before else { continue }
            moments.append((stats.durableLSN, stats.now, try await present(stats)))
        }
    }

    private func call(_ number: Int) async throws {
        switch Int.random(in: 0..<12, using: &generator) {
        case 0..<4: try await submit(number)
        case 4..<6:
            tokens += try await engine.claim(.of(4, types: [.work, .other]), wait: .zero).map(
                \.token)
        case 6, 7: try await report(.start)
        case 8: try await report(.succeed(message: "done"), isLast: true)
        case 9:
            let isRetriable = Bool.random(using: &generator)
            try await report(.fail(isRetriable: isRetriable, message: "no"), isLast: true)
        case 10:
            guard let key = keys.randomElement(using: &generator) else { return }
            // Refused where it has ended: nothing to be noted then.
            _ = try? await engine.change(
                key, Bool.random(using: &generator) ? .cancel : .redrive(dueAt: nil))
        default:
            _ = try await engine.snapshot()
            if number % 3 == 0 { try await reopen() }
        }
    }

    private func submit(_ number: Int) async throws {
        for part in 0..<Int.random(in: 1...6, using: &generator) {
            let user = Self.users[Int.random(in: 0..<3, using: &generator)]
            let key = JobKey(user, "j\(number)-\(part)")
            var content = JobContent.work(
                Bool.random(using: &generator) ? .work : .other, priority: 0)
            if Bool.random(using: &generator) {
                content.executionTime = clock.wallTime().advanced(by: .seconds(9))
            }
            keys.append(key)
            _ = try await engine.submit(key, content)
        }
    }

    private func report(_ step: AttemptStep, isLast: Bool = false) async throws {
        if tokens.isEmpty { return }
        let place = Int.random(in: 0..<tokens.count, using: &generator)
        let token = isLast ? tokens.remove(at: place) : tokens[place]
        // Succeeding needs a start first.
        if case .succeed = step {
            _ = try await engine.report([AttemptReport(token: token, step: .start)])
        }
        _ = try await engine.report([AttemptReport(token: token, step: step)])
    }

    private func present(_ stats: EngineStats) async throws -> Answers {
        var answers = Answers(counts: stats.counts, users: stats.users, types: stats.types)
        let engine = engine
        try await fill(&answers) { try await engine.list($0) }
        for key in asked(answers) {
            answers.details.append(Self.plain(try await engine.detail(key)))
            answers.timelines.append(try await engine.timeline(key, eventsMax: 50))
        }
        return answers
    }

    func past(_ moment: Moment, event: LSN) async throws -> Answers {
        let stats = try await engine.stats(asOf: moment)
        #expect(stats.newest == event)
        var answers = Answers(counts: stats.counts, users: stats.users, types: stats.types)
        let engine = engine
        try await fill(&answers) { try await engine.list($0, asOf: moment) }
        for key in asked(answers) {
            answers.details.append(Self.plain(try await engine.detail(key, asOf: moment)))
            answers.timelines.append(
                try await engine.timeline(key, eventsMax: 50, asOf: moment))
        }
        return answers
    }

    private func fill(
        _ answers: inout Answers, _ list: (JobQuery) async throws -> JobPage
    ) async throws {
        for user in Self.users {
            var query = JobQuery(user: UserID(unchecked: user), limit: 3)
            answers.jobs.append(try await Self.all(query, list))
            query.statuses = [.fatalFailure, .success]
            answers.failed.append(try await Self.all(query, list))
        }
    }

    private static func all(
        _ query: JobQuery, _ list: (JobQuery) async throws -> JobPage
    ) async throws -> [JobView] {
        var (query, all) = (query, [JobView]())
        do {
            while true {
                let page = try await list(query)
                all += page.jobs.map(plain)
                guard let next = page.next else { return all }
                query.before = next
            }
        } catch EngineError.rejected(.unknownUser) {
            return []
        }
    }

    /// The first and the last job of each user.
    private func asked(_ answers: Answers) -> [JobKey] {
        answers.jobs.flatMap { [$0.first, $0.last].compactMap { $0?.key } }
    }

    /// A running engine lets a lease last longer after a restart: the log does not say so.
    private static func plain(_ job: JobView) -> JobView {
        var job = job
        job.lease?.until = .earliest
        return job
    }

    private static func plain(_ detail: JobDetail) -> JobDetail {
        var detail = detail
        detail.job = plain(detail.job)
        return detail
    }
}

// Waits for history to be written in the background.
@Suite(.timeLimit(.minutes(10)))
struct `The past` {
    @Test(arguments: [1, 2, 3]) func `is told as it was told then`(seed: UInt64) async throws {
        let life = try await Life(seed: seed)
        try await life.live(calls: 150)
        #expect(life.moments.count > 60)
        while try await life.engine.stats().historyJobs < 8 { await Task.yield() }
        for round in 0..<2 {
            for (place, moment) in life.moments.enumerated() where place % 3 == round {
                let byEvent = try await life.past(.event(moment.event), event: moment.event)
                #expect(byEvent == moment.answers, "after event \(moment.event)")
                let byTime = try await life.past(.time(moment.time), event: moment.event)
                #expect(byTime == moment.answers, "at \(moment.time)")
            }
            try await life.reopen()
        }
        await life.engine.close()
    }

    @Test func `begins before the first event and ends now`() async throws {
        let life = try await Life(seed: 9)
        let key = JobKey("ann", "a")
        _ = try await life.engine.submit(key, .work(.work, priority: 0))
        let empty = try await life.engine.stats(asOf: .event(.zero))
        #expect(empty.newest == .zero && empty.counts.total == 0 && empty.users == 0)
        let before = Moment.time(WallTime(microseconds: 1_799_999_999_000_000))
        #expect(try await life.engine.stats(asOf: before) == empty)
        await #expect(throws: EngineError.rejected(.unknownUser(key.user))) {
            try await life.engine.list(JobQuery(user: key.user, limit: 1), asOf: before)
        }
        await #expect(throws: EngineError.rejected(.unknownUser(key.user))) {
            try await life.engine.detail(key, asOf: before)
        }
        let stats = try await life.engine.stats()
        let ahead = EngineError.rejected(
            .momentAhead(newest: stats.durableLSN, now: life.clock.wallTime()))
        await #expect(throws: ahead) {
            try await life.engine.stats(asOf: .event(stats.durableLSN.next))
        }
        await #expect(throws: ahead) {
            try await life.engine.stats(asOf: .time(stats.now.advanced(by: .milliseconds(1))))
        }
        #expect(try await life.engine.stats(asOf: .time(stats.now)).counts == stats.counts)
        await life.engine.close()
    }

    @Test func `does not need a snapshot that is damaged`() async throws {
        let life = try await Life(seed: 4)
        try await life.live(calls: 40)
        guard case .written(let receipt) = try await life.engine.snapshot() else {
            Issue.record("no snapshot was written")
            return
        }
        try await life.live(calls: 10)
        var bytes = try Data(contentsOf: URL(filePath: receipt.path))
        bytes[70] ^= 0x10
        try bytes.write(to: URL(filePath: receipt.path))
        let last = try #require(life.moments.last)
        #expect(try await life.past(.event(last.event), event: last.event) == last.answers)
        await life.engine.close()
    }
}
