import Client
import FoundationEssentials
import TestKit
import Testing
import Units
import Wire

/// The reader in Python, written from docs/log-format.md alone, against `daybook log`.
@Suite(.timeLimit(.minutes(5)), .enabled("python3-lz4 is not installed", IndependentReader.canRun))
struct `The independent reader` {
    @Test
    func `prints every kind of event as replay does`() async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.path)
        let client = DaybookClient(address: daemon.address)
        try await Story(client: client).tell()
        await client.shutdown()
        try await daemon.terminate()

        let replayed = try await runDaybook(["log", "replay", "--json", directory.path])
        #expect(replayed.exitCode == 0)
        #expect(replayed.lines.count >= 24)
        for event in Story.eventNames + Story.details {
            #expect(replayed.stdout.contains(event), "the log has no \(event)")
        }
        let read = try await IndependentReader.run(directory.path)
        #expect(read.exitCode == 0, "\(read.stderr)")
        #expect(read.lines == replayed.lines)
        try await expectSameHead(directory.path)
    }

    @Test
    func `reads what version 1 wrote`() async throws {
        let records = try await IndependentReader.run(Self.golden, "--records")
        #expect(records.exitCode == 0, "\(records.stderr)")
        #expect(records.stdout.hasPrefix("1 68656c6c6f210a\n2 0a\n3 610a\n4 62630a\n5 2e2e"))
        #expect(records.lines.last == "6 74686520656e64")
        try await expectSameHead(Self.golden)
        // Records that are no events: both say which one stopped them.
        #expect(try await IndependentReader.run(Self.golden).exitCode == 78)
        #expect(try await runDaybook(["log", "replay", Self.golden]).exitCode == 78)
    }

    /// In the sealed segment every bit counts; in the last one a write may have been torn.
    @Test
    func `refuses a flipped bit, or says that the end is torn`() async throws {
        let directory = try TemporaryDirectory()
        let copy = directory.file("copy")
        try FileManager.default.copyItem(atPath: Self.golden, toPath: copy)
        let whole = try await IndependentReader.run(copy, "--records").lines
        var refused = 0
        var torn = 0
        // Nothing vouches for the blocks of the second but their own checksums.
        for (name, step) in [("00000000000000000001.lz4", 29), ("00000000000000000005.lz4", 5)] {
            let file = URL(filePath: "\(copy)/log/\(name)")
            let bytes = try Data(contentsOf: file)
            let headerFields = Array(stride(from: 0, to: 152, by: 24)) + [2_000, 4_001, 4_095]
            for offset in headerFields + Array(stride(from: 4_096, to: bytes.count, by: step)) {
                var changed = bytes
                changed[offset] ^= 1 << UInt8(offset % 8)
                try changed.write(to: file)
                let read = try await IndependentReader.run(copy, "--records")
                if read.exitCode == 79 {
                    #expect(read.stderr.contains(name), "bit at \(offset): \(read.stderr)")
                    refused += 1
                } else {
                    #expect(read.exitCode == 0)
                    #expect(read.stderr.hasPrefix("torn tail: "), "bit at \(offset) of \(name)")
                    #expect(read.lines == Array(whole.prefix(read.lines.count)))
                    #expect(read.lines.count >= 4, "a sealed segment was taken for torn")
                    torn += 1
                }
            }
            try bytes.write(to: file)
        }
        #expect(refused > 40)
        #expect(torn > 2)
    }

    private func expectSameHead(_ directory: String) async throws {
        let verified = try await runDaybook(["log", "verify", "--json", directory])
        let head = try await IndependentReader.run(directory, "--check").lines.first ?? ""
        let parts = head.split(separator: ":")
        try #require(parts.count == 2, "no head: \(head)")
        #expect(verified.stdout.contains(#""headLSN":\#(parts[0]),"#), "\(head)")
        #expect(verified.stdout.contains(#""headHash":"\#(parts[1])""#), "\(head)")
    }

    private static let golden = IndependentReader.root + "/data/golden/v1"
}

/// Jobs that leave every kind of event in the log, with every field that an event can have.
private struct Story {
    let client: DaybookClient

    static let eventNames = [
        "Submitted", "Claimed", "Processing", "Heartbeat", "Succeeded", "RetriableFailed",
        "FatalFailed", "Cancelled", "Redriven", "Rescheduled", "Ticked", "ControlChanged",
    ].map { #""event":"\#($0)""# }

    /// What decides between the ways to write a field.
    static let details = [
        #""reason":"reported""#, #""reason":"leaseExpired""#, #""reason":"runLimitExceeded""#,
        #""retriesExhausted":true"#, #""retriesExhausted":false"#, #""executionTime":"#,
        #""resultLocation":"#, #""runLimitSeconds":"#, #""payloadBase64":"#, #""progress":"#,
        #""expiresAt":"#, #""leaseExpiriesMax":0"#, #""jitter":0.25"#, #""reason":"poison""#,
        #""reason":"requested""#, #""reason":"expired""#, #""mode":"fixedDelay""#,
        #""missedMax":7"#, #""zone":"Europe/Berlin""#, #""firstTick":"#, #""outcome":"submitted""#,
        #""next":"#, #""scope":"everyUser""#, #""paused":true"#, #""waitingMax":5"#,
        #""checkpoint":"#, #""message":"#, #""leaseSeconds":0.1"#, #"\u0007"#, #"\n"#,
    ]

    func tell() async throws {
        try await success()
        try await failures()
        try await silence()
        _ = try await client.submit(user: "ann", SubmitRequest(job: "no", type: "never"))
        _ = try await client.cancel(user: "ann", job: "no")
        try await recurrence()
        try await operators()
    }

    private func recurrence() async throws {
        let rules = [
            RecurrenceBody(interval: 3_600, overlap: "queue"),
            RecurrenceBody(
                interval: 0x10000, mode: "fixedDelay", overlap: "allow", missed: "skip"),
            RecurrenceBody(
                cron: "30 2 * * *", zone: "Europe/Berlin", missed: "all", missedMax: 7),
        ]
        for (number, rule) in rules.enumerated() {
            _ = try await client.submit(
                user: "ann",
                SubmitRequest(
                    job: "r\(number)", type: "r",
                    expiresAt: .init(microseconds: 4_000_000_000_000_000),
                    payload: Array("[1, 2]".utf8), resultLocation: "file:///tmp/r",
                    backoff: BackoffBody(jitter: 0.25), runLimitSeconds: 5, leaseExpiriesMax: 0,
                    recurrence: rule))
        }
        // Of the two with an interval, whose first tick is the submit.
        for _ in 0..<2 { _ = try await claim("r") }
    }

    private func operators() async throws {
        _ = try await client.submit(user: "ann", SubmitRequest(job: "bury", type: "b"))
        _ = try await client.fail(token: try await claim("b"), FailRequest(retriable: false))
        _ = try await client.redrive(
            user: "ann", job: "bury",
            RedriveRequest(dueAt: .init(microseconds: 4_000_000_000_000_001)))
        for change in [
            RescheduleRequest(priority: 3),
            RescheduleRequest(executionTime: .init(microseconds: 5)),
            RescheduleRequest(
                priority: 4, executionTime: .init(microseconds: 4_000_000_000_000_002)),
        ] { _ = try await client.reschedule(user: "ann", job: "bury", change) }
        _ = try await client.control(
            user: "ö \"x\"", ControlRequest(paused: true, waitingMax: .max(5), runningMax: .max(0)))
        _ = try await client.control(type: "t", ControlRequest(runningMax: .max(7)))
        _ = try await client.control(everyUser: ControlRequest(waitingMax: .max(1_000_000)))
        _ = try await client.submit(
            user: "ann",
            SubmitRequest(job: "late", type: "late", expiresAt: .init(microseconds: 1)))
        _ = try await client.submit(
            user: "ann",
            SubmitRequest(
                job: "poison", type: "poison", leaseSeconds: 0.1, leaseExpiriesMax: 1))
        _ = try await claim("poison")
        while try await client.job(user: "ann", job: "poison").status != "FATAL_FAILURE" {
            await Task.yield()
        }
        while try await client.job(user: "ann", job: "late").status != "CANCELLED" {
            await Task.yield()
        }
    }

    private func success() async throws {
        _ = try await client.submit(
            user: "ä \"n\\n",
            SubmitRequest(
                job: "j 😀", type: "t", executionTime: .init(microseconds: 1_234_567), priority: 7,
                payload: Array(
                    #"{ "to": "bob\n\"A\" \u0041",  "n": [1, 2.50, 1e400, null] }"#.utf8),
                resultLocation: "file:///tmp/out", maxRetries: 5,
                backoff: BackoffBody(initialSeconds: 0.000_05, factor: 1.25, maxSeconds: 1),
                leaseSeconds: 33.5, runLimitSeconds: 3_600.25))
        let first = try await claim("t")
        _ = try await client.start(token: first)
        _ = try await client.heartbeat(
            token: first,
            HeartbeatRequest(
                leaseSeconds: 12.75, progress: Array(#"{ "done" : 50 }"#.utf8),
                checkpoint: Array(#"[ 1, "x  y" ]"#.utf8)))
        _ = try await client.heartbeat(token: first, HeartbeatRequest())
        _ = try await client.fail(
            token: first, FailRequest(message: "line\nbreak, \u{7}, \"quoted\" \\ €"))
        let second = try await claim("t")
        _ = try await client.start(token: second)
        _ = try await client.succeed(token: second, SucceedRequest(message: "done"))
    }

    private func failures() async throws {
        let requests = [
            SubmitRequest(
                job: "text", type: "f", payload: Array(#""two\nlines €""#.utf8),
                contentType: "text/plain; charset=utf-8", maxRetries: 0),
            SubmitRequest(
                job: "bytes", type: "f", payloadBase64: "AAEC/w==", contentType: "image/png"),
        ]
        for request in requests {
            _ = try await client.submit(user: "ann", request)
            let isLast = request.maxRetries == 0
            _ = try await client.fail(
                token: try await claim("f"),
                FailRequest(retriable: isLast, message: isLast ? "out of retries" : nil))
        }
    }

    /// Workers that say nothing: the second claim waits until the first has run out of time.
    private func silence() async throws {
        let soon = BackoffBody(initialSeconds: 0)
        for request in [
            SubmitRequest(type: "lease", backoff: soon, leaseSeconds: 0.1),
            SubmitRequest(type: "limit", backoff: soon, runLimitSeconds: 0.1),
        ] {
            _ = try await client.submit(user: "ann", request)
            let first = try await claim(request.type)
            _ = try await client.start(token: first)
            let second = try await claim(request.type)
            #expect(second > first)
        }
    }

    private func claim(_ type: String) async throws -> UInt64 {
        let request = ClaimRequest(worker: "w \(type)", types: [type], waitSeconds: 60)
        return try #require(try await client.claim(request).first, "nothing to claim").token
    }
}
