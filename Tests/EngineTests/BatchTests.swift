import ByteCoding
import Engine
import JobCoding
import JobModel
import JobState
import TestKit
import Testing
import Units

private let ann = UserID(unchecked: "ann")
private let bob = UserID(unchecked: "bob")

extension SubmitOutcome {
    /// What became of the job, without positions.
    fileprivate var name: String {
        switch self {
        case .new: "new"
        case .existing(_, let status): "existing \(status.name)"
        case .rejected(.contentConflict): "conflict"
        case .rejected(.waitingLimit): "waiting limit"
        case .rejected(.invalidRecurrence): "invalid recurrence"
        case .rejected(let other): "\(other)"
        }
    }
}

@Suite struct `A batch of submits` {
    @Test func `gives each job its own outcome, whatever becomes of the others`() async throws {
        let desk = try await HeldEngine()
        let engine = desk.engine
        _ = try await engine.submit(JobKey("ann", "old"), .work(priority: 0))
        _ = try await engine.claim(.of(1), wait: .zero)
        _ = try await engine.control(.user(bob), ControlChange(waitingMax: .some(2)))
        var batch = engine.batch(jobsExpected: 2)
        batch.add(JobKey("ann", "a"), .work())
        batch.add(JobKey("ann", "a"), .work())
        batch.add(JobKey("ann", "a"), .work(payload: [1]))
        batch.add(JobKey("ann", "old"), .work(priority: 0))
        batch.add(JobKey("ann", "old"), .work(priority: 1))
        batch.add(JobKey("ann", "never"), .ticking(.cron("0 0 31 2 *", zone: "UTC")))
        batch.add(JobKey("ann", "nowhere"), .ticking(.cron("0 0 * * *", zone: "Mars/X")))
        for number in 1...3 { batch.add(JobKey("bob", "\(number)"), .work()) }
        batch.add(JobKey("ann", "tick"), .ticking(.fixedRate(.seconds(60))))
        batch.add(JobKey("ann", "z"), .work())
        let outcomes = try await engine.submit(batch)
        #expect(
            outcomes.map(\.name) == [
                "new", "existing NOT_STARTED", "conflict", "existing CLAIMED", "conflict",
                "invalid recurrence", "invalid recurrence", "new", "new", "waiting limit", "new",
                "new",
            ])
        let again = try await engine.submit(batch)
        #expect(again.map(\.name).filter { $0 == "new" } == [])
        // The position that a batch tells is the job's.
        let view = try await engine.detail(JobKey("ann", "z")).job
        #expect(outcomes.last == .new(view.submittedLSN))
        #expect(again.last == .existing(view.submittedLSN, .notStarted))
        await #expect(throws: EngineError.self) { try await engine.detail(JobKey("bob", "3")) }
        await engine.close()
    }

    @Test func `of none is answered, and changes nothing`() async throws {
        let desk = try await HeldEngine()
        let before = try await desk.engine.stats().durableLSN
        #expect(try await desk.engine.submit(desk.engine.batch(jobsExpected: 0)) == [])
        #expect(try await desk.engine.stats().durableLSN == before)
        await desk.engine.close()
    }

    /// More classes than a batch numbers, and each job has its own.
    @Test func `keeps each job's type and policy apart`() async throws {
        let desk = try await HeldEngine()
        var batch = desk.engine.batch(jobsExpected: 2_400)
        for number in 0..<2_400 {
            batch.add(JobKey("ann", "\(number)"), content(of: number))
        }
        _ = try await desk.engine.submit(batch)
        try await expectClasses(of: 2_400, in: desk.engine)
        let digest = try await desk.engine.digest()
        try await desk.reopen()
        #expect(try await desk.engine.digest() == digest)
        try await expectClasses(of: 2_400, in: desk.engine)
        await desk.engine.close()
    }

    private func expectClasses(of count: Int, in engine: Engine) async throws {
        for number in 0..<count {
            let job = try await engine.detail(JobKey("ann", "\(number)")).job
            #expect(job.type == content(of: number).type)
            #expect(job.policy == content(of: number).policy)
        }
    }

    /// A checksum says where a class is looked for, and is not enough.
    @Test func `keeps types of one checksum apart`() async throws {
        let types = ["mail-318a6c8", "mail-90b508f"]
        #expect(Set(types.map { crc32c(Array($0.utf8).rawBytes) }).count == 1)
        let desk = try await HeldEngine()
        var batch = desk.engine.batch(jobsExpected: 2)
        for type in types {
            var content = JobContent.work()
            content.type = JobType(unchecked: type)
            batch.add(JobKey("ann", type), content)
        }
        _ = try await desk.engine.submit(batch)
        for type in types {
            #expect(try await desk.engine.detail(JobKey("ann", type)).job.type.text == type)
        }
        await desk.engine.close()
    }

    /// Somebody may choose types whose checksums end alike: each would be compared with all before it.
    @Test func `compares a class with few others, and the rest has no number`() async throws {
        let desk = try await HeldEngine()
        var batch = desk.engine.batch(jobsExpected: 40)
        let types = Array(
            (0...).lazy.map { "mail-\($0)" }.filter { type in
                var name = ByteWriter()
                name.write(Array(type.utf8))
                JobContent.work().policy.encode(into: &name)
                return crc32c(name.bytes) & 1_023 == 7
            }.prefix(40))
        for type in types {
            var content = JobContent.work()
            content.type = JobType(unchecked: type)
            batch.add(JobKey("ann", type), content)
        }
        let numbers: [UInt16?] = (0..<16).map { $0 } + Array(repeating: nil, count: 24)
        #expect(batch.hints.map(\.classNumber) == numbers)
        _ = try await desk.engine.submit(batch)
        for type in types {
            #expect(try await desk.engine.detail(JobKey("ann", type)).job.type.text == type)
        }
        await desk.engine.close()
    }

    /// Each of 1 200 classes comes twice.
    private func content(of number: Int) -> JobContent {
        var content = JobContent.work()
        let number = number % 1_200
        content.type = JobType(unchecked: "type-\(number % 40)")
        content.policy.maxRetries = number / 40
        return content
    }

    @Test func `is there as a whole after a restart`() async throws {
        let desk = try await HeldEngine()
        var batch = desk.engine.batch(jobsExpected: 1_000)
        for number in 0..<1_000 {
            batch.add(JobKey("ann", "\(number)"), .work(payload: Array("\(number)".utf8)))
        }
        #expect(
            try await desk.engine.submit(batch).map(\.name) == Array(repeating: "new", count: 1_000)
        )
        let digest = try await desk.engine.digest()
        try await desk.reopen()
        #expect(try await desk.engine.digest() == digest)
        let grants = try await desk.engine.claim(.of(1_000), wait: .zero)
        #expect(grants.map(\.payload) == (0..<1_000).map { Array("\($0)".utf8) })
        await desk.engine.close()
    }
}

@Suite struct `A batch of reports` {
    @Test func `gives each report its own outcome, in order`() async throws {
        let desk = try await HeldEngine()
        let engine = desk.engine
        for name in ["a", "b", "c", "d"] {
            _ = try await engine.submit(JobKey("ann", name), .work(backoff: .seconds(10)))
        }
        let tokens = try await engine.claim(.of(4), wait: .zero).map(\.token)
        let forged = LSN(rawValue: 999)
        let steps: [(token: LSN, step: AttemptStep)] = [
            (tokens[0], .start), (tokens[0], .succeed(message: nil)),
            (tokens[0], .succeed(message: nil)), (tokens[1], .succeed(message: nil)),
            (forged, .start), (tokens[1], .fail(isRetriable: true, message: "no")),
            (tokens[2], .fail(isRetriable: false, message: "no")),
            (tokens[3], .heartbeat(leaseDuration: nil, progress: [1], checkpoint: [2])),
            (tokens[3], .start), (tokens[3], .succeed(message: "done")),
        ]
        let outcomes = try await engine.report(
            steps.map { AttemptReport(token: $0.token, step: $0.step) })
        #expect(
            outcomes == [
                .done(.processing), .done(.success), .rejected(.unknownToken(tokens[0])),
                .rejected(.wrongStatus(JobKey("ann", "b"), .claimed, wanted: .succeed)),
                .rejected(.unknownToken(forged)), .done(.retriableFailure), .done(.fatalFailure),
                .done(.claimed), .done(.processing), .done(.success),
            ])
        let story = try await engine.timeline(JobKey("ann", "d"), eventsMax: 10)
        let facts = story.events.map(\.event.fact)
        guard case .heartbeat(_, _, progress: [1], checkpoint: [2]) = facts[2],
            case .succeeded(_, message: "done") = facts[4]
        else {
            Issue.record("the last job's events are \(facts)")
            return
        }
        #expect(try await engine.report([]) == [])
        await engine.close()
    }
}

@Suite struct `Payloads that are packed` {
    /// Alike enough for a dictionary to be worth it.
    private func payload(_ number: Int) -> [UInt8] {
        Array(
            #"{"recipient":"user\#(number * 7919)@example.org","subject":"Your invoice \#(number)","#
                .utf8)
            + Array(
                #""template":"invoice/standard/2027","attachments":[],"amountCents":\#(number * 31)}"#
                    .utf8)
    }

    @Test func `come back whole with a claim and with a look, after a restart too`() async throws {
        let desk = try await HeldEngine()
        for number in 0..<50 {
            _ = try await desk.engine.submit(
                JobKey("ann", "\(number)"), .work(payload: payload(number)))
        }
        let raw = (0..<50).reduce(0) { $0 + payload($1).count }
        // Most of them are packed: else this test would tell of nothing.
        #expect(try await desk.engine.stats().payloadBytes < raw * 3 / 4)
        for part in 0..<2 {
            for number in 0..<50 {
                let detail = try await desk.engine.detail(JobKey("ann", "\(number)"))
                #expect(detail.payload == payload(number))
            }
            let grants = try await desk.engine.claim(.of(25), wait: .zero)
            #expect(grants.map(\.payload) == (part * 25..<part * 25 + 25).map { payload($0) })
            if part == 0 { try await desk.reopen() }
        }
        await desk.engine.close()
    }

    @Test func `come back whole from batches of more types than a batch remembers`() async throws {
        let desk = try await HeldEngine()
        let types = (0..<200).map { JobType(unchecked: "type \($0)") }
        // Nothing stands at the same place in the dictionaries of two types.
        let payloads = (0..<3_000).map { number in
            let type = number % types.count
            let word = "\(type * 7_919 % 1_000)" + String(repeating: "-", count: 1 + type % 13)
            return Array((String(repeating: word + " payload ", count: 12) + "\(number)").utf8)
        }
        // The first round makes the dictionaries, the second is packed with them.
        for round in 0..<2 {
            var batch = desk.engine.batch(jobsExpected: payloads.count)
            for (number, payload) in payloads.enumerated() {
                batch.add(
                    JobKey("ann", "\(round) \(number)"),
                    .work(types[number % types.count], priority: 1, payload: payload))
            }
            _ = try await desk.engine.submit(batch)
        }
        let raw = 2 * payloads.reduce(0) { $0 + $1.count }
        #expect(try await desk.engine.stats().payloadBytes < raw * 3 / 4)
        for (number, payload) in payloads.enumerated() {
            let detail = try await desk.engine.detail(JobKey("ann", "1 \(number)"))
            try #require(detail.payload == payload)
        }
        await desk.engine.close()
    }

    @Test func `are packed in a batch of more classes than it numbers, too`() async throws {
        let desk = try await HeldEngine()
        var contents = (0..<2_048).map { number in
            JobContent.work(payload: Array(payload(number)))
        }
        for number in contents.indices { contents[number].policy.maxRetries = number }
        // These make the dictionary.
        for number in 0..<11 {
            _ = try await desk.engine.submit(JobKey("ann", "first \(number)"), contents[number])
        }
        let before = try await desk.engine.stats().payloadBytes
        var batch = desk.engine.batch(jobsExpected: contents.count)
        for (number, content) in contents.enumerated() {
            batch.add(JobKey("ann", "\(number)"), content)
        }
        _ = try await desk.engine.submit(batch)
        let raw = contents.reduce(0) { $0 + $1.payload.count }
        #expect(try await desk.engine.stats().payloadBytes - before < raw / 2)
        let detail = try await desk.engine.detail(JobKey("ann", "2047"))
        #expect(detail.payload == contents[2_047].payload)
        await desk.engine.close()
    }

    @Test func `come back whole from occurrences, whose timeline begins with their tick`()
        async throws
    {
        let desk = try await HeldEngine()
        for number in 0..<20 {
            _ = try await desk.engine.submit(
                JobKey("bob", "\(number)"), .work(priority: 200, payload: payload(number)))
        }
        let tick = JobKey("ann", "tick")
        var content = JobContent.ticking(.fixedRate(.seconds(60)))
        content.payload = payload(77)
        let at = desk.clock.wallTime()
        _ = try await desk.engine.submit(tick, content)
        _ = try await desk.engine.stats()
        let grant = try #require(try await desk.engine.claim(.of(1), wait: .zero).first)
        let occurrence = JobKey(user: tick.user, job: tick.job.occurrence(at: at))
        #expect(grant.job.key == occurrence)
        #expect(grant.payload == payload(77))
        _ = try await desk.engine.start(token: grant.token)
        _ = try await desk.engine.succeed(token: grant.token, message: "sent")
        for _ in 0..<2 {
            #expect(try await desk.engine.detail(occurrence).payload == payload(77))
            let story = try await desk.engine.timeline(occurrence, eventsMax: 100)
            #expect(
                story.events.map(\.event.fact.name)
                    == ["Ticked", "Claimed", "Processing", "Succeeded"])
            #expect(!story.isTruncated)
            let parent = try await desk.engine.timeline(tick, eventsMax: 100)
            #expect(parent.events.map(\.event.fact.name) == ["Submitted", "Ticked"])
            #expect(parent.events.last?.lsn == story.events.first?.lsn)
            try await desk.reopen()
        }
        await desk.engine.close()
    }
}

@Suite struct `The answer to a claim` {
    @Test func `shows each job as a look at it does, with its own checkpoint`() throws {
        let driven = try DrivenEngine()
        var expiring = JobContent.work()
        expiring.expiresAt = driven.now.advanced(by: .seconds(86_400))
        expiring.resultLocation = "s3://bucket/expiring"
        try driven.submit(JobKey("ann", "expiring"), expiring)
        try driven.submit(JobKey("ann", "tick"), .ticking(.fixedRate(.seconds(60))))
        for name in ["plain", "first", "second"] {
            try driven.submit(JobKey("ann", name), .work())
        }
        let kept = ["first", "second"]
        for grant in try driven.claim(5) where kept.contains(grant.job.key.job.text) {
            try driven.fail(grant, leaving: Array(grant.job.key.job.text.utf8))
        }
        // Those that were left alone lose their leases.
        driven.pass(.seconds(61))
        let grants = try driven.claim(10)
        #expect(Set(grants.map(\.job.key.job.text)).isSuperset(of: ["expiring", "plain"] + kept))
        #expect(grants.contains { $0.job.occurrenceOf != nil })
        for grant in grants {
            let name = grant.job.key.job.text
            #expect(grant.checkpoint == (kept.contains(name) ? Array(name.utf8) : nil))
            #expect(try grant.job == driven.look(grant.job.key))
        }
    }

    @Test func `holds no more than some megabytes, checkpoints among them`() throws {
        let driven = try DrivenEngine()
        for number in 0..<70 { try driven.submit(JobKey("ann", "\(number)"), .work()) }
        let checkpoint = [UInt8](repeating: 7, count: 64 << 10)
        for grant in try driven.claim(70) {
            try driven.fail(grant, leaving: checkpoint)
        }
        driven.pass(.seconds(3_600))
        let first = try driven.claim(100)
        #expect(first.count == 64)
        #expect(first.allSatisfy { $0.checkpoint == checkpoint })
        let rest = try driven.claim(100)
        #expect(Set((first + rest).map(\.job.key)).count == 70)
    }

    @Test func `holds no more than that, however small its payloads were kept`() throws {
        let driven = try DrivenEngine()
        let payload = [UInt8](repeating: 7, count: 64 << 10)
        for number in 0..<70 {
            try driven.submit(JobKey("ann", "\(number)"), .work(payload: payload))
        }
        let grants = try driven.claim(100)
        #expect(grants.count == 64)
        #expect(grants.allSatisfy { $0.payload == payload })
        #expect(try driven.claim(100).count == 6)
    }
}
