import JobModel
import JobState
import Testing
import Units

private let key = JobKey("ann", "tick")
private let minute = TimeSpan.seconds(60)

/// What became of the ticks in a driver's history.
private func outcomes(_ driver: StateDriver) -> [TickOutcome] {
    driver.history.compactMap { event in
        if case .ticked(_, let tick) = event.fact { tick.outcome } else { nil }
    }
}

@Suite struct `A recurring job` {
    @Test func `hands out one occurrence for each tick`() throws {
        let driver = StateDriver()
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .allow))
        let start = driver.now
        driver.pass(.seconds(180), step: .seconds(7))
        #expect(
            try driver.jobs("ann") == ["tick"]
                + [0, 60, 120, 180].map { (second: Int64) in
                    "tick@\(start.advanced(by: .seconds(second)))"
                })
        #expect(driver.claimAll().count == 4)
        #expect(try driver.status(key) == .notStarted)
    }

    @Test func `gives its occurrences its content, and says whose they are`() throws {
        let driver = StateDriver()
        var content = JobContent.recurring(.fixedRate(minute))
        content.payload = [1, 2, 3]
        content.priority = 7
        content.resultLocation = "file:///r"
        try driver.submit(key, content)
        let token = try #require(driver.claim())
        let view = try #require(driver.view(leasedBy: token))
        #expect(view.occurrenceOf == key.job)
        #expect(view.priority == 7)
        #expect(view.resultLocation == "file:///r")
        #expect(view.recurrence == nil)
    }

    @Test func `skips ticks while an occurrence is open, where that is its policy`() throws {
        let driver = StateDriver()
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .skip))
        let token = try #require(driver.claim())
        driver.pass(.seconds(120), step: minute)
        #expect(outcomes(driver) == [.submitted, .overlapped, .overlapped])
        try driver.finish(token)
        driver.pass(minute, step: minute)
        #expect(outcomes(driver).last == .submitted)
    }

    @Test func `lines its occurrences up, where that is its policy`() throws {
        let driver = StateDriver()
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .queue))
        let first = try #require(driver.claim())
        driver.pass(.seconds(120), step: minute)
        #expect(outcomes(driver) == [.submitted, .queued, .queued])
        let waiting = try driver.jobs("ann").suffix(2).map { JobKey("ann", $0) }
        #expect(try driver.view(waiting[0]).hold == .previousOccurrence)
        #expect(driver.claim() == nil)
        try driver.finish(first)
        let second = try #require(driver.claim())
        #expect(driver.view(leasedBy: second)?.key == waiting[0])
        #expect(driver.claim() == nil)
        try driver.cancel(waiting[0])
        let third = try #require(driver.claim())
        #expect(driver.view(leasedBy: third)?.key == waiting[1])
    }

    @Test func `waits its interval after the end of an occurrence, where it is a fixed delay`()
        throws
    {
        let driver = StateDriver()
        try driver.submit(key, .recurring(.fixedDelay(minute)))
        let token = try #require(driver.claim())
        driver.pass(.seconds(500), step: minute)
        #expect(outcomes(driver) == [.submitted])
        try driver.finish(token)
        let end = driver.now
        #expect(try driver.view(key).nextAttemptAt == end.advanced(by: minute))
        driver.pass(.seconds(59))
        #expect(driver.claim() == nil)
        driver.pass(.seconds(1))
        #expect(driver.claim() != nil)
    }

    @Test(
        "makes up what was missed by its policy",
        arguments: [
            (MissedTickPolicy.skip, [0, 11]), (.once, [0, 10, 11]),
            (.all(max: 3), [0, 8, 9, 10, 11]), (.all(max: 100), Array(0...11)),
        ])
    func missed(policy: MissedTickPolicy, minutes: [Int]) throws {
        let driver = StateDriver()
        let start = driver.now
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .allow, missed: policy))
        driver.advance(jobsMax: .max)
        // Nobody acts on anything for ten minutes and a half.
        driver.pass(.seconds(630))
        driver.advance(jobsMax: .max)
        driver.pass(.seconds(30))
        driver.advance(jobsMax: .max)
        #expect(
            try driver.jobs("ann").dropFirst().map { $0 }
                == minutes.map { "tick@\(start.advanced(by: .seconds(Int64($0) * 60)))" })
    }

    @Test(
        "by cron makes up what was missed like any other",
        arguments: [
            (MissedTickPolicy.skip, 0), (.once, 1), (.all(max: 5), 5), (.all(max: 1_000), 1_000),
        ])
    func missedByCron(policy: MissedTickPolicy, count: Int) throws {
        let driver = StateDriver()
        try driver.submit(
            key, .recurring(.cron("* * * * *", zone: "UTC"), overlap: .allow, missed: policy))
        // Two days: more ticks than are counted one by one.
        driver.pass(.seconds(2 * 86_400))
        driver.advance(jobsMax: .max)
        #expect(try driver.page("ann", limit: 2_000, looksMax: 2_000).jobs.count == count + 1)
        let next = try #require(driver.view(key).nextAttemptAt)
        #expect(next > driver.now && next <= driver.now.advanced(by: minute))
    }

    @Test func `ends when it is cancelled, and its open occurrences go on`() throws {
        let driver = StateDriver()
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .queue))
        driver.advance(jobsMax: .max)
        driver.pass(minute, step: minute)
        try driver.cancel(key)
        driver.pass(.seconds(600), step: minute)
        #expect(driver.claimAll().count == 2)
        #expect(outcomes(driver).count == 2)
    }

    @Test func `ends at its expiry`() throws {
        let driver = StateDriver()
        var content = JobContent.recurring(.fixedRate(minute), overlap: .allow)
        content.expiresAt = driver.now.advanced(by: .seconds(150))
        try driver.submit(key, content)
        driver.advance(jobsMax: .max)
        driver.pass(.seconds(600), step: minute)
        #expect(outcomes(driver).count == 3)
        #expect(try driver.status(key) == .cancelled)
    }

    @Test func `gives its payload's memory back with its last tick`() throws {
        let driver = StateDriver()
        // Nothing ticks after the last moment that there is.
        driver.now = .latest
        var content = JobContent.recurring(.fixedRate(minute))
        content.payload = Array(repeating: 1, count: 4_000)
        try driver.submit(key, content)
        driver.advance(jobsMax: .max)
        #expect(try driver.status(key) == .success)
        // That of its occurrence is there still.
        #expect(driver.state.blobBytes < 4_400)
        try driver.finish(try #require(driver.claim()))
        #expect(driver.state.blobBytes < 400)
    }

    @Test func `never takes a job's place`() throws {
        let driver = StateDriver()
        let taken = JobKey("ann", "tick@\(driver.now.advanced(by: minute))")
        try driver.submit(taken, JobContent(type: .report, executionTime: nil))
        try driver.submit(key, .recurring(.fixedRate(minute), overlap: .allow))
        driver.advance(jobsMax: .max)
        driver.pass(.seconds(120), step: minute)
        #expect(outcomes(driver) == [.submitted, .taken, .submitted])
        #expect(try driver.view(taken).type == .report)
    }

    @Test func `that never ticks or has a wrong expression is refused`() {
        let driver = StateDriver()
        for (cron, zone) in [("0 0 31 2 *", "UTC"), ("61 * * * *", "UTC"), ("* * * * *", "Mars/X")]
        {
            #expect(throws: Rejection.self) {
                try driver.submit(key, .recurring(.cron(cron, zone: zone)))
            }
        }
        #expect(driver.history.isEmpty)
    }

    @Test(arguments: [OverlapPolicy.skip, .queue, .allow])
    func `folded again from any point of its log ticks no tick twice and loses none`(
        overlap: OverlapPolicy
    ) throws {
        let driver = StateDriver()
        try driver.submit(
            key, .recurring(.fixedRate(minute), overlap: overlap, missed: .all(max: 9)))
        var random = 1
        for step in 0..<60 {
            driver.pass(.seconds(20))
            driver.advance(jobsMax: .max)
            random = random &* 1_103_515_245 &+ 12_345
            if random & 0x10000 != 0, let token = driver.claim(), step % 3 > 0 {
                try driver.finish(token)
            }
            let again = try driver.refolded()
            #expect(again.state.digest() == driver.state.digest())
            again.pass(minute)
            again.advance(jobsMax: .max)
            let ticks = again.history.compactMap { event in
                if case .ticked(_, let tick) = event.fact { tick.at } else { nil }
            }
            #expect(ticks.count == Set(ticks).count)
        }
        #expect(outcomes(driver).count == 21)
    }
}
