import JobModel
import JobState
import Testing
import Units

@Suite struct `Submitting` {
    @Test func `the same content twice is one job`() throws {
        let driver = StateDriver()
        let first = try driver.submit(JobKey("ann", "j1"), .mail)
        #expect(first != nil)
        driver.pass(.seconds(5))
        #expect(try driver.submit(JobKey("ann", "j1"), .mail) == nil)
        #expect(driver.history.count == 1)
    }

    @Test func `other content under a taken key is a conflict, also after the job has ended`()
        throws
    {
        let driver = StateDriver()
        let key = JobKey("ann", "j1")
        var other = JobContent.mail
        other.payload = [1]
        try driver.submit(key, .mail)
        #expect(throws: Rejection.contentConflict(key)) { try driver.submit(key, other) }
        let token = try #require(driver.claim())
        try driver.start(token)
        try driver.succeed(token)
        #expect(throws: Rejection.contentConflict(key)) { try driver.submit(key, other) }
        #expect(try driver.submit(key, .mail) == nil)
    }

    @Test func `names that look alike and have other bytes are other names`() throws {
        let driver = StateDriver()
        let composed = "caf\u{E9}"
        let decomposed = "cafe\u{301}"
        #expect(composed == decomposed)
        try driver.submit(JobKey(composed, "j"), .mail)
        #expect(try driver.submit(JobKey(decomposed, "j"), .mail) != nil)
        #expect(try driver.submit(JobKey(composed, composed), .mail) != nil)
        #expect(try driver.submit(JobKey(composed, decomposed), .mail) != nil)
        var content = JobContent.mail
        content.resultLocation = "file:///" + composed
        try driver.submit(JobKey("ann", "located"), content)
        content.resultLocation = "file:///" + decomposed
        let key = JobKey("ann", "located")
        #expect(throws: Rejection.contentConflict(key)) { try driver.submit(key, content) }
    }

    @Test func `names of any length are kept apart and given back`() throws {
        let driver = StateDriver()
        // Up to sixteen bytes lie in their table's entry, longer ones elsewhere.
        let users = [1, 2, 7, 8, 9, 15, 16, 17, 24, 128].map { String(repeating: "u", count: $0) }
        for user in users + [users[6] + "a", users[6] + "b"] {
            let content = JobContent(
                type: JobType(unchecked: "t-" + user), executionTime: driver.now, priority: 1)
            try #require(driver.submit(JobKey(user, user), content) != nil)
            #expect(try driver.submit(JobKey(user, user), content) == nil)
            let view = try driver.view(JobKey(user, user))
            #expect(view.key == JobKey(user, user))
            #expect(view.type.text == "t-" + user)
        }
    }

    @Test func `the same id of another user is another job`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j1"), .mail)
        #expect(try driver.submit(JobKey("bob", "j1"), .mail) != nil)
    }
}

@Suite struct `Claiming` {
    @Test func `takes lower priority numbers first, then due times, then submits`() throws {
        let driver = StateDriver()
        let start = driver.now
        func content(priority: UInt8, dueAfter seconds: Int64) -> JobContent {
            JobContent(
                type: .mail, executionTime: start.advanced(by: .seconds(seconds)),
                priority: priority)
        }
        try driver.submit(JobKey("u", "late"), content(priority: 5, dueAfter: 2))
        try driver.submit(JobKey("u", "unimportant"), content(priority: 9, dueAfter: 0))
        try driver.submit(JobKey("u", "early"), content(priority: 5, dueAfter: 1))
        try driver.submit(JobKey("u", "early too"), content(priority: 5, dueAfter: 1))
        try driver.submit(JobKey("u", "urgent"), content(priority: 1, dueAfter: 3))
        driver.pass(.seconds(3))
        var order: [String] = []
        while let token = driver.claim() {
            order.append(try #require(driver.view(leasedBy: token)).key.job.text)
        }
        #expect(order == ["urgent", "early", "early too", "late", "unimportant"])
    }

    @Test func `takes nothing before its time`() throws {
        let driver = StateDriver()
        let due = driver.now.advanced(by: .seconds(10))
        try driver.submit(JobKey("u", "j"), JobContent(type: .mail, executionTime: due))
        let next = try #require(driver.nextDue())
        #expect(next <= due && next.advanced(by: .milliseconds(1)) >= due)
        #expect(driver.claim() == nil)
        driver.pass(TimeSpan(microseconds: 9_999_999))
        #expect(driver.claim() == nil)
        driver.pass(TimeSpan(microseconds: 1))
        #expect(driver.claim() != nil)
        #expect(driver.nextDue() == nil)
    }

    @Test func `takes only the types that were asked for`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("u", "j"), .mail)
        #expect(driver.claim([.report]) == nil)
        #expect(driver.claim([.report, .mail]) != nil)
    }

    @Test func `never takes a cancelled job, whether it was ready or not`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("u", "ready"), .mail)
        driver.advance(jobsMax: 10)
        try driver.submit(JobKey("u", "waiting"), .mail)
        #expect(driver.readyCount == 1)
        try driver.cancel(JobKey("u", "ready"))
        try driver.cancel(JobKey("u", "waiting"))
        #expect(driver.readyCount == 0)
        #expect(driver.claim() == nil)
        #expect(driver.readyCount == 0)
    }

    @Test func `moves no more due jobs at once than it may`() throws {
        let driver = StateDriver()
        for number in 0..<10 { try driver.submit(JobKey("u", "\(number)"), .mail) }
        var moved = 0
        while driver.advance(jobsMax: 3) {
            #expect(driver.readyCount - moved <= 3)
            moved = driver.readyCount
        }
        #expect(driver.readyCount == 10)
    }
}

@Suite struct `Attempts` {
    @Test func `tells of each lease once, whoever had its slots before`() throws {
        let driver = StateDriver()
        for name in ["a", "b"] { try driver.submit(JobKey("ann", name)) }
        for _ in 0..<2 { try driver.finish(try #require(driver.claim())) }
        driver.releaseAll()
        var content = JobContent.mail
        content.priority = 255
        try driver.submit(JobKey("ann", "c"), content)
        try driver.submit(JobKey("ann", "d"))
        let token = try #require(driver.claim())
        #expect(driver.view(leasedBy: token)?.key.job.text == "d")
        #expect(driver.allTerms().map(\.token) == [token])
    }

    @Test func `end for good when the retries are used up`() throws {
        let driver = StateDriver()
        let key = JobKey("u", "j")
        try driver.submit(key, .mail)
        for attempt in 1...3 {
            let token = try #require(driver.claim())
            #expect(try driver.view(key).attempt == attempt)
            try driver.fail(token)
            driver.pass(.seconds(3_600))
        }
        #expect(try driver.status(key) == .fatalFailure)
        guard
            case .fatalFailed(_, .reported, _, retriesExhausted: true)? = driver.history.last?.fact
        else {
            Issue.record("the last event is \(String(describing: driver.history.last))")
            return
        }
        #expect(driver.claim() == nil)
    }

    @Test func `wait for the backoff between them`() throws {
        let driver = StateDriver()
        let key = JobKey("u", "j")
        try driver.submit(key, .mail)
        let token = try #require(driver.claim())
        try driver.fail(token)
        #expect(try driver.view(key).nextAttemptAt == driver.now.advanced(by: .seconds(1)))
        #expect(driver.claim() == nil)
        driver.pass(.seconds(1))
        let second = try #require(driver.claim())
        try driver.fail(second)
        #expect(try driver.view(key).nextAttemptAt == driver.now.advanced(by: .seconds(2)))
    }

    @Test func `have tokens that grow, and the old ones are worth nothing`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("u", "j"), .mail)
        let old = try #require(driver.claim())
        #expect(driver.expire(old))
        driver.pass(.seconds(10))
        let new = try #require(driver.claim())
        #expect(new > old)
        for attempted in 0..<4 {
            #expect(throws: Rejection.unknownToken(old)) {
                switch attempted {
                case 0: try driver.start(old)
                case 1: try driver.heartbeat(old)
                case 2: try driver.succeed(old)
                default: try driver.fail(old)
                }
            }
        }
        try driver.start(new)
        try driver.succeed(new)
        #expect(try driver.status(JobKey("u", "j")) == .success)
    }

    @Test func `lost to silence are counted apart`() throws {
        let driver = StateDriver()
        let key = JobKey("u", "j")
        try driver.submit(key, .mail)
        #expect(driver.expire(try #require(driver.claim())))
        driver.pass(.seconds(10))
        try driver.fail(try #require(driver.claim()))
        let view = try driver.view(key)
        #expect(view.attempt == 2)
        #expect(view.leaseExpiries == 1)
    }

    @Test func `hand their checkpoint to the next one`() throws {
        let driver = StateDriver()
        let key = JobKey("u", "j")
        try driver.submit(key, .mail)
        let token = try #require(driver.claim())
        try driver.heartbeat(token, progress: [1], checkpoint: [7, 8])
        try driver.heartbeat(token, progress: [2])
        #expect(try driver.progress(key) == [2])
        try driver.fail(token)
        #expect(try driver.checkpoint(key) == [7, 8])
        #expect(try driver.progress(key) == nil)
    }
}

@Suite struct `The backoff` {
    @Test(arguments: [(1, 1), (2, 2), (3, 4), (11, 1_024), (13, 3_600), (100, 3_600)])
    func `doubles up to its bound`(attempt: Int, seconds: Int64) {
        #expect(Backoff.standard.delay(afterAttempt: attempt) == .seconds(seconds))
    }

    @Test func `is shortened by a jitter that differs from job to job and never from run to run`() {
        let backoff = Backoff.standard
        var seen: Set<TimeSpan> = []
        for job in 1...100 {
            let delay = backoff.delay(afterAttempt: 5, of: LSN(rawValue: UInt64(job)))
            #expect(delay == backoff.delay(afterAttempt: 5, of: LSN(rawValue: UInt64(job))))
            #expect(delay <= .seconds(16) && delay >= TimeSpan(microseconds: 14_400_000))
            seen.insert(delay)
        }
        #expect(seen.count > 95)
    }

    @Test func `neither overflows nor runs long on odd policies`() {
        let shrinking = Backoff(initial: .seconds(1), factorPercent: 1, max: .seconds(9))
        #expect(shrinking.delay(afterAttempt: 1_000) == .zero)
        let steep = Backoff(
            initial: .seconds(86_400), factorPercent: 10_000, max: JobLimits.backoffMax)
        #expect(steep.delay(afterAttempt: 1_000) == JobLimits.backoffMax)
        // Never comes nearer to its bound.
        let still = Backoff(initial: .zero, factorPercent: 200, max: .seconds(9))
        #expect(still.delay(afterAttempt: .max) == .zero)
    }
}

@Suite struct `Listing` {
    @Test func `pages newest first, each job once, while new jobs arrive`() throws {
        let driver = StateDriver()
        for number in 0..<25 { try driver.submit(JobKey("u", "\(number)"), .mail) }
        var seen: [String] = []
        var before: JobPosition?
        repeat {
            let page = try driver.page("u", before: before, limit: 10)
            seen += page.jobs.map(\.key.job.text)
            before = page.next
            try driver.submit(JobKey("u", "new \(seen.count)"), .mail)
        } while before != nil
        #expect(seen == (0..<25).reversed().map { "\($0)" })
    }

    @Test func `filters by status and type and looks at no more jobs than it may`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("u", "wanted"), JobContent(type: .report, executionTime: nil))
        for number in 0..<20 { try driver.submit(JobKey("u", "\(number)"), .mail) }
        let none = try driver.page(
            "u", statuses: [.notStarted], type: .report, limit: 5, looksMax: 15)
        #expect(none.jobs.isEmpty)
        let next = try #require(none.next)
        let rest = try driver.page(
            "u", statuses: [.notStarted], type: .report, before: next, limit: 5, looksMax: 15)
        #expect(rest.jobs.map(\.key.job.text) == ["wanted"])
        #expect(rest.next == nil)
        let cancelled = try driver.page("u", statuses: [.cancelled], limit: 5)
        #expect(cancelled.jobs.isEmpty)
        let unknown = try driver.page("u", type: JobType(unchecked: "no such"), limit: 5)
        #expect(unknown.jobs.isEmpty)
    }

    @Test func `of a user who never submitted is refused`() {
        let driver = StateDriver()
        #expect(throws: Rejection.unknownUser(UserID(unchecked: "nobody"))) {
            try driver.page("nobody", limit: 1)
        }
    }
}

@Suite struct `Folding the log again` {
    @Test(arguments: 0..<20)
    func `gives the same views and counts`(seed: UInt64) throws {
        let driver = StateDriver()
        var random = SplitMix(state: seed)
        var tokens: [LSN] = []
        for step in 0..<400 {
            let key = JobKey("user \(random.below(5))", "job \(random.below(60))")
            do throws(Rejection) {
                switch random.below(8) {
                case 0, 1: try driver.submit(key, .mail)
                case 2: if let token = driver.claim() { tokens.append(token) }
                case 3:
                    if let token = tokens.randomElement(using: &random) { try driver.start(token) }
                case 4:
                    if let token = tokens.randomElement(using: &random) {
                        try driver.succeed(token)
                    }
                case 5:
                    if let token = tokens.randomElement(using: &random) { try driver.fail(token) }
                case 6:
                    if let token = tokens.randomElement(using: &random) { _ = driver.expire(token) }
                default: if step % 3 == 0 { try driver.cancel(key) }
                }
            } catch {
                // Refused, as many of these must be: nothing may have changed.
            }
            driver.pass(.milliseconds(Int64(random.below(900))))
        }
        let again = try driver.refolded()
        #expect(again.state.digest() == driver.state.digest())
        #expect(again.counts == driver.counts)
        #expect(again.allTerms() == driver.allTerms())
        for number in 0..<5 {
            let first = try driver.page("user \(number)", limit: 100)
            let second = try again.page("user \(number)", limit: 100)
            #expect(first.jobs == second.jobs)
            #expect(!first.jobs.isEmpty)
        }
        #expect(driver.counts.total == UInt64(driver.history.count { $0.fact.reference == nil }))
    }
}

/// A small seeded generator: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014).
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: UInt64) -> UInt64 { next() % bound }
}
