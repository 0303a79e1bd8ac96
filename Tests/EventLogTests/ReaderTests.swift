import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `Reading records by LSN` {
    private static let records = 9_000

    private func options(rewritesSegments: Bool) -> LogOptions {
        smallOptions(
            segmentBytes: 512 << 10, blockBytes: 16 << 10, rewritesSegments: rewritesSegments)
    }

    private func write(on disk: any Storage, rewritesSegments: Bool) throws {
        let opened = try OpenedLog(disk, options: options(rewritesSegments: rewritesSegments))
        for first in stride(from: 1, through: Self.records, by: 50) {
            opened.write(sampleRecords(first...first + 49))
        }
        opened.log.close()
    }

    /// Opens the log as after a snapshot: sealed segments are not walked.
    private func reopen(_ disk: any Storage, rewritesSegments: Bool) throws -> OpenedLog {
        let opened = try OpenedLog(
            disk, options: options(rewritesSegments: rewritesSegments),
            knowing: LSN(rawValue: UInt64(Self.records)))
        #expect(opened.replayed.isEmpty)
        return opened
    }

    private func check(_ reader: LogReader, _ records: some Sequence<Int>) throws {
        for record in records {
            let found = try reader.read(LSN(rawValue: UInt64(record))) { $0.array }
            #expect(found == sampleRecord(record), "record \(record)")
        }
    }

    @Test(arguments: [false, true])
    func `finds each of them, forwards and backwards`(rewritesSegments: Bool) throws {
        let disk = SimulatedStorage()
        try write(on: disk, rewritesSegments: rewritesSegments)
        let opened = try reopen(disk, rewritesSegments: rewritesSegments)
        try check(opened.log.reader(), stride(from: Self.records, through: 1, by: -7))
        try check(opened.log.reader(), 1...Self.records)
        for record in [0, UInt64(Self.records) + 1] {
            #expect(try opened.log.reader().read(LSN(rawValue: record)) { $0.byteCount } == nil)
        }
    }

    @Test(arguments: [false, true])
    func `walks through a sealed segment once`(rewritesSegments: Bool) throws {
        let disk = SimulatedStorage()
        try write(on: disk, rewritesSegments: rewritesSegments)
        let opened = try reopen(disk, rewritesSegments: rewritesSegments)
        func reads(_ record: Int) throws -> Int {
            let before = disk.counts.operations[.read, default: 0]
            // A reader of its own has no block in memory.
            try check(opened.log.reader(), [record])
            return disk.counts.operations[.read, default: 0] - before
        }
        // Near the end of the first segment, twice.
        let first = try reads(3_000)
        let second = try reads(3_000)
        #expect(second <= 4)
        #expect(second < first)
    }

    @Test func `is right while another search learns of the same stretch`() throws {
        let disk = SimulatedStorage()
        try write(on: disk, rewritesSegments: false)
        let storage = InterruptedStorage(disk: disk)
        let log = try reopen(storage, rewritesSegments: false).log
        let other = log.reader()
        storage.interrupt { _ = try? other.read(LSN(rawValue: 2_000)) { $0.byteCount } }
        try check(log.reader(), [3_000])
        for record in stride(from: 1, through: Self.records, by: 50) {
            try check(log.reader(), [record])
        }
    }

    @Test func `takes what it learns of a file for nothing that it knows of the one in its place`()
        throws
    {
        let disk = SimulatedStorage()
        try write(on: disk, rewritesSegments: false)
        let storage = InterruptedStorage(disk: disk)
        disk.refuse(.rename, of: ".packing")
        let opened = try reopen(storage, rewritesSegments: true)
        let log = opened.log
        try #require(log.size.packedSegments == 0)
        storage.interrupt {
            // The segment that is being read is rewritten.
            disk.heal()
            for first in stride(from: Self.records + 1, through: Self.records + 5_000, by: 50) {
                opened.write(sampleRecords(first...first + 49))
            }
        }
        // Behind what it learns of the old file, and before the second block of the new one.
        try check(log.reader(), [800])
        try #require(log.size.packedSegments > 0)
        // Readers of their own have no block in memory.
        for record in stride(from: 1, through: Self.records, by: 100) {
            try check(log.reader(), [record])
        }
    }
}
