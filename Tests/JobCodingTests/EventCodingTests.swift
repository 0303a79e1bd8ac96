import ByteCoding
import JobCoding
import JobModel
import Testing
import Units

/// One event of every kind, with every optional field there and left out.
private let samples: [Event] = {
    let job = JobReference(
        submitted: LSN(rawValue: 7), previous: LSN(rawValue: 300), keyHash: 0xDEAD_BEEF)
    let key = JobKey(user: UserID(unchecked: "ann"), job: JobID(unchecked: "j-1"))
    let bare = JobContent(type: JobType(unchecked: "mail"), executionTime: nil)
    let full = JobContent(
        type: JobType(unchecked: "größe"),
        executionTime: WallTime(microseconds: 1_798_761_600_000_000),
        expiresAt: WallTime(microseconds: 1_798_761_700_000_000), priority: 5,
        payload: Array(#"{"any":"JSON"}"#.utf8), resultLocation: "file:///srv/out/1",
        policy: JobPolicy(
            maxRetries: 2,
            backoff: Backoff(
                initial: .milliseconds(500), factorPercent: 150, max: .seconds(60),
                jitterPercent: 30),
            leaseDuration: .seconds(30), runLimit: .seconds(3_600), leaseExpiriesMax: 7,
            contentType: "text/plain"))
    func recurring(_ rule: RecurrenceRule, _ overlap: OverlapPolicy, _ missed: MissedTickPolicy)
        -> Fact
    {
        var content = full
        content.recurrence = Recurrence(rule: rule, overlap: overlap, missed: missed)
        return .submitted(
            key, content, keyHash: 3, firstTick: WallTime(microseconds: 1_798_761_600_000_001))
    }
    let tick = Tick(
        at: WallTime(microseconds: 50), next: WallTime(microseconds: 60), outcome: .queued,
        missedCount: 3, occurrenceHash: 0xCAFE)
    let lastTick = Tick(
        at: WallTime(microseconds: 50), next: nil, outcome: .missed, missedCount: 0,
        occurrenceHash: 0)
    let facts: [Fact] = [
        .submitted(key, bare, keyHash: 0, firstTick: nil),
        .submitted(key, full, keyHash: 0x1234_5678, firstTick: nil),
        recurring(.fixedRate(.seconds(60)), .skip, .skip),
        recurring(.fixedDelay(.seconds(90)), .queue, .once),
        recurring(.cron("0 2 * * *", zone: "Europe/Berlin"), .allow, .all(max: 50)),
        .claimed(job, worker: WorkerName(unchecked: "w1"), leaseDuration: .seconds(60)),
        .processing(job),
        .heartbeat(job, leaseDuration: .seconds(60), progress: nil, checkpoint: nil),
        .heartbeat(job, leaseDuration: .seconds(60), progress: [0x31], checkpoint: [0x32, 0x33]),
        .succeeded(job, message: nil), .succeeded(job, message: "done"),
        .retriableFailed(
            job, reason: .reported, message: "no route", retryAt: WallTime(microseconds: 99)),
        .retriableFailed(
            job, reason: .leaseExpired, message: nil, retryAt: WallTime(microseconds: 99)),
        .fatalFailed(job, reason: .runLimitExceeded, message: nil, retriesExhausted: true),
        .fatalFailed(job, reason: .reported, message: "bad input", retriesExhausted: false),
        .fatalFailed(job, reason: .poison, message: "3 times", retriesExhausted: false),
        .cancelled(job, reason: .requested), .cancelled(job, reason: .expired),
        .redriven(job, dueAt: WallTime(microseconds: 77)),
        .rescheduled(job, priority: 3, executionTime: nil),
        .rescheduled(job, priority: nil, executionTime: WallTime(microseconds: 5)),
        .ticked(job, tick), .ticked(job, lastTick),
        .controlChanged(.user(UserID(unchecked: "ann")), Control(isPaused: true)),
        .controlChanged(
            .type(JobType(unchecked: "mail")), Control(waitingMax: 5, runningMax: 0)),
        .controlChanged(.everyUser, Control.none),
        .controlChanged(.user(UserID(unchecked: "ann")), nil),
    ]
    return facts.map { Event(time: WallTime(microseconds: 1_795_464_245_000_001), fact: $0) }
}()

private func encoded(_ event: Event) -> [UInt8] {
    var writer = ByteWriter()
    event.encode(into: &writer)
    return unsafe writer.bytes.withUnsafeBytes { unsafe Array($0) }
}

private func decoded(_ bytes: [UInt8]) throws(EventFault) -> Event {
    try Event(decoding: unsafe bytes.span.bytes)
}

@Suite struct `Events as bytes` {
    @Test(arguments: samples)
    func `come back as they were`(event: Event) throws {
        #expect(try decoded(encoded(event)) == event)
    }

    @Test(arguments: samples)
    func `are refused when cut short anywhere`(event: Event) {
        let bytes = encoded(event)
        for count in 0..<bytes.count {
            #expect(throws: EventFault.self) { try decoded(Array(bytes.prefix(count))) }
        }
    }

    @Test(arguments: samples)
    func `are refused with a byte too many`(event: Event) {
        #expect(throws: EventFault.trailingBytes(1)) { try decoded(encoded(event) + [0]) }
    }

    @Test func `with a duration or a jitter that no caller may ask for are refused`() throws {
        func decoded(_ change: (inout JobPolicy) -> Void) throws -> JobPolicy {
            var policy = JobPolicy.standard
            change(&policy)
            var writer = ByteWriter()
            policy.encode(into: &writer)
            return try JobPolicy(decoding: writer.bytes)
        }
        let longest = JobLimits.durationMax
        #expect(try decoded { $0.leaseDuration = longest }.leaseDuration == longest)
        let longer = TimeSpan(microseconds: longest.microseconds + 1)
        #expect(throws: EventFault.invalidField("duration")) {
            try decoded { $0.leaseDuration = longer }
        }
        #expect(throws: EventFault.invalidField("backoff jitter")) {
            try decoded {
                $0.backoff = Backoff(
                    initial: .zero, factorPercent: 100, max: .zero, jitterPercent: 101)
            }
        }
    }

    @Test func `with a recurrence that no caller may ask for are refused`() throws {
        func decoded(_ interval: TimeSpan, _ missed: MissedTickPolicy) throws -> Recurrence {
            var writer = ByteWriter()
            Recurrence(rule: .fixedRate(interval), missed: missed).encode(into: &writer)
            return try Recurrence(decoding: writer.bytes)
        }
        let most = MissedTickPolicy.all(max: JobLimits.catchUpMax)
        #expect(try decoded(JobLimits.intervalMin, most).missed == most)
        #expect(throws: EventFault.invalidField("recurrence interval")) {
            try decoded(TimeSpan(microseconds: 999_999), .skip)
        }
        #expect(throws: EventFault.invalidField("missed-tick policy")) {
            try decoded(JobLimits.intervalMax, .all(max: JobLimits.catchUpMax + 1))
        }
    }

    @Test func `of an unknown kind are refused by number`() {
        #expect(throws: EventFault.unknownKind(200)) {
            try decoded([200] + [UInt8](repeating: 0, count: 40))
        }
    }

    @Test(arguments: samples)
    func `never trap when a bit is flipped`(event: Event) {
        let bytes = encoded(event)
        var kept = 0
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << (bit % 8)
            if (try? decoded(damaged)) == event { kept += 1 }
        }
        // The checksum of the group finds a flip; here each must at least be seen as another event.
        #expect(kept == 0)
    }
}

/// Bytes that version 1 wrote.
///
/// Never change them: logs out there hold them.
@Suite struct `Events of format 1` {
    @Test func `a submitted event is read for ever`() throws {
        let bytes: [UInt8] = [
            0x01, 0x39, 0x30, 0, 0, 0, 0, 0, 0, 0x00, 0x64, 0x03, 0x61, 0x6e, 0x6e, 0x03, 0x6a,
            0x2d,
            0x31, 0x04, 0x6d, 0x61, 0x69, 0x6c, 0x03, 0xc0, 0x84, 0x3d, 0xc8, 0x01, 0x80, 0xc8,
            0xce,
            0xb4, 0x0d, 0x80, 0x8e, 0xce, 0x1c, 0x10, 0x61, 0x70, 0x70, 0x6c, 0x69, 0x63, 0x61,
            0x74,
            0x69, 0x6f, 0x6e, 0x2f, 0x6a, 0x73, 0x6f, 0x6e, 0x02, 0x7b, 0x7d,
        ]
        let key = JobKey(user: UserID(unchecked: "ann"), job: JobID(unchecked: "j-1"))
        var content = JobContent(
            type: JobType(unchecked: "mail"), executionTime: nil, payload: [0x7b, 0x7d])
        // What came later: no jitter, and any number of leases may run out.
        content.policy.backoff = Backoff(
            initial: .seconds(1), factorPercent: 200, max: .seconds(3_600), jitterPercent: 0)
        content.policy.leaseExpiriesMax = 0
        let event = Event(
            time: WallTime(microseconds: 12_345),
            fact: .submitted(key, content, keyHash: nil, firstTick: nil))
        #expect(try decoded(bytes) == event)
    }

    @Test func `a claimed event is read for ever`() throws {
        let bytes: [UInt8] = [
            0x02, 0x39, 0x30, 0, 0, 0, 0, 0, 0, 0x07, 0, 0, 0, 0, 0, 0, 0, 0x2c, 0x01, 0, 0, 0, 0,
            0, 0,
            0x80, 0x8e, 0xce, 0x1c, 0x02, 0x77, 0x31,
        ]
        let job = JobReference(
            submitted: LSN(rawValue: 7), previous: LSN(rawValue: 300), keyHash: nil)
        let event = Event(
            time: WallTime(microseconds: 12_345),
            fact: .claimed(job, worker: WorkerName(unchecked: "w1"), leaseDuration: .seconds(60)))
        #expect(try decoded(bytes) == event)
    }
}
