import Backup
import ByteCoding
import Engine
import EventLog
import Glibc
import Snapshots
import Storage
import TestKit
import Testing
import Units

@Suite struct `A backup` {
    @Test func `is the log up to its last group and the newest snapshot`() throws {
        let source = try Source()
        source.submit(200)
        let snapshot = try source.snapshot()
        source.submit(100)
        let receipt = try source.backUp()
        #expect(receipt.head.lsn == source.engine.appliedLSN)
        #expect(receipt.snapshot == snapshot)
        #expect(receipt.segmentsCopied > 3)
        #expect(receipt.segmentsKept == 0)
        let noted = try LogVerification.run(directory: Source.data, storage: source.disk).head
        #expect(receipt.head == noted)
        let manifest = try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
        #expect(manifest.head == noted)
        try checkRestored(
            manifest, "/new", on: source.disk,
            like: FoldedLog(
                Source.data, storage: source.disk, log: manifest.log, upTo: noted.lsn))
    }

    @Test func `begins where the log begins, with the oldest snapshot that knows what was before`()
        throws
    {
        let source = try Source()
        source.submit(200)
        let older = try source.snapshot()
        source.submit(100)
        let newer = try source.snapshot()
        source.submit(10)
        let whole = source.disk.killed()
        try source.drop(through: older)
        let receipt = try source.backUp()
        #expect(receipt.snapshot == newer)
        let manifest = try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
        #expect(manifest.snapshots == [newer, older])
        try checkRestored(
            manifest, "/new", on: source.disk,
            like: FoldedLog(
                Source.data, storage: whole, log: manifest.log, upTo: manifest.head.lsn))
        let verified = try LogVerification.run(directory: "/new", storage: source.disk)
        #expect(verified.droppedThrough == source.engine.trimmer.droppedThrough)
        // Nothing of it may be lost: without the list, or the older snapshot's bytes, it is no backup.
        for path in [
            "/backup/segments/dropped",
            SnapshotDirectory(Source.backup, storage: source.disk).path(of: older),
        ] {
            let disk = source.disk.killed()
            disk.flip(bit: 8 * 70, of: path)
            #expect(throws: BackupError.self) { try Restore.verify(Source.backup, storage: disk) }
        }
    }

    @Test func `goes on after segments were dropped, and keeps what it has`() throws {
        let source = try Source()
        source.submit(100)
        let older = try source.snapshot()
        source.submit(100)
        _ = try source.snapshot()
        _ = try source.backUp()
        source.submit(50)
        try source.drop(through: older)
        let receipt = try source.backUp()
        #expect(receipt.segmentsKept > 0)
        #expect(
            try Restore.verify(Source.backup, storage: source.disk).head.lsn
                == source.engine.appliedLSN)
    }

    @Test func `copies only what is new, and keeps the rest as it is`() throws {
        let source = try Source()
        source.submit(190)
        let first = try source.backUp()
        let again = try source.backUp()
        #expect(again.head == first.head)
        #expect(again.segmentsCopied == 0)
        #expect(again.segmentsKept == first.segmentsCopied)
        #expect(again.bytesCopied == 0)
        let before = try segments(source.disk)
        source.submit(1)
        let third = try source.backUp()
        #expect(third.segmentsCopied == 1)
        #expect(third.segmentsKept == first.segmentsCopied - 1)
        // The active segment has taken another name; its shorter copy is gone.
        let after = try segments(source.disk)
        #expect(after.count == before.count)
        #expect(after.dropLast() == before.dropLast())
        #expect(after.last != before.last)
    }

    @Test func `takes a rewritten segment for the one that it has`() throws {
        let source = try Source()
        source.submit(190)
        let first = try source.backUp()
        source.engine.close()
        let rewriting = try Source(on: source.disk, rewritesSegments: true)
        let packed = try LogVerification.run(directory: Source.data, storage: source.disk)
        #expect(packed.packedSegments > 2)
        // Those it has are answered alike; one is new.
        rewriting.submit(191)
        let second = try rewriting.backUp()
        #expect(second.segmentsKept == first.segmentsCopied - 1)
        #expect(second.segmentsCopied == 1)
        try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
            .expectHead(second.head)
    }

    @Test func `has packed segments where the log has`() throws {
        let source = try Source(rewritesSegments: true)
        source.submit(300)
        let receipt = try source.backUp()
        _ = try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
        let restored = try LogVerification.run(directory: "/new", storage: source.disk)
        #expect(restored.head == receipt.head)
        #expect(restored.packedSegments > 2)
    }

    @Test func `is cut at the last whole group`() throws {
        let disk = SimulatedStorage(seed: 1)
        let log = try LogOfGroups(disk)
        // A group of one block, then one of several.
        log.write(1)
        log.write(60)
        let blocks = try log.blocks()
        let torn = try #require(blocks.last)
        try #require(torn.blocksInGroup > 2)
        let whole = try #require(blocks.last { $0.group < torn.group && $0.recordCount > 0 })
        let path = "/data/log/00000000000000000001.lz4"
        var bytes = try #require(disk.bytes(of: path))
        for index in torn.offsetBytes..<bytes.count { bytes[index] = 0 }
        disk.replace(path, with: bytes)
        let verified = try LogVerification.run(directory: Source.data, storage: disk)
        #expect(verified.headLSN > whole.firstLSN)

        let receipt = try takeBackup(disk)
        #expect(receipt.head.lsn == whole.firstLSN)
        _ = try Restore.run(from: Source.backup, to: "/new", storage: disk)
        let restored = try LogVerification.run(directory: "/new", storage: disk)
        #expect(restored.head == receipt.head)
        #expect(restored.tornTail == nil)
    }

    @Test func `of an empty log is one`() throws {
        let source = try Source()
        let receipt = try source.backUp()
        #expect(receipt.head.lsn == .zero)
        try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
            .expectHead(receipt.head)
        source.submit(5)
        #expect(try source.backUp().head.lsn.rawValue == 5)
    }

    @Test func `passes over damaged snapshots and those newer than its log`() throws {
        let source = try Source()
        source.submit(50)
        let older = try source.snapshot()
        source.submit(50)
        let newer = try source.snapshot()
        let directory = SnapshotDirectory(Source.data, storage: source.disk)
        source.disk.flip(bit: 8 * 200, of: directory.path(of: newer))
        #expect(try source.backUp().snapshot == older)
        source.disk.flip(bit: 8 * 200, of: directory.path(of: newer))
        #expect(try source.backUp().snapshot == newer)
        // The older one was replaced.
        #expect(source.disk.filePaths.count { $0.hasPrefix("/backup/snapshots/") } == 1)
        let ahead = directory.path(of: LSN(rawValue: newer.rawValue + 1))
        let bytes = try #require(source.disk.bytes(of: directory.path(of: newer)))
        try source.disk.open(ahead, .create).write(bytes.rawBytes, at: 0)
        #expect(try source.backUp().snapshot == newer)
    }

    @Test func `copies again what is damaged at its ends`() throws {
        let source = try Source()
        source.submit(200)
        let first = try source.backUp()
        let path = try #require(segments(source.disk).first)
        let bytes = try #require(source.disk.bytes(of: path))
        source.disk.replace(path, with: Array(bytes.dropLast(3)))
        #expect(throws: BackupError.self) {
            try Restore.verify(Source.backup, storage: source.disk)
        }
        #expect(try source.backUp().head == first.head)
        #expect(try Restore.verify(Source.backup, storage: source.disk).head == first.head)
    }

    private func segments(_ disk: SimulatedStorage) throws -> [String] {
        disk.filePaths.filter { $0.hasPrefix("/backup/segments/") }
    }
}

extension BackupManifest {
    fileprivate func expectHead(_ head: NotedHead) {
        #expect(self.head == head)
    }
}

/// A log without an engine, written in groups of chosen sizes.
private struct LogOfGroups {
    let log: EventLog
    let disk: SimulatedStorage

    init(_ disk: SimulatedStorage) throws {
        self.disk = disk
        var options = LogOptions()
        options.isThreaded = false
        options.segmentBytes = 64 << 10
        options.groupBytesMax = 1_024
        log = try EventLog.open(
            directory: Source.data, storage: disk, options: options,
            replay: { _, _ throws(RecordRefusal) in }, onDurable: { _ in }, onFailure: { _ in })
    }

    func write(_ records: Int) {
        for record in 0..<records {
            let bytes = [UInt8](repeating: UInt8(record), count: 200)
            log.append(bytes.rawBytes)
        }
        log.commit(now: WallTime(microseconds: 2_000_000))
    }

    func blocks() throws -> [LogInspection.Block] {
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: Source.data, storage: disk, onSegment: { _ in },
            onBlock: { blocks.append($0) })
        return blocks
    }
}
