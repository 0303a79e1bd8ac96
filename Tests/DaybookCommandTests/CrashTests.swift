import Client
import Synchronization
import TestKit
import Testing
import Wire

/// What clients were told, kept outside the daemon that is killed.
private final class Ledger: Sendable {
    private struct Contents {
        var submitted: Set<String> = []
        var succeeded: Set<String> = []
        var acknowledgements = 0
        var goal = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let contents = Mutex(Contents())

    var submitted: Set<String> { contents.withLock { $0.submitted } }
    var succeeded: Set<String> { contents.withLock { $0.succeeded } }

    func acknowledgeSubmit(_ job: String) {
        acknowledge { $0.submitted.insert(job) }
    }

    func acknowledgeSuccess(_ job: String) {
        acknowledge { $0.succeeded.insert(job) }
    }

    /// Returns when `count` more answers have come.
    func waitForAcknowledgements(_ count: Int) async {
        await withCheckedContinuation { continuation in
            contents.withLock {
                $0.goal = $0.acknowledgements + count
                $0.waiting = continuation
            }
        }
    }

    private func acknowledge(_ change: (inout Contents) -> Void) {
        let reached = contents.withLock { contents -> CheckedContinuation<Void, Never>? in
            change(&contents)
            contents.acknowledgements += 1
            guard contents.acknowledgements >= contents.goal else { return nil }
            defer { contents.waiting = nil }
            return contents.waiting
        }
        reached?.resume()
    }
}

/// Submits jobs one after another until the daemon is gone.
private func submitUntilGone(_ client: DaybookClient, prefix: String, _ ledger: Ledger) async {
    for number in 0... {
        let job = "\(prefix)-\(number)"
        let request = SubmitRequest(job: job, type: "crash", payload: Array("\(number)".utf8))
        do {
            _ = try await client.submit(user: "ann", request)
            ledger.acknowledgeSubmit(job)
        } catch {
            return
        }
    }
}

/// Claims, starts and completes jobs until the daemon is gone.
private func workUntilGone(_ client: DaybookClient, _ ledger: Ledger) async {
    let request = ClaimRequest(
        worker: "w", types: ["crash"], max: 5, leaseSeconds: 600, waitSeconds: 5)
    do {
        while true {
            for grant in try await client.claim(request) {
                _ = try await client.start(token: grant.token)
                _ = try await client.succeed(token: grant.token, SucceedRequest())
                ledger.acknowledgeSuccess(grant.job)
            }
        }
    } catch {
        return
    }
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

@Suite struct `A daemon that is killed again and again under load` {
    @Test func `forgets nothing that it has acknowledged`() async throws {
        let cycles = 25
        let directory = try TemporaryDirectory()
        let ledger = Ledger()
        var random = SystemRandomNumberGenerator()
        for cycle in 0..<cycles {
            let daemon = try await DaemonProcess.start(dataDirectory: directory.file("data"))
            let client = DaybookClient(address: daemon.address)
            try await check(ledger, client)
            await withTaskGroup { group in
                for submitter in 0..<8 {
                    group.addTask {
                        await submitUntilGone(client, prefix: "\(cycle)-\(submitter)", ledger)
                    }
                }
                for _ in 0..<3 { group.addTask { await workUntilGone(client, ledger) } }
                await ledger.waitForAcknowledgements(Int.random(in: 50...300, using: &random))
                do {
                    #expect(try await daemon.kill() == .signaled(9))
                } catch {
                    Issue.record("the daemon cannot be killed: \(error)")
                }
            }
            await client.shutdown()
        }
        let daemon = try await DaemonProcess.start(dataDirectory: directory.file("data"))
        let client = DaybookClient(address: daemon.address)
        try await check(ledger, client)
        await client.shutdown()
        try await daemon.terminate()
        // A run that acknowledged next to nothing would prove nothing.
        #expect(ledger.submitted.count >= cycles * 10)
        #expect(ledger.succeeded.count >= cycles)
        let verification = try await runDaybook(["log", "verify", directory.file("data")])
        #expect(verification.exitCode == 0, "\(verification.stderr)")
    }

    private func check(_ ledger: Ledger, _ client: DaybookClient) async throws {
        if ledger.submitted.isEmpty { return }
        let found = try await statuses(client, user: "ann")
        let lost = ledger.submitted.filter { found[$0] == nil }
        #expect(lost.isEmpty, "acknowledged and gone: \(lost.sorted().prefix(5))")
        let undone = ledger.succeeded.filter { found[$0] != "SUCCESS" }
        #expect(undone.isEmpty, "acknowledged as done and not: \(undone.sorted().prefix(5))")
    }
}
