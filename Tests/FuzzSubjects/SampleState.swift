import ByteCoding
import JobModel
import JobState
import Units

/// A state that is made event by event.
struct SampleState: ~Copyable {
    private static let hash = KeyedHash(
        low: SnapshotImage.identity, high: SnapshotImage.identity)
    private static let start = WallTime(microseconds: 1_800_000_000_000_000)

    private var state = JobState(hash: SampleState.hash)

    /// One job in each status, dead letters, a recurring job with an occurrence, settings of each kind.
    static func full() -> SampleState {
        var sample = SampleState()
        let (ann, bob) = (UserID(unchecked: "ann"), UserID(unchecked: "bob"))
        let mail = JobType(unchecked: "mail")
        var waiting = JobContent(
            type: JobType(unchecked: "report"), executionTime: later, expiresAt: later,
            priority: 3, payload: Array("{\"a\":1}".utf8), resultLocation: "file:///tmp/r")
        waiting.policy.runLimit = .seconds(60)
        _ = sample.submit(JobKey(user: bob, job: JobID(unchecked: "waits")), waiting)
        sample.recur(JobKey(user: ann, job: JobID(unchecked: "cron")), mail)
        let facts: [(String, [(JobReference) -> Fact])] = [
            ("claimed", []),
            (
                "runs",
                [
                    { .processing($0) },
                    {
                        .heartbeat(
                            $0, leaseDuration: .seconds(9), progress: [49], checkpoint: [1, 2, 3])
                    },
                ]
            ),
            ("done", [{ .succeeded($0, message: "done") }]),
            ("again", [{ .retriableFailed($0, reason: .reported, message: nil, retryAt: later) }]),
            ("dead", [{ .fatalFailed($0, reason: .poison, message: nil, retriesExhausted: true) }]),
            ("gone", [{ .cancelled($0, reason: .requested) }]),
        ]
        for (name, steps) in facts {
            let key = JobKey(user: ann, job: JobID(unchecked: name))
            var job = sample.submit(
                key, JobContent(type: mail, executionTime: nil, payload: Array(name.utf8)))
            job = sample.follow(job) {
                .claimed($0, worker: WorkerName(unchecked: "w1"), leaseDuration: .seconds(60))
            }
            for step in steps { job = sample.follow(job, step) }
        }
        sample.append(.controlChanged(.user(bob), Control(waitingMax: 9, runningMax: 1)))
        sample.append(.controlChanged(.type(mail), Control(isPaused: true)))
        sample.append(.controlChanged(.everyUser, Control(waitingMax: 100)))
        return sample
    }

    private static let later = start.advanced(by: .seconds(3_600))

    /// The state as the file of a snapshot.
    consuming func image() -> [UInt8] {
        let (chunks, totals) = SnapshotSubject.saved(&state)
        return SnapshotImage.file(chunks, totals)
    }

    private mutating func recur(_ key: JobKey, _ type: JobType) {
        let rule = RecurrenceRule.cron("0 * * * *", zone: "Europe/Berlin")
        let content = JobContent(
            type: type, executionTime: nil, recurrence: Recurrence(rule: rule, missed: .all(max: 2))
        )
        let job = submit(key, content, firstTick: Self.start)
        let occurrence = JobKey(user: key.user, job: key.job.occurrence(at: Self.start))
        let hash = state.keyHash(occurrence)
        _ = follow(job) {
            .ticked(
                $0,
                Tick(
                    at: Self.start, next: Self.later, outcome: .submitted, missedCount: 0,
                    occurrenceHash: hash))
        }
    }

    private mutating func submit(
        _ key: JobKey, _ content: JobContent, firstTick: WallTime? = nil
    ) -> JobReference {
        let hash = state.keyHash(key)
        let lsn = append(.submitted(key, content, keyHash: hash, firstTick: firstTick))
        return JobReference(submitted: lsn, previous: lsn, keyHash: hash)
    }

    /// Adds an event about a job; gives what the next one refers to.
    private mutating func follow(
        _ job: JobReference, _ fact: (JobReference) -> Fact
    ) -> JobReference {
        let lsn = append(fact(job))
        return JobReference(submitted: job.submitted, previous: lsn, keyHash: job.keyHash)
    }

    @discardableResult
    private mutating func append(_ fact: Fact) -> LSN {
        let lsn = state.appliedLSN.next
        state.apply(Event(time: Self.start, fact: fact), at: lsn)
        return lsn
    }
}
