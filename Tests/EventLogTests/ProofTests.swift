import EventLog
import Storage
import TestKit
import Testing
import Units

/// What can be proved with a head that somebody noted, where all checksums are right.
@Suite struct `A noted head` {
    /// Sealed segments and an open one, and the head that was noted after each record.
    private struct Sample {
        let disk = SimulatedStorage()
        var heads: [NotedHead] = []

        init(isPacked: Bool = false) throws {
            let opened = try OpenedLog(
                disk, options: smallOptions(segmentBytes: 5_120, rewritesSegments: isPacked))
            heads.append(try verify(disk).head)
            for number in 1...12 {
                opened.write([sampleRecord(number)])
                heads.append(try verify(disk).head)
            }
            opened.log.close()
        }
    }

    enum Forgery: CaseIterable {
        case none, editedByte, swappedRecords, droppedRecord, addedRecord, droppedSegment
    }

    @Test(arguments: [false, true])
    func `is still passed after every record that followed`(isPacked: Bool) throws {
        let sample = try Sample(isPacked: isPacked)
        let paths = sample.disk.filePaths.filter { $0.hasSuffix(".lz4") }
        try #require(paths.count >= 3)
        #expect(sample.heads.map(\.lsn.rawValue) == Array(0...12))
        for head in sample.heads {
            let noted = try #require(NotedHead(head.description))
            #expect(try verify(sample.disk, since: noted).head == sample.heads[12])
        }
        let now = try verify(sample.disk, head: sample.heads[12].hash)
        #expect(now.records == 12)
        #expect(now.packedSegments == (isPacked ? paths.count - 1 : 0))
    }

    @Test func `is found inside of a group`() throws {
        let sample = try Sample()
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: smallOptions(segmentBytes: 5_120))
        // The records as one batch: other blocks and groups, the same raw streams up to the roll.
        opened.write(sampleRecords(1...3))
        for head in sample.heads[...3] {
            #expect(try verify(disk, since: head).headLSN.rawValue == 3)
        }
    }

    @Test(arguments: Forgery.allCases)
    func `tells a log whose checksums were all mended`(forgery: Forgery) throws {
        let sample = try Sample()
        var forger = try Forger(sample.disk)
        let sound = commit(forgery, &forger)
        let forged = try forger.disk()
        let records = forger.segments.flatMap(\.records)

        // Nothing in the log itself gives it away.
        #expect(try verify(forged).records == UInt64(records.count))
        #expect(try OpenedLog(forged.killed(), options: smallOptions()).replayed == records)

        for head in sample.heads {
            let isSound = head.lsn.rawValue <= sound
            #expect((contradiction(forged, since: head) == nil) == isSound, "\(head.lsn)")
        }
        let old = contradiction(forged, head: sample.heads[12].hash)
        #expect((old == nil) == (forgery == .none))
    }

    /// Changes the log; returns the last LSN up to which it stayed what it was.
    private func commit(_ forgery: Forgery, _ forger: inout Forger) -> UInt64 {
        switch forgery {
        case .none: return 12
        case .editedByte:
            forger.segments[0].records[1][0] ^= 1
            return 1
        case .swappedRecords:
            forger.segments[0].records.swapAt(0, 1)
            return 0
        case .droppedRecord:
            forger.segments[1].records.removeFirst()
        case .addedRecord:
            forger.segments[1].records.insert([1, 2, 3], at: 0)
        case .droppedSegment:
            forger.segments.remove(at: 1)
        }
        return UInt64(forger.segments[0].records.count)
    }

    @Test func `tells that the newest segment or the newest group is gone`() throws {
        let sample = try Sample()
        let noted = sample.heads[12]
        let newest = try #require(sample.disk.filePaths.last { $0.hasSuffix(".lz4") })
        let without = sample.disk.killed()
        try without.remove(newest)

        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: sample.disk, onSegment: { _ in },
            onBlock: { blocks.append($0) })
        let last = try #require(blocks.last { $0.recordCount > 0 })
        let cut = sample.disk.killed()
        let bytes = try #require(sample.disk.bytes(of: newest))
        let kept = bytes[..<last.offsetBytes]
        cut.replace(newest, with: kept + [UInt8](repeating: 0, count: bytes.count - kept.count))

        for image in [without, cut] {
            let shorter = try verify(image)
            #expect(shorter.tornTail == nil)
            #expect(shorter.head == sample.heads[Int(shorter.headLSN.rawValue)])
            #expect(
                contradiction(image, since: noted) == .endsBefore(noted: noted, head: shorter.head))
            #expect(
                contradiction(image, head: noted.hash)
                    == .otherHead(expected: noted.hash, head: shorter.head))
            #expect(contradiction(image, since: shorter.head) == nil)
        }
    }

    @Test func `does not stand in for a first segment that is gone`() throws {
        let sample = try Sample()
        try sample.disk.remove("/data/log/00000000000000000001.lz4")
        #expect(throws: LogError.self) { try verify(sample.disk) }
    }

    @Test(arguments: [
        "", "12", "12:", ":00", "x:" + String(repeating: "0", count: 64),
        "1:" + String(repeating: "0", count: 63), "1:" + String(repeating: "g", count: 64),
        "1:2:" + String(repeating: "0", count: 64), "-1:" + String(repeating: "0", count: 64),
    ])
    func `is not read from other text`(text: String) {
        #expect(NotedHead(text) == nil)
    }
}

private func verify(
    _ disk: SimulatedStorage, head: LogHash? = nil, since: NotedHead? = nil
) throws(LogError) -> LogVerification {
    try LogVerification.run(
        directory: "/data", storage: disk, expecting: LogExpectation(head: head, since: since))
}

private func contradiction(
    _ disk: SimulatedStorage, head: LogHash? = nil, since: NotedHead? = nil
) -> LogContradiction? {
    do throws(LogError) {
        _ = try verify(disk, head: head, since: since)
        return nil
    } catch {
        guard case .contradicted(let contradiction) = error else {
            Issue.record("\(error)")
            return nil
        }
        return contradiction
    }
}
