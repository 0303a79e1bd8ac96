import Client
import Synchronization
import TestKit
import Testing
import Wire

/// What clients were told by a daemon, kept outside of it.
final class JobLedger: Sendable {
    private struct Contents {
        var submitted: Set<String> = []
        var succeeded: Set<String> = []
        var acknowledgements = 0
        var goal = Int.max
        /// Clients that still submit: once there are none, nobody need wait for more.
        var submitters = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let contents = Mutex(Contents())

    var submitted: Set<String> { contents.withLock { $0.submitted } }
    var succeeded: Set<String> { contents.withLock { $0.succeeded } }
    var acknowledgements: Int { contents.withLock { $0.acknowledgements } }

    /// Returns when `count` more answers have come, or when nobody submits any more.
    private func waitForAcknowledgements(_ count: Int) async {
        await withCheckedContinuation { continuation in
            update {
                $0.goal = $0.acknowledgements + count
                $0.waiting = continuation
            }
        }
    }

    private func acknowledge(_ change: (inout Contents) -> Void) {
        update {
            change(&$0)
            $0.acknowledgements += 1
        }
    }

    private func update(_ change: (inout Contents) -> Void) {
        let reached = contents.withLock { contents -> CheckedContinuation<Void, Never>? in
            change(&contents)
            guard contents.acknowledgements >= contents.goal || contents.submitters == 0 else {
                return nil
            }
            defer { contents.waiting = nil }
            return contents.waiting
        }
        reached?.resume()
    }
}

extension JobLedger {
    /// Submits jobs one after another until one is not taken; gives what was said then.
    ///
    /// Their payloads are random text of `payloadBytes` bytes, so that segments fill.
    private func submitUntilRefused(
        _ client: DaybookClient, prefix: String, payloadBytes: Int
    ) async -> ClientError {
        defer { update { $0.submitters -= 1 } }
        var number = 0
        while true {
            let job = "\(prefix)-\(number)"
            let text = (0..<payloadBytes).map { _ in UInt8.random(in: 97...122) }
            do throws(ClientError) {
                _ = try await client.submit(
                    user: "ann", SubmitRequest(job: job, type: "fault", payload: [34] + text + [34])
                )
                acknowledge { $0.submitted.insert(job) }
            } catch {
                return error
            }
            number += 1
        }
    }

    /// Submits with eight clients at a time until all were refused; gives what they were told.
    ///
    /// Runs `body` meanwhile, after `count` more answers.
    func submitUntilRefused(
        _ address: String, prefix: String, payloadBytes: Int = 400, after count: Int,
        body: () async throws -> Void
    ) async throws -> [ClientError] {
        let client = DaybookClient(address: address)
        update { $0.submitters = 8 }
        let submitters = (0..<8).map { number in
            Task {
                await submitUntilRefused(
                    client, prefix: "\(prefix)-\(number)", payloadBytes: payloadBytes)
            }
        }
        await waitForAcknowledgements(count)
        try await body()
        var refusals: [ClientError] = []
        for submitter in submitters { refusals.append(await submitter.value) }
        await client.shutdown()
        return refusals
    }

    /// Claims, starts and completes jobs until the daemon is gone.
    func workUntilGone(_ client: DaybookClient) async {
        let request = ClaimRequest(
            worker: "w", types: ["fault"], max: 5, leaseSeconds: 600, waitSeconds: 5)
        do {
            while true {
                for grant in try await client.claim(request) {
                    _ = try await client.start(token: grant.token)
                    _ = try await client.succeed(token: grant.token, SucceedRequest())
                    acknowledge { $0.succeeded.insert(grant.job) }
                }
            }
        } catch {
            return
        }
    }
}

extension JobLedger {
    /// Expects that the daemon still knows everything that was acknowledged.
    func check(_ client: DaybookClient) async throws {
        if submitted.isEmpty { return }
        let found = try await statuses(client, user: "ann")
        let lost = submitted.filter { found[$0] == nil }
        #expect(lost.isEmpty, "acknowledged and gone: \(lost.sorted().prefix(5))")
        let undone = succeeded.filter { found[$0] != "SUCCESS" }
        #expect(undone.isEmpty, "acknowledged as done and not: \(undone.sorted().prefix(5))")
    }

    /// Expects the same of a daemon that is started for it, and that ends well.
    func checkAfterRestart(_ dataDirectory: String) async throws {
        let daemon = try await DaemonProcess.start(
            dataDirectory: dataDirectory, arguments: smallSegments)
        let client = DaybookClient(address: daemon.address)
        try await check(client)
        await client.shutdown()
        #expect(try await daemon.terminate() == .exited(0))
    }

    /// Statuses of all of a user's jobs, by job id.
    private func statuses(_ client: DaybookClient, user: String) async throws -> [String: String] {
        var found: [String: String] = [:]
        var cursor: String?
        repeat {
            let page = try await client.list(user: user, ListQuery(limit: 1_000, cursor: cursor))
            for job in page.jobs {
                #expect(found[job.job] == nil, "job \(job.job) is listed twice")
                found[job.job] = job.status
            }
            cursor = page.next
        } while cursor != nil
        return found
    }
}
