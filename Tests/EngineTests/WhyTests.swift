import Engine
import JobModel
import TestKit
import Testing
import Units

private let ann = UserID(unchecked: "ann")
private let job = JobKey("ann", "j")

/// A stretch, in seconds since the submit.
private struct Stretch: Equatable, CustomStringConvertible {
    let name: String
    let from: Double
    let to: Double

    init(_ name: String, _ from: Double, _ to: Double) {
        self.name = name
        self.from = from
        self.to = to
    }

    var description: String { "\(name) \(from)...\(to)" }
}

extension Why {
    fileprivate var stretches: [Stretch] {
        spans.map { span in
            Stretch(
                span.hold?.name ?? span.worker.map { "run by \($0)" } ?? "nothing",
                span.from.span(since: job.submittedAt).seconds,
                span.to.span(since: job.submittedAt).seconds)
        }
    }
}

@Suite struct `Why a job is where it is` {
    @Test func `is told stretch by stretch, without gaps, from its submit to its end`() async throws
    {
        let desk = try await HeldEngine()
        let engine = desk.engine
        let start = desk.clock.wallTime()
        func at(_ second: Int64) { desk.clock.pass(.seconds(second - passed())) }
        func passed() -> Int64 { desk.clock.wallTime().span(since: start).microseconds / 1_000_000 }
        func claim(_ key: JobKey) async throws -> LSN {
            let grant = try #require(try await engine.claim(.of(1), wait: .zero).first)
            #expect(grant.job.key == key)
            return grant.token
        }

        _ = try await engine.submit(
            job, .work(at: start.advanced(by: .seconds(100)), backoff: .seconds(20)))
        at(150)
        let first = try await claim(job)
        at(160)
        _ = try await engine.fail(token: first, isRetriable: true, message: "no")
        at(200)
        _ = try await engine.control(.user(ann), ControlChange(isPaused: true))
        at(210)
        _ = try await engine.control(
            .user(ann), ControlChange(isPaused: false, runningMax: .some(1)))
        _ = try await engine.submit(JobKey("ann", "k"), .work(priority: 0))
        let other = try await claim(JobKey("ann", "k"))
        at(230)
        _ = try await engine.start(token: other)
        _ = try await engine.succeed(token: other, message: nil)
        at(240)
        _ = try await engine.control(.type(.work), ControlChange(isPaused: true))
        at(245)
        _ = try await engine.control(
            .type(.work), ControlChange(isPaused: false, runningMax: .some(0)))
        at(250)
        _ = try await engine.control(.type(.work), ControlChange(runningMax: .some(nil)))
        let last = try await claim(job)
        _ = try await engine.start(token: last)
        at(260)
        let running = try await engine.why(job)
        _ = try await engine.succeed(token: last, message: nil)
        at(1_000)
        let ended = try await engine.why(job)
        #expect(
            ended.stretches == [
                Stretch("notDue", 0, 100), Stretch("noWorker", 100, 150),
                Stretch("run by w1", 150, 160), Stretch("backoff", 160, 180),
                Stretch("noWorker", 180, 200), Stretch("userPaused", 200, 210),
                Stretch("userLimit", 210, 230), Stretch("noWorker", 230, 240),
                Stretch("typePaused", 240, 245), Stretch("typeLimit", 245, 250),
                Stretch("run by w1", 250, 260),
            ])
        #expect(running.stretches == ended.stretches)
        #expect(!ended.isTruncated)
        // After a restart the log alone knows it.
        try await desk.reopen()
        #expect(try await desk.engine.why(job).stretches == ended.stretches)
        await desk.engine.close()
    }

    @Test func `ends, while it waits, with the reason that holds now`() async throws {
        let desk = try await HeldEngine()
        let engine = desk.engine
        func age(_ why: Why) -> TimeSpan {
            why.spans.reduce(.zero) { $0 + $1.to.span(since: $1.from) }
        }
        let due = desk.clock.wallTime().advanced(by: .seconds(100))
        _ = try await engine.submit(job, .work(at: due, backoff: .seconds(20)))
        #expect(try await engine.why(job).spans.map(\.hold) == [.notDue(until: due)])
        desk.clock.pass(.seconds(40))
        let early = try await engine.why(job)
        #expect(early.spans.map(\.hold) == [.notDue(until: due)])
        #expect(age(early) == .seconds(40))
        desk.clock.pass(.seconds(100))
        let ready = try await engine.why(job)
        #expect(ready.spans.map(\.hold) == [.notDue(until: due), .noWorker])
        #expect(age(ready) == .seconds(140))
        let grant = try #require(try await engine.claim(.of(1), wait: .zero).first)
        desk.clock.pass(.seconds(5))
        #expect(try await engine.why(job).spans.last?.worker?.text == "w1")
        _ = try await engine.fail(token: grant.token, isRetriable: true, message: nil)
        desk.clock.pass(.seconds(10))
        let failed = try await engine.why(job)
        #expect(
            failed.spans.last?.hold
                == .backoff(until: desk.clock.wallTime().advanced(by: .seconds(10))))
        #expect(age(failed) == .seconds(155))
        await engine.close()
    }

    @Test func `tells when a worker last asked for its type, and that none has since the start`()
        async throws
    {
        let desk = try await HeldEngine()
        _ = try await desk.engine.submit(job, .work(at: WallTime.latest))
        _ = try await desk.engine.claim(.of(1, types: [.other]), wait: .zero)
        #expect(try await desk.engine.why(job).lastAsked == nil)
        let asked = desk.clock.wallTime()
        _ = try await desk.engine.claim(.of(1, types: [.other, .work]), wait: .zero)
        desk.clock.pass(.seconds(70))
        #expect(try await desk.engine.why(job).lastAsked == asked)
        try await desk.reopen()
        #expect(try await desk.engine.why(job).lastAsked == nil)
        await desk.engine.close()
    }

    @Test func `names the occurrence before it, where it waits for that`() async throws {
        let desk = try await HeldEngine()
        let start = desk.clock.wallTime()
        let tick = JobKey("ann", "tick")
        let recurrence = Recurrence(rule: .fixedRate(.seconds(60)), overlap: .queue)
        _ = try await desk.engine.submit(tick, .work(recurrence: recurrence))
        for _ in 0..<2 {
            _ = try await desk.engine.stats()
            desk.clock.pass(.seconds(60))
        }
        _ = try await desk.engine.stats()
        let second = JobKey(
            user: ann, job: tick.job.occurrence(at: start.advanced(by: .seconds(60))))
        desk.clock.pass(.seconds(30))
        let why = try await desk.engine.why(second)
        #expect(why.stretches == [Stretch("previousOccurrence", 0, 90)])
        await desk.engine.close()
    }
}
