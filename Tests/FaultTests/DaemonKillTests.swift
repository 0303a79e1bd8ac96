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
            let workers = (0..<3).map { _ in Task { await ledger.workUntilGone(client) } }
            _ = try await ledger.submitUntilRefused(
                daemon.address, prefix: "\(cycle)", after: Int.random(in: 50...300)
            ) {
                let end = try await daemon.kill()
                #expect(end == .signaled(9))
            }
            for worker in workers { await worker.value }
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
