import Engine
import JobModel
import TestKit
import Testing
import Units

private let job = JobKey("ann", "j")
private let tick = JobKey("ann", "tick")
private let hour = TimeSpan.seconds(3_600)
private let minute = TimeSpan.seconds(60)

private func times(_ texts: [String]) -> [WallTime] { texts.compactMap { WallTime(rfc3339: $0) } }

/// What is complained about in the trackers of other schedulers, and cannot happen here.
@Suite struct `What users of other schedulers suffer` {
    @Test
    func
        `a second run beside a worker that lives: its late result is refused and the holder named`()
        async throws
    {
        let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
        let engine = try await Engine.open(
            directory: "/data", storage: SimulatedStorage(), clock: clock)
        _ = try await engine.submit(job, .work())
        let first = try #require(try await engine.claim(.of(1, by: "slow"), wait: .zero).first)
        _ = try await engine.start(token: first.token)
        clock.pass(.seconds(61))
        // The turn that answers this ends the lease.
        _ = try await engine.stats()
        let second = try #require(try await engine.claim(.of(1, by: "quick"), wait: .zero).first)
        let holder = try await engine.detail(job).job
        #expect(holder.lease?.worker.text == "quick")
        let refusal = EngineError.rejected(.staleToken(first.token, holder))
        await #expect(throws: refusal) {
            try await engine.succeed(token: first.token, message: nil)
        }
        await #expect(throws: refusal) {
            try await engine.fail(token: first.token, isRetriable: false, message: nil)
        }
        await #expect(throws: refusal) {
            try await engine.heartbeat(
                token: first.token, leaseDuration: nil, progress: nil, checkpoint: [1])
        }
        _ = try await engine.start(token: second.token)
        #expect(try await engine.succeed(token: second.token, message: nil).status == .success)
        // Nor does a late failure overwrite the end.
        await #expect(throws: EngineError.self) {
            try await engine.fail(token: first.token, isRetriable: true, message: nil)
        }
        #expect(try await engine.detail(job).job.status == .success)
        await engine.close()
    }

    @Test func `a lease that lapses although the heartbeat was in time: one in line saves it`()
        throws
    {
        let driven = try DrivenEngine()
        try driven.submit(job, .work())
        let grant = try driven.claimOne()
        driven.clock.pass(.seconds(90))
        try driven.report(
            grant.token, .heartbeat(leaseDuration: nil, progress: nil, checkpoint: nil))
        driven.pass(.seconds(59))
        #expect(try driven.look(job).lease?.token == grant.token)
    }

    @Test func `a delay longer than the lease repeats the run: a job due in ten days runs once`()
        throws
    {
        let driven = try DrivenEngine()
        let due = driven.now.advanced(by: .seconds(10 * 86_400))
        try driven.submit(job, .work(at: due))
        var runs: [WallTime] = []
        for _ in 0..<(11 * 24) {
            for worker in ["w1", "w2"] {
                for grant in try driven.claim(5, by: worker) {
                    runs.append(driven.now)
                    try driven.finish(grant)
                }
            }
            driven.pass(hour)
        }
        #expect(runs == [due])
    }

    @Test func `jobs lost with the process: what was acknowledged is there after any power cut`()
        throws
    {
        let driven = try DrivenEngine()
        for number in 0..<40 {
            try driven.submit(JobKey("ann", "\(number)"), .work(payload: [UInt8(number)]))
        }
        let grants = try driven.claim(20)
        for grant in grants[..<10] { try driven.finish(grant) }
        let before = try driven.jobs(of: "ann")
        #expect(before.count == 40)
        for seed in 0..<20 as Range<UInt64> {
            try driven.cutPower(seed: seed)
            let after = try driven.jobs(of: "ann")
            #expect(after.map(\.lastLSN) == before.map(\.lastLSN))
            #expect(after.map(\.status) == before.map(\.status))
        }
        // Nor is a worker's work lost: its lease has outlived them all.
        try driven.finish(grants[19])
        #expect(try driven.claim(100).map(\.payload) == (20..<40).map { [UInt8($0)] })
    }

    @Test(arguments: [nil, .seconds(4 * 3_600), .seconds(86_400)] as [TimeSpan?])
    func
        `stuck in running after a crash: a dead worker is noticed when its lease ends, whatever the run limit`(
            runLimit: TimeSpan?
        ) throws
    {
        let driven = try DrivenEngine()
        try driven.submit(job, .work(runLimit: runLimit))
        try driven.report(try driven.claimOne().token, .start)
        driven.pass(.seconds(59))
        #expect(try driven.look(job).status == .processing)
        #expect(try driven.claim().isEmpty)
        driven.pass(.seconds(1))
        let second = try driven.claimOne()
        #expect(second.job.attempt == 2)
        #expect(second.job.leaseExpiries == 1)
    }

    @Test func `stuck in running when the server crashes too: every lease begins anew and ends`()
        throws
    {
        let driven = try DrivenEngine()
        try driven.submit(job, .work())
        _ = try driven.claimOne()
        try driven.cutPower(outage: hour)
        driven.pass(.seconds(59))
        #expect(try driven.look(job).status == .claimed)
        driven.pass(.seconds(1))
        #expect(try driven.claimOne().job.attempt == 2)
    }

    @Test(arguments: 0..<6 as Range<UInt64>)
    func
        `wedged for ever while all looks healthy: after a power cut every job still comes to its end`(
            seed: UInt64
        ) throws
    {
        let driven = try DrivenEngine()
        let later = driven.now.advanced(by: .seconds(500))
        try driven.submit(JobKey("ann", "dead"), .work(priority: 0, retries: 0))
        try driven.report(
            try driven.claimOne().token, .fail(isRetriable: true, message: nil))
        try driven.change(JobKey("ann", "dead"), .redrive(dueAt: later))
        try driven.submit(JobKey("ann", "backoff"), .work(priority: 0, backoff: .seconds(300)))
        try driven.report(
            try driven.claimOne().token, .fail(isRetriable: true, message: nil))
        try driven.submit(JobKey("ann", "leased"), .work(priority: 0))
        _ = try driven.claimOne()
        try driven.submit(JobKey("ann", "started"), .work(priority: 0))
        try driven.report(try driven.claimOne().token, .start)
        try driven.submit(JobKey("ann", "due"), .work(at: later))
        try driven.submit(JobKey("ann", "moved"), .work())
        try driven.change(
            JobKey("ann", "moved"), .reschedule(priority: nil, executionTime: later))
        var content = JobContent.work(
            recurrence: Recurrence(rule: .fixedRate(minute), overlap: .queue))
        content.expiresAt = later
        try driven.submit(tick, content)
        driven.pass(.seconds(200))
        try driven.submit(JobKey("bob", "ready"), .work())
        try driven.control(.user(UserID(unchecked: "bob")), ControlChange(isPaused: true))
        try driven.cutPower(seed: seed)
        try driven.control(.user(UserID(unchecked: "bob")), ControlChange(isPaused: false))
        for _ in 0..<100 {
            for grant in try driven.claim(100) { try driven.finish(grant) }
            driven.pass(.seconds(20))
        }
        let open = try (driven.jobs(of: "ann") + driven.jobs(of: "bob"))
            .filter { !$0.status.isFinal }
        #expect(open == [])
        let counts = driven.engine.counts
        #expect(counts[.success] == counts.total - 1)
        #expect(try driven.look(tick).status == .cancelled)
    }

    @Test(arguments: [
        (MissedTickPolicy.skip, [0, 11]), (.once, [0, 10, 11]), (.all(max: 3), [0, 8, 9, 10, 11]),
        (.all(max: 100), Array(0...11)),
    ])
    func `a tick missed while the server was down: made up by its policy`(
        missed: MissedTickPolicy, minutes: [Int64]
    ) throws {
        let driven = try DrivenEngine()
        let start = driven.now
        try driven.submit(tick, .ticking(.fixedRate(minute), missed: missed))
        driven.settle()
        try driven.cutPower(outage: .seconds(630))
        driven.pass(.seconds(30))
        #expect(try driven.ticks() == minutes.map { start.advanced(by: .seconds($0 * 60)) })
    }

    @Test
    func `a tick missed in a gap of eight milliseconds: it ticks as soon as the server is back`()
        throws
    {
        let driven = try DrivenEngine(startingAt: "2027-01-04T10:00:59.990Z")
        try driven.submit(tick, .ticking(.cron("* * * * *", zone: "UTC"), missed: .once))
        driven.pass(.milliseconds(6))
        try driven.cutPower(outage: .milliseconds(8))
        driven.settle()
        #expect(try driven.ticks() == times(["2027-01-04T10:01:00Z"]))
        driven.pass(minute)
        #expect(
            try driven.ticks() == times(["2027-01-04T10:01:00Z", "2027-01-04T10:02:00Z"]))
    }

    @Test func `a tick fired twice: however often the server dies, each runs once`() throws {
        let driven = try DrivenEngine()
        let start = driven.now
        try driven.submit(tick, .ticking(.fixedRate(minute)))
        var runs: [JobID] = []
        for round in 0..<300 as Range<UInt64> {
            // Steps that drift against the minute: before a tick, at it and after it, in turn.
            driven.pass(.seconds(19 + Int64(round % 4)))
            for grant in try driven.claim(10) {
                runs.append(grant.job.key.job)
                try driven.finish(grant)
            }
            try driven.cutPower(seed: round)
        }
        let minutes = driven.now.span(since: start).microseconds / 60_000_000
        #expect(
            runs
                == (0...minutes).map {
                    tick.job.occurrence(at: start.advanced(by: .seconds($0 * 60)))
                }
        )
        // One event for the recurring job, and four for each tick, its own among them.
        #expect(driven.engine.appliedLSN.rawValue == UInt64(1 + 4 * runs.count))
    }

    @Test(arguments: [hour, TimeSpan.seconds(-3_600)])
    func
        `clock skew that looks like dead workers: a jump of an hour ends no lease and prolongs none`(
            jump: TimeSpan
        ) throws
    {
        let driven = try DrivenEngine()
        try driven.submit(job, .work())
        let grant = try driven.claimOne()
        driven.pass(.seconds(30))
        driven.clock.jump(by: jump)
        driven.pass(.seconds(29))
        #expect(try driven.look(job).lease?.token == grant.token)
        driven.pass(.seconds(1))
        #expect(try driven.look(job).lease == nil)
    }

    @Test(arguments: [[1, -1], [-1, 1], [-1, -1], [1, 1]] as [[Int64]])
    func `clock skew that ticks twice: jumps of an hour fire no tick again and lose none`(
        jumps: [Int64]
    ) throws {
        let driven = try DrivenEngine()
        let start = driven.now
        try driven.submit(tick, .ticking(.cron("* * * * *", zone: "UTC")))
        var runs: [JobID] = []
        for step in 0..<600 {
            driven.pass(.seconds(30))
            if step == 100 { driven.clock.jump(by: .seconds(jumps[0] * 3_600)) }
            if step == 150 { driven.clock.jump(by: .seconds(jumps[1] * 3_600)) }
            for grant in try driven.claim(100) {
                runs.append(grant.job.key.job)
                try driven.finish(grant)
            }
        }
        // Five hours later the clock has caught up with whatever it was set back by.
        let minutes = driven.now.span(since: start).microseconds / 60_000_000
        #expect(
            runs
                == (0...minutes).map {
                    tick.job.occurrence(at: start.advanced(by: .seconds($0 * 60)))
                })
    }

    @Test(arguments: [
        // 02:30 is left out on the 28th: it ticks at 03:00 summer time.
        (
            "30 2 * * *", "2027-03-27T12:00:00Z",
            ["2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z", "2027-03-30T00:30:00Z"]
        ),
        // 02:30 comes twice on the 31st: it ticks at the first.
        (
            "30 2 * * *", "2027-10-30T12:00:00Z",
            ["2027-10-31T00:30:00Z", "2027-11-01T01:30:00Z", "2027-11-02T01:30:00Z"]
        ),
        // No day is skipped and none comes twice.
        (
            "@daily", "2027-03-27T12:00:00Z",
            ["2027-03-27T23:00:00Z", "2027-03-28T22:00:00Z", "2027-03-29T22:00:00Z"]
        ),
        (
            "@daily", "2027-10-30T12:00:00Z",
            ["2027-10-30T22:00:00Z", "2027-10-31T23:00:00Z", "2027-11-01T23:00:00Z"]
        ),
    ])
    func `daylight saving that skips or doubles: a time of day ticks once a day`(
        cron: String, start: String, expected: [String]
    ) throws {
        let driven = try DrivenEngine(startingAt: start)
        try driven.submit(tick, .ticking(.cron(cron, zone: "Europe/Berlin")))
        driven.pass(.seconds(3 * 86_400 - 6 * 3_600))
        #expect(try driven.ticks() == times(expected))
    }

    @Test(arguments: ["2027-03-27T22:30:00Z", "2027-10-30T21:30:00Z"])
    func `daylight saving that skips or doubles: what ticks every hour ticks every hour`(
        text: String
    ) throws {
        let driven = try DrivenEngine(startingAt: text)
        let first = driven.now.advanced(by: .seconds(1_800))
        try driven.submit(tick, .ticking(.cron("@hourly", zone: "Europe/Berlin")))
        driven.pass(.seconds(86_400))
        #expect(try driven.ticks() == (0..<24).map { first.advanced(by: .seconds($0 * 3_600)) })
    }

    @Test
    func `polling all day and late all the same: an idle engine sleeps until the next due time`()
        throws
    {
        let driven = try DrivenEngine()
        #expect(driven.engine.patience() == hour)
        let due = driven.now.advanced(by: .seconds(1_800))
        try driven.submit(job, .work(at: due))
        let granted = driven.wait(hour)
        let turns = driven.turns
        let position = driven.engine.appliedLSN
        // At most a millisecond early, as the due wheel says.
        let patience = driven.engine.patience()
        #expect(patience <= .seconds(1_800) && patience >= .milliseconds(1_799_999))
        driven.pass(TimeSpan(microseconds: 1_800_000_000 - 1))
        #expect(granted() == nil)
        #expect(driven.engine.appliedLSN == position)
        #expect(driven.turns - turns <= 4)
        // Nobody asks for anything: the clock alone wakes it.
        driven.pass(TimeSpan(microseconds: 1))
        #expect(granted()?.first?.job.key == job)
        #expect(try driven.look(job).updatedAt == due)
    }

    @Test func `a job that kills its workers: parked after as many deaths as its policy bears`()
        throws
    {
        let driven = try DrivenEngine()
        try driven.submit(job, .work(retries: 1_000, leaseExpiriesMax: 3))
        for death in 1...3 {
            // Failures that a worker tells of are no deaths.
            for _ in 0..<4 {
                try driven.report(
                    try driven.claimOne().token, .fail(isRetriable: true, message: "odd"))
            }
            #expect(try driven.claimOne().job.leaseExpiries == death - 1)
            driven.pass(minute)
        }
        let parked = try driven.look(job)
        #expect(parked.status == .fatalFailure)
        #expect(parked.attempt == 15)
        #expect(parked.leaseExpiries == 3)
        #expect(try driven.claim().isEmpty)
        // A person gives it all its lives back.
        try driven.change(job, .redrive(dueAt: nil))
        _ = try driven.claimOne()
        driven.pass(minute)
        #expect(try driven.look(job).status == .retriableFailure)
    }

    @Test func `a job that kills its workers: an attempt that was too long is no death`() throws {
        let driven = try DrivenEngine()
        try driven.submit(
            job, .work(retries: 1_000, runLimit: .seconds(10), leaseExpiriesMax: 1))
        for _ in 0..<5 {
            _ = try driven.claimOne()
            driven.pass(.seconds(10))
        }
        #expect(try driven.look(job).status == .retriableFailure)
        #expect(try driven.look(job).leaseExpiries == 0)
    }
}
