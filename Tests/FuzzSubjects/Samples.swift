import ByteCoding
import EventLog
import JobCoding
import JobModel
import Units
import Wire

extension FuzzSubject {
    /// Inputs to begin with, made by this version's own writers.
    package func samples() throws -> [[UInt8]] {
        switch self {
        case .segment: try SampleLogs.segments()
        case .block: try SampleLogs.blocks()
        case .event: SampleEvents.records()
        case .json: try SampleBodies.texts()
        case .snapshot: [SampleState().image(), SampleState.full().image()]
        case .history: try [SampleHistory.file(rows: 0), SampleHistory.file(rows: 140)]
        }
    }
}

/// Small logs: whole, cut short, rolled, opened twice.
private enum SampleLogs {
    static func segments() throws(LogError) -> [[UInt8]] {
        var samples: [[UInt8]] = []
        let few = try files(batches: [[1], [2, 3], [4]])
        let whole = few.joined
        samples += [whole, few.closed]
        let end = (whole.lastIndex { $0 != 0 } ?? 0) + 1
        for cut in [1, 20, 100, 200, end - 4096] { samples.append(Array(whole.prefix(end - cut))) }
        samples.append(try files(batches: [Array(1...20)]).joined)
        samples.append(try files(batches: (1...12).map { [$0] }).closed)
        let rolled = try files(batches: (1...40).map { [$0, $0 + 1] })
        samples += [rolled.joined, rolled.closed] + rolled.sealed
        let packed = try files(batches: (1...40).map { [$0, $0 + 1] }, rewritesSegments: true)
        samples += [packed.joined, packed.closed] + packed.sealed
        samples.append(try files(batches: [[], [1_000]], blockBytes: 300_000).closed)
        samples.append(try openedTwice())
        return samples
    }

    /// What stands behind each of the headers that the subject puts before it.
    static func blocks() throws(LogError) -> [[UInt8]] {
        let segments = try segments()
        return BlockSubject.headers.indices.flatMap { choice in
            segments.map { segment in
                let file = SegmentParts.splitFiles(segment).first ?? []
                var parts = SegmentParts(BlockSubject.headers[choice] + file.dropFirst(4096))
                if choice == 2 { parts.removeMarks() }
                var repair = SegmentRepair(depth: .all)
                repair.run(&parts)
                let end = (parts.bytes.lastIndex { $0 != 0 } ?? 0) + 1
                return [UInt8(choice)] + parts.bytes.prefix(end).dropFirst(4096)
            }
        }
    }

    private struct Images {
        /// The segments as they are while the log is open, and after it was closed.
        var joined: [UInt8]
        var closed: [UInt8]
        /// The segments that have a footer, each by itself.
        var sealed: [[UInt8]]
    }

    private static func files(
        batches: [[Int]], blockBytes: Int = 512, rewritesSegments: Bool = false
    ) throws(LogError) -> Images {
        let storage = MemoryStorage([])
        let opening = Opening(
            storage,
            options: Opening.smallOptions(
                segmentBytes: 5120, blockBytes: blockBytes, rewritesSegments: rewritesSegments))
        let log = try opening.result.get()
        for batch in batches {
            for number in batch { log.append(record(number).rawBytes) }
            log.commit(now: WallTime(microseconds: 2_000_000))
        }
        let segments = storage.files(withSuffix: ".lz4")
        log.close()
        return Images(
            joined: Array(segments.joined()),
            closed: Array(storage.files(withSuffix: ".lz4").joined()),
            sealed: Array(segments.dropLast().prefix(2)))
    }

    private static func openedTwice() throws(LogError) -> [UInt8] {
        let storage = MemoryStorage([])
        for number in 1...3 {
            let log = try Opening(storage).result.get()
            log.append(record(number).rawBytes)
            log.close()
        }
        return Array(storage.files(withSuffix: ".lz4").joined())
    }

    /// A record of a length of its own; the 1000th is as long as one may be.
    private static func record(_ number: Int) -> [UInt8] {
        guard number < 1_000 else { return [UInt8](repeating: 7, count: LogOptions.recordBytesMax) }
        var random = SeededRandom(seed: UInt64(number))
        let byteCount = 1 + number * 37 % 150
        return (0..<byteCount).map { index in
            number % 3 == 0 ? UInt8(index / 16) : UInt8(truncatingIfNeeded: random.next())
        }
    }
}

/// One event of each kind, with all fields and with as few as may be.
private enum SampleEvents {
    static func records() -> [[UInt8]] {
        facts.map { fact in
            var writer = ByteWriter()
            Event(time: WallTime(microseconds: 1_800_000_000_000_000), fact: fact)
                .encode(into: &writer)
            return writer.bytes.array
        }
    }

    private static let job = JobReference(
        submitted: LSN(rawValue: 3), previous: LSN(rawValue: 9), keyHash: 5)

    private static var facts: [Fact] {
        let key = JobKey(user: UserID(unchecked: "ann"), job: JobID(unchecked: "job-1"))
        let type = JobType(unchecked: "mail")
        var policy = JobPolicy.standard
        policy.runLimit = .seconds(60)
        let retryAt = WallTime(microseconds: 1_800_000_060_000_000)
        return [
            .submitted(
                key, JobContent(type: type, executionTime: nil), keyHash: 7, firstTick: nil),
            .submitted(
                key,
                JobContent(
                    type: type, executionTime: retryAt, expiresAt: retryAt, priority: 3,
                    payload: Array("{\"a\":1}".utf8), resultLocation: "file:///tmp/é",
                    policy: policy,
                    recurrence: Recurrence(
                        rule: .cron("0 2 * * *", zone: "Europe/Berlin"), missed: .all(max: 3))),
                keyHash: 8, firstTick: retryAt),
            .redriven(job, dueAt: retryAt),
            .rescheduled(job, priority: 1, executionTime: retryAt),
            .ticked(
                job,
                Tick(
                    at: retryAt, next: retryAt, outcome: .submitted, missedCount: 1,
                    occurrenceHash: 9)),
            .controlChanged(.user(key.user), Control(isPaused: true, waitingMax: 1, runningMax: 2)),
            .controlChanged(.everyUser, Control.none),
            .controlChanged(.user(key.user), nil),
            .claimed(job, worker: WorkerName(unchecked: "w-1"), leaseDuration: .seconds(60)),
            .processing(job), .cancelled(job, reason: .expired),
            .heartbeat(job, leaseDuration: .seconds(1), progress: nil, checkpoint: nil),
            .heartbeat(job, leaseDuration: .seconds(1), progress: [1], checkpoint: [2, 3]),
            .succeeded(job, message: nil), .succeeded(job, message: "done"),
            .retriableFailed(job, reason: .leaseExpired, message: nil, retryAt: retryAt),
            .retriableFailed(job, reason: .reported, message: "exit 1", retryAt: retryAt),
            .fatalFailed(job, reason: .reported, message: "no", retriesExhausted: false),
            .fatalFailed(job, reason: .runLimitExceeded, message: nil, retriesExhausted: true),
        ]
    }
}

/// Bodies as clients and daemons send them, and texts at the edges of the grammar.
private enum SampleBodies {
    static func texts() throws -> [[UInt8]] {
        let bodies = [
            #"{"job":"j","type":"mail","executionTime":"2027-01-01T00:00:00.5Z","priority":3,"#
                + #""payload":{"to":["a",null,true]},"contentType":"application/json","#
                + #""resultLocation":"file:///tmp/r","maxRetries":3,"backoff":{"initialSeconds":1,"#
                + #""factor":2.5,"maxSeconds":60},"leaseSeconds":30,"runLimitSeconds":60}"#,
            #"{"type":"t","payloadBase64":"AAEC"}"#,
            #"{"worker":"w","types":["a","b"],"max":10,"leaseSeconds":0.5,"waitSeconds":20}"#,
            #"{"leaseSeconds":30,"progress":{"percent":50},"checkpoint":"line 7"}"#,
            #"{"message":"done"}"#, #"{"message":"é😀","retriable":false}"#,
            #"{"error":{"code":"jobUnknown","message":"there is no such job"}}"#,
            #"[1,-0.5e+10,{"a":{}},[[]],"\u00fc\ud83d\ude00\n\"\\",true,false,null]"#,
            String(repeating: "[", count: 64) + String(repeating: "]", count: 64),
        ]
        return bodies.map { Array($0.utf8) }
    }
}
