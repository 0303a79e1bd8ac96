import JobModel
import JobState
import Testing
import Units

@Suite struct `Pausing` {
    @Test func `a type holds its jobs back until it is resumed, and says so`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j"))
        try driver.submit(JobKey("ann", "other"), JobContent(type: .report, executionTime: nil))
        driver.control(.type(.mail), Control(isPaused: true))
        #expect(driver.claim() == nil)
        #expect(driver.claim([.mail, .report]) != nil)
        #expect(try driver.view(JobKey("ann", "j")).hold == .typePaused)
        driver.control(.type(.mail), .none)
        #expect(driver.state.takeReadied().contains(.mail))
        #expect(driver.claim() != nil)
    }

    @Test func `a user holds their jobs back and nobody else's`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "a"))
        try driver.submit(JobKey("bob", "b"))
        driver.control(.user("ann"), Control(isPaused: true))
        #expect(driver.claimAll() == ["b"])
        #expect(try driver.view(JobKey("ann", "a")).hold == .userPaused)
        driver.control(.user("ann"), .none)
        #expect(driver.claimAll() == ["a"])
    }

    @Test func `leaves running jobs alone`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j"))
        let token = try #require(driver.claim())
        driver.control(.user("ann"), Control(isPaused: true))
        driver.control(.type(.mail), Control(isPaused: true))
        try driver.finish(token)
        #expect(try driver.status(JobKey("ann", "j")) == .success)
    }
}

@Suite struct `Limits` {
    @Test func `of running jobs of a user hold back the rest until one ends`() throws {
        let driver = StateDriver()
        driver.control(.user("ann"), Control(runningMax: 2))
        for number in 1...4 { try driver.submit(JobKey("ann", "\(number)")) }
        let first = try #require(driver.claim())
        #expect(driver.claimAll() == ["2"])
        #expect(try driver.view(JobKey("ann", "3")).hold == .userLimit(2))
        _ = driver.state.takeReadied()
        try driver.finish(first)
        #expect(driver.state.takeReadied() == [.mail])
        #expect(driver.claimAll() == ["3"])
    }

    @Test func `of running jobs of a type hold back every user's`() throws {
        let driver = StateDriver()
        driver.control(.type(.mail), Control(runningMax: 1))
        try driver.submit(JobKey("ann", "a"))
        try driver.submit(JobKey("bob", "b"))
        let token = try #require(driver.claim())
        #expect(driver.claim() == nil)
        #expect(try driver.view(JobKey("bob", "b")).hold == .typeLimit(1))
        try driver.fail(token)
        #expect(driver.claimAll() == ["b"])
    }

    @Test func `can be changed at any time`() throws {
        let driver = StateDriver()
        for number in 1...4 { try driver.submit(JobKey("ann", "\(number)")) }
        driver.control(.user("ann"), Control(runningMax: 1))
        #expect(driver.claimAll().count == 1)
        driver.control(.user("ann"), Control(runningMax: 3))
        #expect(driver.claimAll().count == 2)
        driver.control(.user("ann"), .none)
        #expect(driver.claimAll().count == 1)
    }

    @Test func `for every user hold for those who have none of their own`() throws {
        let driver = StateDriver()
        driver.control(.everyUser, Control(waitingMax: 2, runningMax: 1))
        driver.control(.user("bob"), Control(runningMax: 2))
        for user in ["ann", "bob"] {
            for number in 1...2 { try driver.submit(JobKey(user, "\(user) \(number)")) }
        }
        #expect(throws: Rejection.waitingLimit(UserID(unchecked: "ann"), limit: 2)) {
            try driver.submit(JobKey("ann", "3"))
        }
        #expect(driver.claimAll().sorted() == ["ann 1", "bob 1", "bob 2"])
    }

    @Test func `of waiting jobs refuse a submit, not its repetition`() throws {
        let driver = StateDriver()
        driver.control(.user("ann"), Control(waitingMax: 1))
        try driver.submit(JobKey("ann", "1"))
        #expect(throws: Rejection.waitingLimit(UserID(unchecked: "ann"), limit: 1)) {
            try driver.submit(JobKey("ann", "2"))
        }
        #expect(try driver.submit(JobKey("ann", "1")) == nil)
        _ = driver.claim()
        #expect(try driver.submit(JobKey("ann", "2")) != nil)
    }

    @Test func `hold when the log is folded again`() throws {
        let driver = StateDriver()
        driver.control(.user("ann"), Control(runningMax: 1))
        driver.control(.type(.report), Control(isPaused: true))
        for number in 1...3 { try driver.submit(JobKey("ann", "\(number)")) }
        let token = try #require(driver.claim())
        let again = try driver.refolded()
        #expect(again.claim() == nil)
        try again.finish(token)
        #expect(again.claimAll() == ["2"])
        #expect(again.state.control(.type(.report)).isPaused)
    }
}

@Suite struct `Users take turns` {
    @Test func `so that one with many jobs does not starve one with a single job`() throws {
        let driver = StateDriver()
        for number in 0..<1_000 { try driver.submit(JobKey("crowd", "c\(number)")) }
        try driver.submit(JobKey("ann", "a"))
        try driver.submit(JobKey("bob", "b0"))
        try driver.submit(JobKey("bob", "b1"))
        var order: [String] = []
        for _ in 0..<6 {
            let token = try #require(driver.claim())
            order.append(try #require(driver.view(leasedBy: token)).key.job.text)
        }
        #expect(order == ["c0", "a", "b0", "c1", "b1", "c2"])
    }

    @Test func `within a priority, and a lower priority number comes first whoever it belongs to`()
        throws
    {
        let driver = StateDriver()
        for number in 0..<3 {
            try driver.submit(
                JobKey("ann", "a\(number)"),
                JobContent(type: .mail, executionTime: nil, priority: 1))
        }
        try driver.submit(
            JobKey("bob", "b"), JobContent(type: .mail, executionTime: nil, priority: 2))
        #expect(driver.claimAll() == ["a0", "a1", "a2", "b"])
    }

    @Test func `and leave the ring when their last ready job is cancelled`() throws {
        let driver = StateDriver()
        for user in ["ann", "bob", "cid"] { try driver.submit(JobKey(user, user)) }
        driver.advance(jobsMax: 10)
        try driver.cancel(JobKey("bob", "bob"))
        #expect(driver.claimAll() == ["ann", "cid"])
        #expect(driver.readyCount == 0)
    }

    @Test func `in each of twelve priorities, whichever of them were empty in between`() throws {
        let driver = StateDriver()
        func submit(_ user: String, _ number: Int, priority: UInt8) throws {
            try driver.submit(
                JobKey(user, "\(user)\(priority)-\(number)"),
                JobContent(type: .mail, executionTime: nil, priority: priority))
        }
        func fill(_ priorities: some Sequence<UInt8>, numbers: [Int]) throws {
            for priority in priorities {
                for number in numbers { try submit("a", number, priority: priority) }
                try submit("b", numbers[0], priority: priority)
            }
            driver.advance(jobsMax: .max)
        }
        try fill(0..<12, numbers: [1, 2])
        for priority in [1, 2, 7, 11] {
            for number in 1...2 { try driver.cancel(JobKey("a", "a\(priority)-\(number)")) }
        }
        try fill([2, 7, 5], numbers: [3, 4])
        let turns = (0..<12).flatMap { priority in
            let order =
                switch priority {
                case 1, 11: ["b-1"]
                case 2, 7: ["b-1", "a-3", "b-3", "a-4"]
                case 5: ["a-1", "b-1", "a-2", "b-3", "a-3", "a-4"]
                default: ["a-1", "b-1", "a-2"]
                }
            return order.map { $0.replacing("-", with: "\(priority)-") }
        }
        #expect(driver.claimAll() == turns)
        #expect(driver.readyCount == 0)
    }
}

@Suite struct `A job that expires` {
    @Test func `is cancelled if it was not started in time`() throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.expiresAt = driver.now.advanced(by: .seconds(10))
        try driver.submit(JobKey("ann", "j"), content)
        driver.pass(TimeSpan(microseconds: 9_999_999))
        driver.advance(jobsMax: 10)
        #expect(try driver.status(JobKey("ann", "j")) == .notStarted)
        driver.pass(TimeSpan(microseconds: 1))
        driver.advance(jobsMax: 10)
        #expect(try driver.status(JobKey("ann", "j")) == .cancelled)
        guard case .cancelled(_, .expired)? = driver.history.last?.fact else {
            Issue.record("the last event is \(String(describing: driver.history.last))")
            return
        }
        #expect(driver.claim() == nil)
    }

    @Test func `runs on if it was, retries and all`() throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.expiresAt = driver.now.advanced(by: .seconds(10))
        try driver.submit(JobKey("ann", "j"), content)
        let token = try #require(driver.claim())
        driver.pass(.seconds(11))
        driver.advance(jobsMax: 10)
        try driver.fail(token)
        driver.pass(.seconds(100))
        #expect(driver.claim() != nil)
    }
}

@Suite struct `Poison` {
    @Test func `is a job that silenced as many workers as its policy bears`() throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.policy.maxRetries = 100
        content.policy.leaseExpiriesMax = 3
        try driver.submit(JobKey("ann", "j"), content)
        for _ in 0..<2 {
            #expect(driver.expire(try #require(driver.claim())))
            driver.pass(.seconds(3_600))
            try driver.fail(try #require(driver.claim()))
            driver.pass(.seconds(3_600))
        }
        #expect(driver.expire(try #require(driver.claim())))
        guard case .fatalFailed(_, .poison, _, false)? = driver.history.last?.fact else {
            Issue.record("the last event is \(String(describing: driver.history.last))")
            return
        }
        #expect(try driver.status(JobKey("ann", "j")) == .fatalFailure)
        #expect(try driver.view(JobKey("ann", "j")).leaseExpiries == 3)
    }
}

@Suite struct `Dead letters` {
    private func dead(_ driver: StateDriver, _ user: String, _ job: String) throws {
        try driver.submit(JobKey(user, job))
        try driver.fail(try #require(driver.claim()), isRetriable: false)
    }

    @Test func `are listed, the latest death first, by user and type`() throws {
        let driver = StateDriver()
        try dead(driver, "ann", "1")
        try dead(driver, "bob", "2")
        try dead(driver, "ann", "3")
        #expect(driver.deadLetters() == ["3", "2", "1"])
        #expect(driver.deadLetters(user: "ann") == ["3", "1"])
        #expect(driver.deadLetters(type: .report).isEmpty)
        #expect(driver.deadLetters(user: "nobody").isEmpty)
    }

    @Test func `are tried again with all their retries, their payload and a higher attempt`() throws
    {
        let driver = StateDriver()
        let key = JobKey("ann", "1")
        try dead(driver, "ann", "1")
        try dead(driver, "ann", "2")
        try driver.redrive(key)
        #expect(driver.deadLetters() == ["2"])
        for attempt in 2...4 {
            let token = try #require(driver.claim())
            #expect(driver.view(leasedBy: token)?.attempt == attempt)
            try driver.fail(token)
            driver.pass(.seconds(3_600))
        }
        #expect(driver.deadLetters() == ["1", "2"])
    }

    @Test func `alone can be redriven`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j"))
        #expect(throws: Rejection.self) { try driver.redrive(JobKey("ann", "j")) }
    }
}

@Suite struct `Rescheduling` {
    @Test func `moves a waiting job to another time or priority`() throws {
        let driver = StateDriver()
        let later = driver.now.advanced(by: .seconds(100))
        for name in ["a", "b", "c"] { try driver.submit(JobKey("ann", name)) }
        driver.advance(jobsMax: 10)
        try driver.reschedule(JobKey("ann", "a"), executionTime: later)
        try driver.reschedule(JobKey("ann", "c"), priority: 1)
        #expect(driver.claimAll() == ["c", "b"])
        #expect(try driver.view(JobKey("ann", "a")).hold == .notDue(until: later))
        #expect(try driver.view(JobKey("ann", "a")).executionTime == later)
        driver.pass(.seconds(100))
        #expect(driver.claimAll() == ["a"])
    }

    @Test func `is refused once the job runs or has ended`() throws {
        let driver = StateDriver()
        let key = JobKey("ann", "j")
        try driver.submit(key)
        let token = try #require(driver.claim())
        #expect(throws: Rejection.wrongStatus(key, .claimed, wanted: .reschedule)) {
            try driver.reschedule(key, priority: 1)
        }
        try driver.finish(token)
        #expect(throws: Rejection.wrongStatus(key, .success, wanted: .reschedule)) {
            try driver.reschedule(key, priority: 1)
        }
    }
}
