import Engine
import JobModel
import TestKit
import Testing
import Units

private let ann = UserID(unchecked: "ann")

@Suite struct `A redrive of dead letters` {
    @Test func `spaces them out, the latest death first, and tells where to go on`() async throws {
        let desk = try await HeldEngine()
        for number in 1...5 { try await desk.bury(JobKey("ann", "\(number)")) }
        let now = desk.clock.wallTime()
        func due(_ seconds: Int64) -> WallTime { now.advanced(by: .seconds(seconds)) }
        var order = RedriveOrder(firstDue: due(100), spacing: .seconds(10), countMax: 3)
        let first = try await desk.engine.redrive(order)
        #expect(first.count == 3)
        #expect(first.nextDue == due(130))
        #expect(first.next != nil)
        (order.firstDue, order.start) = (first.nextDue, first.next)
        let second = try await desk.engine.redrive(order)
        #expect(second.count == 2)
        #expect(second.nextDue == due(150))
        #expect(second.next == nil)
        order.start = nil
        let none = try await desk.engine.redrive(order)
        #expect(none.count == 0)
        #expect(none.nextDue == order.firstDue)
        #expect(none.next == nil)
        let page = try await desk.engine.list(JobQuery(user: ann, limit: 10))
        #expect(page.jobs.map(\.nextAttemptAt) == [100, 110, 120, 130, 140].map { due($0) })
        // Nothing starts before its time.
        desk.clock.pass(.seconds(119))
        let early = try await desk.engine.claim(.of(10), wait: .zero)
        #expect(early.map(\.job.key.job.text) == ["5", "4"])
        #expect(early.map(\.job.attempt) == [2, 2])
        await desk.engine.close()
    }

    @Test func `takes only whom it names, and never starts in the past`() async throws {
        let desk = try await HeldEngine()
        try await desk.bury(JobKey("ann", "a"))
        try await desk.bury(JobKey("ann", "b"), .other)
        try await desk.bury(JobKey("bob", "c"), .other)
        let order = RedriveOrder(
            user: ann, type: .other, firstDue: .earliest, spacing: .zero, countMax: 10)
        #expect(try await desk.engine.redrive(order).count == 1)
        let left = try await desk.engine.deadLetters(DeadLetterQuery(limit: 10))
        #expect(left.jobs.map(\.key) == [JobKey("bob", "c"), JobKey("ann", "a")])
        let view = try await desk.engine.detail(JobKey("ann", "b")).job
        #expect(view.nextAttemptAt == desk.clock.wallTime())
        await desk.engine.close()
    }

    @Test func `finds a rare one behind more than one call looks at`() async throws {
        let desk = try await HeldEngine()
        try await desk.bury(JobKey("ann", "rare"), .other)
        try await desk.bury(10_050)
        var order = RedriveOrder(type: .other, countMax: 10)
        let first = try await desk.engine.redrive(order)
        #expect(first.count == 0)
        #expect(first.next != nil)
        order.start = first.next
        let second = try await desk.engine.redrive(order)
        #expect(second.count == 1)
        #expect(second.next == nil)
        // One that dies again meanwhile is in front: the redrive does not meet it a second time.
        let part = try await desk.engine.redrive(RedriveOrder(countMax: 50))
        try await desk.fail()
        let rest = try await desk.engine.redrive(RedriveOrder(countMax: 1, start: part.next))
        #expect(rest.count == 1)
        let letters = try await desk.engine.deadLetters(DeadLetterQuery(limit: 60))
        #expect(letters.jobs.prefix(50).allSatisfy { $0.attempt == 2 })
        #expect(letters.jobs.dropFirst(50).allSatisfy { $0.attempt == 1 })
        try await desk.fail()
        // All, though each call looks at 10 000 at most.
        var (all, total) = (RedriveOrder(countMax: 4_000), 0)
        repeat {
            let part = try await desk.engine.redrive(all)
            (total, all.start) = (total + part.count, part.next)
        } while all.start != nil
        #expect(total == 10_050)
        await desk.engine.close()
    }
}

@Suite struct `Dead letters in pages` {
    /// The names on all pages after `before`.
    private func rest(
        _ desk: HeldEngine, after before: JobPosition?, limit: Int, user: UserID? = nil
    ) async throws -> [String] {
        var names: [String] = []
        var query = DeadLetterQuery(user: user, start: before, limit: limit)
        for _ in 0..<20 {
            let page = try await desk.engine.deadLetters(query)
            #expect(page.jobs.count <= limit)
            names += page.jobs.map(\.key.job.text)
            guard let next = page.next else { return names }
            query.start = next
        }
        return names + ["no end"]
    }

    @Test(arguments: [1, 2, 3, 7, 10])
    func `come in order of death, each once, before and after a restart`(limit: Int) async throws {
        let desk = try await HeldEngine()
        for number in 1...7 {
            try await desk.bury(JobKey(number % 2 == 0 ? "bob" : "ann", "\(number)"))
        }
        for _ in 0..<2 {
            #expect(
                try await rest(desk, after: nil, limit: limit)
                    == ["7", "6", "5", "4", "3", "2", "1"])
            #expect(
                try await rest(desk, after: nil, limit: limit, user: ann) == ["7", "5", "3", "1"])
            try await desk.reopen()
        }
        await desk.engine.close()
    }

    @Test func `lose and repeat none while others die and are redriven`() async throws {
        let desk = try await HeldEngine()
        for number in 1...6 { try await desk.bury(JobKey("ann", "\(number)")) }
        let first = try await desk.engine.deadLetters(DeadLetterQuery(limit: 2))
        #expect(first.jobs.map(\.key.job.text) == ["6", "5"])
        try await desk.bury(JobKey("ann", "7"))
        _ = try await desk.engine.change(JobKey("ann", "6"), .redrive(dueAt: .latest))
        #expect(try await rest(desk, after: first.next, limit: 2) == ["4", "3", "2", "1"])
        await desk.engine.close()
    }
}

@Suite struct `Settings of users and types` {
    @Test func `are listed, changed part by part, and still there after a restart`() async throws {
        let desk = try await HeldEngine()
        let zoe = ControlScope.user(UserID(unchecked: "zoe"))
        #expect(try await desk.engine.controls() == [])
        _ = try await desk.engine.control(.type(.work), ControlChange(isPaused: true))
        _ = try await desk.engine.control(zoe, ControlChange(waitingMax: .some(5)))
        _ = try await desk.engine.control(.user(ann), ControlChange(runningMax: .some(2)))
        _ = try await desk.engine.control(.everyUser, ControlChange(waitingMax: .some(9)))
        let both = try await desk.engine.control(zoe, ControlChange(runningMax: .some(1)))
        #expect(both == Control(waitingMax: 5, runningMax: 1))
        let expected = try await desk.engine.controls()
        #expect(expected.map(\.scope) == [.everyUser, .user(ann), zoe, .type(.work)])
        #expect(
            expected.map(\.control) == [
                Control(waitingMax: 9), Control(runningMax: 2), both, Control(isPaused: true),
            ])
        try await desk.reopen()
        #expect(try await desk.engine.controls() == expected)
        _ = try await desk.engine.control(.type(.work), ControlChange(isPaused: false))
        #expect(try await desk.engine.controls() == Array(expected.dropLast()))
        await desk.engine.close()
    }

    @Test func `write nothing where they change nothing`() async throws {
        let desk = try await HeldEngine()
        let pause = ControlChange(isPaused: true)
        _ = try await desk.engine.control(.user(ann), pause)
        let before = try await desk.engine.stats().durableLSN
        #expect(try await desk.engine.control(.user(ann), pause) == Control(isPaused: true))
        #expect(try await desk.engine.stats().durableLSN == before)
        await desk.engine.close()
    }

    @Test func `hand a waiting claim its job as soon as they are lifted`() async throws {
        let driven = try DrivenEngine()
        try driven.control(.user(ann), ControlChange(isPaused: true))
        try driven.submit(JobKey("ann", "j"), .work())
        let granted = driven.wait(.seconds(60))
        #expect(granted() == nil)
        try driven.control(.user(ann), ControlChange(isPaused: false))
        #expect(granted()?.first?.job.key == JobKey("ann", "j"))
    }
}

@Suite struct `A job that is moved` {
    @Test func `waits for its new time at its new priority, after a restart too`() async throws {
        let desk = try await HeldEngine()
        let later = desk.clock.wallTime().advanced(by: .seconds(50))
        for name in ["a", "b", "c"] {
            _ = try await desk.engine.submit(JobKey("ann", name), .work())
        }
        let moved = try await desk.engine.change(
            JobKey("ann", "a"), .reschedule(priority: nil, executionTime: later))
        #expect(moved.executionTime == later)
        #expect(moved.hold == .notDue(until: later))
        let urgent = try await desk.engine.change(
            JobKey("ann", "c"), .reschedule(priority: 1, executionTime: nil))
        #expect(urgent.priority == 1)
        try await desk.reopen()
        let now = try await desk.engine.claim(.of(10), wait: .zero)
        #expect(now.map(\.job.key.job.text) == ["c", "b"])
        desk.clock.pass(.seconds(50))
        let then = try await desk.engine.claim(.of(10), wait: .zero)
        #expect(then.map(\.job.key.job.text) == ["a"])
        await desk.engine.close()
    }

    @Test func `is told so only while it waits`() async throws {
        let desk = try await HeldEngine()
        let key = JobKey("ann", "j")
        let change = JobChange.reschedule(priority: 1, executionTime: nil)
        _ = try await desk.engine.submit(key, .work())
        _ = try await desk.engine.claim(.of(1), wait: .zero)
        await #expect(
            throws: EngineError.rejected(.wrongStatus(key, .claimed, wanted: .reschedule))
        ) { try await desk.engine.change(key, change) }
        _ = try await desk.engine.cancel(key)
        await #expect(
            throws: EngineError.rejected(.wrongStatus(key, .cancelled, wanted: .reschedule))
        ) { try await desk.engine.change(key, change) }
        let nobody = JobKey("ann", "nobody")
        await #expect(throws: EngineError.rejected(.unknownJob(nobody))) {
            try await desk.engine.change(nobody, change)
        }
        await desk.engine.close()
    }

    @Test func `tells its resubmitter that it is the same job`() async throws {
        let desk = try await HeldEngine()
        let key = JobKey("ann", "j")
        _ = try await desk.engine.submit(key, .work())
        _ = try await desk.engine.change(
            key, .reschedule(priority: 1, executionTime: WallTime.latest))
        let again = try await desk.engine.submit(key, .work())
        #expect(!again.isNew)
        #expect(again.job.executionTime == .latest)
        await desk.engine.close()
    }
}
