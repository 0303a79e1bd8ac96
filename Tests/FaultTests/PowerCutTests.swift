import TestKit
import Testing

/// On a real ext4 whose disk is copied in an instant while it is written to.
@Suite(.timeLimit(minutesMax("DAYBOOK_IMAGES")))
struct `A log on ext4 whose power is cut` {
    /// `DAYBOOK_IMAGES` says how often.
    @Test func `loses nothing that was acknowledged`() async throws {
        try await whereAvailable {
            let images = repetitions("DAYBOOK_IMAGES", ordinarily: 20)
            let (ledger, beyond) = try await cut(images: images)
            #expect(ledger.lost.isEmpty)
            #expect(ledger.refused.isEmpty)
            #expect(ledger.total >= images * 50)
            print(
                "ext4: \(images) images, \(ledger.total) records acknowledged, "
                    + "\(beyond) images with more than was acknowledged")
        }
    }

    /// The test itself is tested: it must see what a log loses that does not sync.
    @Test func `is seen to lose records without its syncs`() async throws {
        try await whereAvailable {
            let (ledger, _) = try await cut(images: 2, ["--without-sync"])
            #expect(ledger.isBroken)
            #expect(ledger.total > 0)
        }
    }

    /// Makes images and recovers each; gives also how many held more than was acknowledged.
    private func cut(
        images: Int, _ flags: [String] = []
    ) async throws -> (ledger: LogLedger, beyond: Int) {
        let disk = try await ReflinkedDisk()
        var ledger = LogLedger()
        var beyond = 0
        for image in 0..<images {
            let moment = LogWriterLife.Moment.acknowledgements(Int.random(in: 10...100))
            let life = try await LogWriterLife.run(
                in: disk.file("data"), randomWriter() + flags, at: moment
            ) { life in
                ledger.note(life, "image \(image)")
                try await disk.cut()
            }
            try await disk.afterCut { path in
                let found = try await LogWriterLife.run(
                    in: path + "/data", ["--batches", "1"], at: .never)
                ledger.compare(found, "image \(image)")
                if found.recovered ?? 0 > ledger.acknowledged { beyond += 1 }
            }
            ledger.acknowledge(life)
        }
        return (ledger, beyond)
    }
}
