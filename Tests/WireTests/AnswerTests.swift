import Testing
import Units
import Wire

@Suite struct `Reading an answer` {
    private let time = WallTime(microseconds: 1_798_761_600_000_001)

    private var job: JobBody {
        JobBody(
            user: "u/1", job: "j", type: "t", status: "CLAIMED", jobStatus: "IN_PROCESS",
            executionTime: time, expiresAt: time, priority: 7, payload: Array(#"{"a":[1]}"#.utf8),
            contentType: "application/json", resultLocation: "file:///r", maxRetries: 3,
            backoff: BackoffBody(initialSeconds: 1, factor: 2, maxSeconds: 3600, jitter: 0.1),
            leaseSeconds: 60, runLimitSeconds: 0.5, leaseExpiriesMax: 3,
            recurrence: RecurrenceBody(
                interval: 60, mode: "fixedRate", missed: "all", missedMax: 5),
            occurrenceOf: "p", attempt: 1, leaseExpiries: 0, submittedAt: time, updatedAt: time,
            nextAttemptAt: time, hold: HoldBody(reason: "typeLimit", limit: 4), worker: "w",
            token: 1 << 60, leaseUntil: time,
            progress: Array("50".utf8),
            lastFailure: FailureBody(time: time, reason: "reported", message: nil),
            submittedLSN: 1, lastLSN: 2)
    }

    @Test func `a job comes back as it was written`() throws {
        #expect(try JobBody(json: job.json()) == job)
        let page = JobPageBody(jobs: [job, job], next: "12")
        #expect(try JobPageBody(json: page.json()) == page)
        #expect(
            try JobPageBody(json: Array(#"{"jobs":[]}"#.utf8)) == JobPageBody(jobs: [], next: nil))
    }

    @Test func `fields that a newer daemon adds are skipped`() throws {
        var json = String(decoding: job.json(), as: UTF8.self)
        json = "{\"new\":{\"x\":[1]},\"new\":2," + json.dropFirst()
        #expect(try JobBody(json: Array(json.utf8)) == job)
    }

    @Test func `a payload nested as deep as may be sent can be read back from a list`() throws {
        var deep = job
        let depth = 63
        deep.payload = Array(
            (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        let request = SubmitRequest(type: "t", payload: deep.payload)
        #expect(try SubmitRequest(json: request.json()) == request)
        let page = JobPageBody(jobs: [deep], next: nil)
        #expect(try JobPageBody(json: page.json()) == page)
    }

    @Test func `a claim is answered with a bare array`() throws {
        let grant = GrantBody(
            user: "u", job: "j", type: "t", token: 9, attempt: 2, payloadBase64: "AAE=",
            contentType: "image/png", executionTime: time, leaseSeconds: 30, leaseUntil: time,
            checkpoint: Array("{}".utf8))
        let json = [grant, grant].json()
        #expect(json.first == UInt8(ascii: "["))
        #expect(try [GrantBody](json: json) == [grant, grant])
        #expect(try [GrantBody](json: Array("[]".utf8)) == [])
    }

    @Test func `counts are keyed by the names of the statuses`() throws {
        var counts = CountsBody()
        counts.notStarted = 1
        counts.cancelled = 7
        #expect(
            String(decoding: counts.json(), as: UTF8.self)
                == #"{"NOT_STARTED":1,"CLAIMED":0,"PROCESSING":0,"SUCCESS":0,"#
                + #""RETRIABLE_FAILURE":0,"FATAL_FAILURE":0,"CANCELLED":7}"#)
        #expect(try CountsBody(json: counts.json()) == counts)
        let stats = StatsBody(
            version: "1", now: time, uptimeSeconds: 1.5, counts: counts, users: 2,
            types: [StatsBody.TypeCounts(type: "t", counts: counts)], ready: 3, waitingClaims: 4,
            payloadBytes: 10, durableLSN: 5, logSegments: 6, logRawBytes: 7, logStoredBytes: 8,
            logTrouble: "full", logDroppedLSN: 5, jobsInMemory: 11, historyJobs: 12,
            historyFiles: 13,
            historyBytes: 14, historyTrouble: "rebuilt", residentBytes: 9, cpuSeconds: 0.1)
        #expect(try StatsBody(json: stats.json()) == stats)
        let users = UserPageBody(users: [.init(user: "u", counts: counts)], next: "1")
        #expect(try UserPageBody(json: users.json()) == users)
    }

    @Test func `a snapshot comes back as it was written`() throws {
        let snapshot = SnapshotBody(lsn: 1 << 60, jobs: 2, bytes: 3, path: "/d/s")
        #expect(try SnapshotBody(json: snapshot.json()) == snapshot)
    }

    @Test func `retention comes back as it was written`() throws {
        for isBounded in [true, false] {
            let body = RetentionBody(
                ageSeconds: isBounded ? 86_400.5 : nil, bytesMax: isBounded ? 1 << 40 : nil,
                archive: isBounded ? "/a" : nil, droppedLSN: 7, bytes: 9,
                trouble: isBounded ? "full" : nil)
            #expect(try RetentionBody(json: body.json()) == body)
            let request = RetentionRequest(ageSeconds: body.ageSeconds, bytesMax: body.bytesMax)
            #expect(try RetentionRequest(json: request.json()) == request)
        }
    }

    @Test func `an event is flat`() throws {
        let event = EventBody(
            lsn: 1, time: time, event: "Submitted",
            fields: [
                ("user", .text("u")), ("priority", .number(5)), ("leaseSeconds", .seconds(0.5)),
                ("last", .flag(true)), ("payload", .json(Array("null".utf8))),
            ])
        let text = String(decoding: event.json(), as: UTF8.self)
        #expect(
            text == #"{"lsn":1,"time":"\#(time)","event":"Submitted","user":"u","priority":5,"#
                + #""leaseSeconds":0.5,"last":true,"payload":null}"#)
        for dropped in [nil, 5] as [UInt64?] {
            let timeline = TimelineBody(
                events: [event], isTruncated: true, droppedLSN: dropped)
            #expect(try TimelineBody(json: timeline.json()) == timeline)
        }
    }

    @Test func `an error stands under its name`() throws {
        let error = ErrorBody(
            code: "staleToken", message: "gone", field: "token",
            holder: .init(
                user: "u", job: "j", status: "CLAIMED", attempt: 2, worker: "w", token: 8))
        #expect(String(decoding: error.json(), as: UTF8.self).hasPrefix(#"{"error":{"code":"#))
        #expect(try ErrorBody(json: error.json()) == error)
    }

    @Test func `the answer to a worker comes back as it was written`() throws {
        let attempt = AttemptBody(
            user: "u", job: "j", status: "RETRIABLE_FAILURE", attempt: 1, nextAttemptAt: time)
        #expect(try AttemptBody(json: attempt.json()) == attempt)
    }

    @Test func `the outcomes of many come back as they were written`() throws {
        let error = ErrorBody(
            code: "cancelled", message: "stop", field: "f",
            holder: .init(
                user: "u", job: "j", status: "CANCELLED", attempt: 1, worker: nil, token: nil))
        let reports = [
            ReportOutcome(token: 1 << 60, status: 200, executionStatus: "PROCESSING"),
            ReportOutcome(token: 2, status: 409, error: error),
        ]
        #expect(try [ReportOutcome](json: reports.json()) == reports)
        let line = BulkOutcome(
            line: 3, status: 201, user: "u", job: "j", submittedLSN: 9, executionStatus: "SUCCESS")
        #expect(try BulkOutcome(json: line.json()) == line)
        let refused = BulkOutcome(
            line: 4, status: 400,
            error: ErrorBody(code: "invalidField", message: "m", field: "type"))
        #expect(try BulkOutcome(json: refused.json()) == refused)
    }

    @Test func `what is told of waiting comes back as it was written`() throws {
        let why = WhyBody(
            user: "u", job: "j", type: "t", status: "NOT_STARTED",
            spans: [
                .init(
                    from: time, to: time, seconds: 0,
                    hold: HoldBody(reason: "notDue", until: time), worker: nil),
                .init(from: time, to: time, seconds: 0.5, hold: nil, worker: "w"),
            ], leaseUntil: time, lastAsked: time, isTruncated: false)
        #expect(try WhyBody(json: why.json()) == why)
        let controls = ControlsBody(controls: [
            ControlBody(scope: "type", name: "t", paused: true, waitingMax: nil, runningMax: 5),
            ControlBody(
                scope: "everyUser", name: nil, paused: false, waitingMax: 0, runningMax: nil),
        ])
        #expect(try ControlsBody(json: controls.json()) == controls)
        let redrive = RedriveBody(count: 5, nextDue: time, next: "7-00000001")
        #expect(try RedriveBody(json: redrive.json()) == redrive)
    }

    @Test(arguments: [0, 60, -1, 0.1, 1.5, 1e-7, 1e15, 1e300, 0.30000000000000004])
    func `numbers are written so that they read back the same`(number: Double) throws {
        let request = HeartbeatRequest(leaseSeconds: number)
        #expect(try HeartbeatRequest(json: request.json()).leaseSeconds == number)
    }
}
