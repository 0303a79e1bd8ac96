import EventLog
import Storage
import TestKit
import Testing
import Units

/// Every bit of a small log, flipped one at a time.
@Suite struct `A flipped bit` {
    /// A sealed segment and an open one, and what is known about them.
    private struct SmallLog {
        let disk = SimulatedStorage()
        var paths: [String] = []
        var records: [[UInt8]] = []
        /// The head after each record.
        var heads: [NotedHead] = []
        /// Where the newest group begins: before it no bit may look torn.
        var newest = 0

        init(_ kind: Kind) throws {
            let opened = try OpenedLog(
                disk,
                options: smallOptions(
                    segmentBytes: 4_800, blockBytes: 512, rewritesSegments: kind == .packed))
            try note()
            while paths.count < 2 { try write(opened) }
            for _ in 0..<2 { try write(opened) }
            if kind == .closed { opened.log.close() }
            #expect(opened.log.size.packedSegments == (kind == .packed ? 1 : 0))
            try LogInspection.run(
                directory: "/data", storage: disk, onSegment: { _ in },
                onBlock: { newest = $0.offsetBytes })
        }

        private mutating func write(_ opened: OpenedLog) throws {
            let number = UInt8(records.count + 1)
            records.append([UInt8](repeating: number, count: 20) + (0..<30).map { $0 ^ number })
            opened.write(Array(records.suffix(1)))
            try note()
        }

        private mutating func note() throws {
            heads.append(try LogVerification.run(directory: "/data", storage: disk).head)
            paths = disk.filePaths.filter { $0.hasSuffix(".lz4") }
        }
    }

    enum Kind: CaseIterable { case closed, killed, packed }

    private struct Tally {
        var refused = 0
        var torn = 0
        var wrong: [String] = []
    }

    @Test(arguments: Kind.allCases)
    func `is refused, or cuts the newest group alone and says so`(kind: Kind) throws {
        let sample = try SmallLog(kind)
        try #require(sample.paths.count == 2)
        var tally = Tally()
        let paths =
            switch kind {
            case .closed: sample.paths
            // Its first segment is the same as that of the closed log …
            case .killed: [sample.paths[1]]
            // … and here only the first is another.
            case .packed: [sample.paths[0]]
            }
        for path in paths {
            let bytes = try #require(sample.disk.bytes(of: path))
            let image = sample.disk.killed()
            var changed = bytes
            for bit in 0..<bytes.count * 8 {
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                image.replace(path, with: changed)
                let mayBeTorn = path == sample.paths[1] && bit / 8 >= sample.newest
                let what = "bit \(bit % 8) of byte \(bit / 8) of \(path)"
                try check(image, sample, mayBeTorn: mayBeTorn, what, &tally)
                changed[bit / 8] = bytes[bit / 8]
            }
        }
        #expect(tally.wrong.isEmpty, "\(tally.wrong.prefix(5))")
        // Nothing that had been synced before the newest group may be cut, and no bit is left out.
        let newestBytes = try #require(sample.disk.bytes(of: sample.paths[1])).count
        #expect(tally.torn == (kind == .packed ? 0 : (newestBytes - sample.newest) * 8))
        #expect(tally.refused > 4_096 * 8)
    }

    private func check(
        _ image: SimulatedStorage, _ sample: SmallLog, mayBeTorn: Bool, _ what: String,
        _ tally: inout Tally
    ) throws {
        var kept: [[UInt8]]?
        do throws(LogError) {
            let expected = LogExpectation(head: sample.heads.last?.hash)
            _ = try LogVerification.run(directory: "/data", storage: image, expecting: expected)
            tally.wrong.append("\(what) was accepted")
        } catch .corrupt {
            tally.refused += 1
        } catch .contradicted {
            // Sound as far as it goes: then it ends before the newest group and says so.
            tally.torn += 1
            let found = try LogVerification.run(directory: "/data", storage: image)
            let isPrefix = found.head == sample.heads[Int(found.headLSN.rawValue)]
            if !mayBeTorn || !isPrefix || found.tornTail == nil { tally.wrong.append(what) }
            kept = Array(sample.records.prefix(Int(found.headLSN.rawValue)))
        } catch {
            tally.wrong.append("\(what): \(error)")
        }
        if replayed(image) != kept { tally.wrong.append("\(what) was opened otherwise") }
    }

    /// What an opening hands out; nil where it refuses.
    private func replayed(_ image: SimulatedStorage) -> [[UInt8]]? {
        do throws(LogError) {
            return try OpenedLog(
                image.killed(), options: smallOptions(segmentBytes: 4_800, blockBytes: 512)
            ).replayed
        } catch {
            return nil
        }
    }
}
