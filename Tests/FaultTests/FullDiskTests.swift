import Client
import TestKit
import Testing
import Wire

/// On a tmpfs of a few MiB.
@Suite(.timeLimit(.minutes(2)))
struct `A full disk` {
    @Test func `ends a log writer with a clear refusal, and nothing acknowledged is lost`()
        async throws
    {
        try await whereAvailable {
            for round in 0..<5 {
                let disk = try TemporaryFileSystem(byteCount: 4 << 20)
                var ledger = LogLedger()
                let full = try await LogWriterLife.run(
                    in: disk.file("data"), randomWriter(),
                    at: .acknowledgements(Int.random(in: 1...20)), kills: false
                ) { _ in try disk.fill() }
                #expect(full.failure?.contains("No space left on device") == true)
                ledger.acknowledge(full)
                try disk.makeRoom()
                let again = try await LogWriterLife.run(
                    in: disk.file("data"), ["--batches", "2"], at: .never)
                ledger.note(again, "round \(round)")
                #expect(ledger.lost.isEmpty)
                #expect(ledger.refused.isEmpty)
                #expect(ledger.total > 0)
            }
        }
    }

    /// The life of a daemon on a full disk, from its last good moment to the restart after it.
    @Test func `refuses new work, lets running work end, and is over when there is space`()
        async throws
    {
        try await whereAvailable {
            let disk = try TemporaryFileSystem(byteCount: 8 << 20)
            let data = disk.file("data")
            let ledger = JobLedger()
            let daemon = try await DaemonProcess.start(dataDirectory: data, arguments: segments)
            let client = DaybookClient(address: daemon.address)
            let running = try await Self.runningJobs(client, count: 2)
            let refusals = try await ledger.submitUntilRefused(
                daemon.address, prefix: "full", payloadBytes: 4000, after: 50
            ) { try disk.fill() }
            #expect(refusals.allSatisfy { $0.status == 507 && $0.code == "outOfSpace" })
            try await Self.expectRefusal(daemon.address)
            try await Self.expectTrouble(client)

            // Claims are granted until half of the reserve is used up, and running work goes on.
            try await Self.useUpHalf(client, token: running[0])
            _ = try await client.start(token: running[1])
            _ = try await client.heartbeat(token: running[1], HeartbeatRequest())
            for token in running { _ = try await client.succeed(token: token, SucceedRequest()) }
            for job in ["running-0", "running-1"] {
                #expect(try await client.job(user: "bob", job: job).status == "SUCCESS")
            }
            try await ledger.check(client)

            try disk.makeRoom()
            let again = try await Self.submitUntilTaken(client)
            // A segment that was not rewritten for want of space is told until the next one is.
            let trouble = try await client.stats().logTrouble
            #expect(trouble?.hasPrefix(Self.trouble) != true, "\(trouble ?? "")")
            await client.shutdown()
            try await daemon.kill()
            try await ledger.checkAfterRestart(data)
            #expect(ledger.submitted.count >= 50)
            try await expectJobs(
                data, ["running-0": "SUCCESS", "running-1": "SUCCESS", again: "NOT_STARTED"])
        }
    }

    @Test func `is the same to a daemon that is started on it`() async throws {
        try await whereAvailable {
            let disk = try TemporaryFileSystem(byteCount: 8 << 20)
            let data = disk.file("data")
            let ledger = JobLedger()
            let first = try await DaemonProcess.start(dataDirectory: data, arguments: segments)
            var client = DaybookClient(address: first.address)
            let running = try await Self.runningJobs(client, count: 1)
            await client.shutdown()
            _ = try await ledger.submitUntilRefused(
                first.address, prefix: "full", payloadBytes: 4000, after: 50
            ) { try disk.fill() }
            try await first.kill()

            let second = try await DaemonProcess.start(dataDirectory: data, arguments: segments)
            client = DaybookClient(address: second.address)
            try await Self.expectTrouble(client)
            try await Self.expectRefusal(second.address)
            _ = try await client.succeed(token: running[0], SucceedRequest())
            try await ledger.check(client)
            try disk.makeRoom()
            _ = try await Self.submitUntilTaken(client)
            await client.shutdown()
            #expect(try await second.terminate() == .exited(0))
            try await ledger.checkAfterRestart(data)
        }
    }
}

extension `A full disk` {
    /// So large that what is under way when the disk fills up is little of one.
    private var segments: [String] { ["--segment-size", "1048576"] }

    /// Submits, claims and starts jobs of bob's; gives their tokens.
    private static func runningJobs(_ client: DaybookClient, count: Int) async throws -> [UInt64] {
        for number in 0..<count {
            _ = try await client.submit(
                user: "bob", SubmitRequest(job: "running-\(number)", type: "slow"))
        }
        let grants = try await client.claim(
            ClaimRequest(worker: "w", types: ["slow"], max: count, leaseSeconds: 600))
        try #require(grants.count == count)
        for grant in grants { _ = try await client.start(token: grant.token) }
        return grants.map(\.token)
    }

    /// Expects that a submit is refused with the status, the header and the code that say why.
    private static func expectRefusal(_ address: String) async throws {
        let answer = try await SystemTool.run(
            "curl", "--silent", "--include", "--request", "POST", "--header",
            "content-type: application/json", "--data", #"{"type":"t"}"#,
            address + "/v1/users/bob/jobs")
        let lines = answer.split(whereSeparator: \.isNewline).map { $0.lowercased() }
        #expect(lines.first == "http/1.1 507 insufficient storage", "\(answer)")
        #expect(lines.contains("retry-after: 5"), "\(answer)")
        #expect(answer.contains(#""outOfSpace""#), "\(answer)")
    }

    /// Expects that the daemon is there and says what it lacks.
    private static func expectTrouble(_ client: DaybookClient) async throws {
        #expect(await client.isReady())
        let trouble = try await client.stats().logTrouble
        #expect(trouble?.hasPrefix(Self.trouble) == true, "\(trouble ?? "")")
    }

    private static let trouble = "the disk is full: submits are refused"

    /// Heartbeats with checkpoints until claims are refused.
    private static func useUpHalf(_ client: DaybookClient, token: UInt64) async throws {
        var granted = 0
        while await isGranted(client) {
            granted += 1
            try #require(granted < 20, "claims are granted for ever")
            let text = (0..<60_000).map { _ in UInt8.random(in: 97...122) }
            _ = try await client.heartbeat(
                token: token, HeartbeatRequest(checkpoint: [34] + text + [34]))
        }
        #expect(granted > 1)
    }

    /// Claims a job; false where that is refused for want of space.
    private static func isGranted(_ client: DaybookClient) async -> Bool {
        do throws(ClientError) {
            let grants = try await client.claim(
                ClaimRequest(worker: "w", types: ["fault"], leaseSeconds: 600))
            #expect(grants.count == 1)
            return true
        } catch {
            #expect(error.status == 507 && error.code == "outOfSpace", "\(error)")
            return false
        }
    }

    /// Repeats one submit until it is taken; gives the job's id.
    private static func submitUntilTaken(_ client: DaybookClient) async throws -> String {
        while true {
            do throws(ClientError) {
                return try await client.submit(
                    user: "bob", SubmitRequest(job: "again", type: "later")
                ).job.job
            } catch {
                try #require(error.status == 507, "\(error)")
            }
        }
    }

    /// Expects statuses of bob's jobs, by job id, of a daemon that is started for it.
    private func expectJobs(_ data: String, _ statuses: [String: String]) async throws {
        let daemon = try await DaemonProcess.start(dataDirectory: data, arguments: segments)
        let client = DaybookClient(address: daemon.address)
        for (job, status) in statuses {
            #expect(try await client.job(user: "bob", job: job).status == status, "\(job)")
        }
        await client.shutdown()
        #expect(try await daemon.terminate() == .exited(0))
    }
}

extension ClientError {
    /// The status of the daemon's refusal; nil where there was no answer.
    var status: Int? {
        if case .refused(let status, _) = self { status } else { nil }
    }

    /// The code of the daemon's refusal; nil where there was no answer.
    var code: String? {
        if case .refused(_, let body) = self { body.code } else { nil }
    }
}
