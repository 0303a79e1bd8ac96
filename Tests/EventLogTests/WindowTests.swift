import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

/// Segments that are longer than what is read of them at a time.
@Suite struct `A segment read window by window` {
    @Test(arguments: [false, true])
    func `gives the records that were appended`(rewritten: Bool) throws {
        let log = try LongLog(rewritesSegments: rewritten)
        for windowBytes in [300, 5_000, LongLog.segmentBytes] {
            let opened = try log.open(log.disk.crashed(), windowBytes: windowBytes)
            #expect(opened.replayed == log.records)
            opened.log.close()
        }
        var scanned: [[UInt8]] = []
        try LogScan.run(directory: "/data", storage: log.disk) { _, _, record in
            scanned.append(record.array)
            return true
        }
        #expect(scanned == log.records)
        let verified = try LogVerification.run(directory: "/data", storage: log.disk)
        #expect(verified.headLSN == LSN(rawValue: UInt64(log.records.count)))
        #expect(verified.segments > 2)
        #expect(verified.packedSegments == (rewritten ? verified.segments - 1 : 0))
    }

    @Test func `is copied byte by byte`() throws {
        let log = try LongLog()
        let copy = LogCopy(directory: "/data", storage: log.disk)
        let copies = try copy.segmentBytes()
        #expect(try copies.keys.sorted() == copy.segments())
        for (first, bytes) in copies {
            let original = try #require(log.disk.bytes(of: copy.path(of: first)))
            // Of the active segment only what was written.
            #expect(bytes == Array(original.prefix(bytes.count)))
            #expect(bytes.count == original.count || first == copies.keys.max())
        }
    }

    @Test func `is copied with what a later version has put into its header`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for number in 1...100 { opened.write([sampleRecord(number)]) }
        var forger = try Forger(disk)
        for index in forger.segments.indices {
            // A flag that may be passed over, and a field.
            forger.segments[index].header[28] = 1
            forger.segments[index].header[200] = 7
        }
        let later = try forger.disk()
        let copy = LogCopy(directory: "/data", storage: later)
        let copies = try copy.segmentBytes()
        #expect(copies.count > 1)
        for (first, bytes) in copies {
            let original = try #require(later.bytes(of: copy.path(of: first)))
            #expect(original.starts(with: bytes))
        }
    }

    @Test func `is damaged where any window holds a changed byte`() throws {
        let log = try LongLog()
        let path = try #require(log.disk.filePaths.first { $0.hasSuffix(".lz4") })
        let byteCount = try #require(log.disk.bytes(of: path)).count
        for place in [4_200, byteCount / 2, byteCount - 200, byteCount - 1] {
            let damaged = log.disk.crashed()
            damaged.flip(bit: 8 * place, of: path)
            #expect(throws: LogError.self) { try log.open(damaged, windowBytes: 300) }
            #expect(throws: LogError.self) {
                try LogVerification.run(directory: "/data", storage: damaged)
            }
        }
    }

    @Test(arguments: [0, 5_000, 200_000])
    func `is torn where anything stands behind its last group`(distance: Int) throws {
        let log = try LongLog()
        let path = try #require(log.disk.filePaths.last { $0.hasSuffix(".lz4") })
        let segment = try #require(log.disk.bytes(of: path))
        let end = try #require(segment.lastIndex { $0 != 0 })
        let torn = log.disk.crashed()
        torn.flip(bit: 8 * (end + 100 + distance), of: path)
        let opened = try log.open(torn, windowBytes: 300)
        #expect(opened.replayed == log.records)
        #expect(opened.recovery.tornTail != nil)
    }

    @Test func `is damaged where a second look at its last block finds another`() throws {
        let log = try LongLog()
        let last = try log.lastBlock()
        let fickle = FickleStorage(log.disk, zerosIn: last.file, from: last.offsetBytes + 1_000) {
            _, isSynced in isSynced
        }
        #expect(throws: LogError.self) {
            try LogVerification.run(directory: "/data", storage: fickle)
        }
    }

    @Test func `ends where a second look finds its last group taken back`() throws {
        let log = try LongLog()
        let last = try log.lastBlock()
        let fickle = FickleStorage(log.disk, zerosIn: last.file, from: last.offsetBytes) {
            _, isSynced in isSynced
        }
        let verified = try LogVerification.run(directory: "/data", storage: fickle)
        #expect(verified.headLSN == LSN(rawValue: last.firstLSN.rawValue - 1))
    }
}

extension LogCopy {
    /// What is given out of each segment.
    fileprivate func segmentBytes() throws -> [LSN: [UInt8]] {
        var all: [LSN: [UInt8]] = [:]
        try run(
            from: .zero,
            append: { first, bytes throws(Never) in all[first, default: []] += bytes.array },
            finish: { _, _, _ throws(Never) in })
        return all
    }
}

/// A log of a few long segments, the last of which is being written.
private struct LongLog {
    static let segmentBytes = 1 << 20
    let disk = SimulatedStorage()
    let records: [[UInt8]]
    let options: LogOptions

    init(rewritesSegments: Bool = false) throws {
        var generator = SeededGenerator(seed: 5)
        // They do not compress.
        records = (0..<1_500).map { _ in
            (0..<2_000).map { $0 % 2 == 0 ? 0 : UInt8.random(in: 0...255, using: &generator) }
        }
        options = smallOptions(
            segmentBytes: Self.segmentBytes, blockBytes: 64 << 10,
            rewritesSegments: rewritesSegments)
        let opened = try OpenedLog(disk, options: options)
        for start in stride(from: 0, to: records.count, by: 100) {
            opened.write(Array(records[start..<start + 100]))
        }
    }

    func open(_ disk: SimulatedStorage, windowBytes: Int) throws(LogError) -> OpenedLog {
        var options = options
        options.rewritesSegments = false
        options.windowBytes = windowBytes
        return try OpenedLog(disk, options: options)
    }

    func lastBlock() throws -> LogInspection.Block {
        var last: LogInspection.Block?
        try LogInspection.run(
            directory: "/data", storage: disk, onSegment: { _ in }, onBlock: { last = $0 })
        return try #require(last)
    }
}
