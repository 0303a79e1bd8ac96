import Client
import TestKit
import Testing
import Wire

/// On a tmpfs of a few MiB.
@Suite(.timeLimit(.minutes(5)))
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

    @Test func `makes a daemon refuse submits, and nothing acknowledged is lost`() async throws {
        try await whereAvailable {
            let disk = try TemporaryFileSystem(byteCount: 4 << 20)
            let data = disk.file("data")
            let ledger = JobLedger()
            let daemon = try await DaemonProcess.start(
                dataDirectory: data, arguments: smallSegments)
            let refusals = try await ledger.submitUntilRefused(
                daemon.address, prefix: "full", payloadBytes: 4000, after: 50
            ) { try disk.fill() }
            #expect(refusals.contains { $0.status ?? 0 >= 500 }, "\(refusals)")
            try await daemon.kill()
            try disk.makeRoom()
            try await ledger.checkAfterRestart(data)
            #expect(ledger.submitted.count >= 50)
        }
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
