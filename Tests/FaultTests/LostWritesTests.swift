import TestKit
import Testing

/// On a FUSE file system that forgets what was not synced.
@Suite(.timeLimit(minutesMax("DAYBOOK_CYCLES")))
struct `A log on a disk that loses what was not synced` {
    /// `DAYBOOK_CYCLES` says how often.
    @Test func `loses nothing that was acknowledged`() async throws {
        try await onLossyDisk { disk in
            let cycles = repetitions("DAYBOOK_CYCLES", ordinarily: 500)
            let ledger = try await cutPower(of: disk, cycles: cycles)
            #expect(ledger.lost.isEmpty)
            #expect(ledger.refused.isEmpty)
            #expect(ledger.total >= cycles * 20)
            let counts = try disk.counts()
            #expect(counts["crashes"] == cycles)
            #expect(counts["unsynced-pages", default: 0] >= cycles / 2)
            #expect(counts["unsynced-names", default: 0] >= cycles / 10)
            print("losefs: \(cycles) power cuts, \(ledger.total) records acknowledged, \(counts)")
        }
    }

    /// The test itself is tested: it must see what a log loses that does not sync.
    @Test(arguments: ["--without-sync", "--without-directory-sync"])
    func `is seen to lose records without its syncs`(flag: String) async throws {
        try await onLossyDisk { disk in
            let ledger = try await cutPower(of: disk, cycles: 20, [flag])
            #expect(ledger.isBroken)
            #expect(ledger.total > 0)
        }
    }

    /// After a failed sync the kernel shows bytes that it will never write.
    @Test func `loses nothing when a sync fails, is started again and loses its power`()
        async throws
    {
        try await onLossyDisk { disk in
            var ledger = LogLedger()
            var failures = 0
            for cycle in 0..<40 {
                if cycle % 10 == 0 {
                    try disk.clear()
                    ledger.beginLog()
                }
                let failed = try await LogWriterLife.run(
                    in: disk.file("data"), randomWriter(),
                    at: .acknowledgements(Int.random(in: 1...30)), kills: false
                ) { _ in try disk.failNextSync(of: ".lz4") }
                ledger.compare(failed, "cycle \(cycle)")
                ledger.acknowledge(failed)
                failures += failed.failure?.contains("cannot sync") == true ? 1 : 0
                if Bool.random() { try disk.crash() }
                let next = try await LogWriterLife.run(
                    in: disk.file("data"), randomWriter(), at: randomMoment())
                ledger.note(next, "cycle \(cycle), after the failure")
                try disk.crash()
            }
            #expect(failures == 40)
            #expect(ledger.lost.isEmpty)
            #expect(ledger.refused.isEmpty)
            #expect(try disk.counts()["failures"] == 40)
        }
    }

    /// Lets log writers live and die, with the power cut after each death.
    private func cutPower(
        of disk: LoseFS, cycles: Int, _ flags: [String] = []
    ) async throws -> LogLedger {
        var ledger = LogLedger()
        for cycle in 0..<cycles {
            if cycle % 20 == 0 {
                try disk.clear()
                ledger.beginLog()
            }
            let life = try await LogWriterLife.run(
                in: disk.file("data"), randomWriter() + flags, at: randomMoment())
            let seed = UInt32.random(in: 0 ... .max)
            let isTorn = cycle % 2 == 1
            ledger.note(life, "cycle \(cycle)")
            if isTorn { try disk.crash(tornBy: seed) } else { try disk.crash() }
        }
        let last = try await LogWriterLife.run(
            in: disk.file("data"), ["--batches", "1"], at: .never)
        ledger.note(last, "at the end")
        return ledger
    }

    private func onLossyDisk(_ body: (LoseFS) async throws -> Void) async throws {
        try await whereAvailable {
            try await LoseFS.mounted(source: faultTool("losefs.c"), body)
        }
    }
}
