import Client
import Foundation
import TestKit
import Testing

@Suite(.timeLimit(minutesMax("DAYBOOK_DAEMON_CYCLES")))
struct `A daemon that is killed again and again under load` {
    /// `DAYBOOK_DAEMON_CYCLES` says how often; small segments, so that kills hit their making.
    @Test func `forgets nothing that it has acknowledged`() async throws {
        let cycles = repetitions("DAYBOOK_DAEMON_CYCLES", ordinarily: 100)
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let ledger = JobLedger()
        for cycle in 0..<cycles {
            let daemon = try await DaemonProcess.start(
                dataDirectory: data, arguments: smallSegments)
            let client = DaybookClient(address: daemon.address)
            try await ledger.check(client)
            await withTaskGroup { group in
                for submitter in 0..<8 {
                    group.addTask {
                        _ = await ledger.submitUntilRefused(client, prefix: "\(cycle)-\(submitter)")
                    }
                }
                for _ in 0..<3 { group.addTask { await ledger.workUntilGone(client) } }
                await ledger.waitForAcknowledgements(Int.random(in: 50...300))
                do {
                    #expect(try await daemon.kill() == .signaled(9))
                } catch {
                    Issue.record("the daemon cannot be killed: \(error)")
                }
            }
            await client.shutdown()
        }
        try await ledger.checkAfterRestart(data)
        // A run that acknowledged next to nothing would prove nothing.
        #expect(ledger.submitted.count >= cycles * 10)
        #expect(ledger.succeeded.count >= cycles)
        let names = try FileManager.default.contentsOfDirectory(atPath: data + "/log")
        let segments = names.count { $0.hasSuffix(".lz4") }
        #expect(segments >= cycles / 5)
        let verification = try await runDaybook(["log", "verify", data])
        #expect(verification.exitCode == 0, "\(verification.stderr)")
        print(
            "daemon: \(cycles) kills, \(ledger.acknowledgements) acknowledgements, "
                + "\(segments) segments")
    }
}
