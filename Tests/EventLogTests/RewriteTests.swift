import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `Rewriting sealed segments` {
    private let options = smallOptions(rewritesSegments: true)

    /// Many small groups over several segments, without threads: sealed ones are rewritten at once.
    private func written(on disk: SimulatedStorage, groups: Int = 120) throws -> OpenedLog {
        let opened = try OpenedLog(disk, options: options)
        for record in 1...groups { opened.write([sampleRecord(record)]) }
        return opened
    }

    private func segments(_ disk: SimulatedStorage) throws -> [LogInspection.Segment] {
        var segments: [LogInspection.Segment] = []
        try LogInspection.run(directory: "/data", storage: disk) { segments.append($0) }
        return segments
    }

    @Test func `keeps stream, hash and records, and takes fewer bytes`() throws {
        let disk = SimulatedStorage()
        let opened = try written(on: disk)
        let found = try segments(disk)
        #expect(found.count > 3)
        #expect(found.dropLast().allSatisfy { $0.isPacked && $0.isSealed })
        #expect(found.dropLast().allSatisfy { $0.storedBytes < $0.unpackedBytes })
        #expect(found.last?.isPacked == false)
        let size = opened.log.size
        #expect(size.packedSegments == found.count - 1)
        #expect(size.packedBytes < size.unpackedBytes)
        #expect(size.trouble == nil)
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 120))
        let again = try OpenedLog(disk.killed(), options: options)
        #expect(again.replayed == sampleRecords(1...120))
    }

    @Test func `leaves the head hash as it is`() throws {
        let disk = SimulatedStorage()
        disk.refuse(.rename, of: ".packing")
        let plain = try written(on: disk)
        #expect(plain.log.size.trouble != nil)
        #expect(plain.log.size.packedSegments == 0)
        let before = try LogVerification.run(directory: "/data", storage: disk)
        plain.log.close()
        disk.heal()
        // The next opening takes up what is left to do.
        let again = try OpenedLog(disk, options: options)
        #expect(again.log.size.packedSegments > 3)
        #expect(again.log.size.trouble == nil)
        let after = try LogVerification.run(directory: "/data", storage: disk)
        #expect(after.headHash == before.headHash)
        #expect(after.rawBytes == before.rawBytes)
        #expect(after.storedBytes < before.storedBytes)
    }

    @Test func `does not disturb readers`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options)
        let reader = opened.log.reader()
        for record in 1...120 {
            opened.write([sampleRecord(record)])
            for lsn in [1, record / 2, record] where lsn > 0 {
                let found = try reader.read(LSN(rawValue: UInt64(lsn))) { $0.array }
                #expect(found == sampleRecord(lsn), "record \(lsn) of \(record)")
            }
        }
        #expect(opened.log.size.packedSegments > 3)
    }

    @Test func `refuses a damaged segment and leaves it as it was`() throws {
        let disk = SimulatedStorage()
        disk.refuse(.rename, of: ".packing")
        let opened = try written(on: disk)
        opened.log.close()
        disk.heal()
        let first = try #require(segments(disk).first)
        var bytes = try #require(disk.bytes(of: first.file))
        // In the body of a block that comes early.
        bytes[4096 + 80 + 80 + 20] ^= 1
        let damaged = disk.killed()
        damaged.replace(first.file, with: bytes)
        #expect(throws: LogError.self) { try OpenedLog(damaged, options: options) }
        #expect(damaged.bytes(of: first.file) == bytes)
    }

    /// Every checksum is right; only the hash in its footer tells.
    @Test func `refuses a segment whose records are not those that were hashed`() throws {
        let disk = SimulatedStorage()
        disk.refuse(.rename, of: ".packing")
        try written(on: disk).log.close()
        disk.heal()
        let first = try #require(segments(disk).first)
        var bytes = try #require(disk.bytes(of: first.file))
        // A changed hash, behind a mended checksum, is to the rewriting what changed records are.
        let footer = bytes.count - 104
        bytes[footer + 72] ^= 1
        let salt: UInt64 = bytes.rawBytes.fixed(at: 48)
        let seed = UInt32(truncatingIfNeeded: salt ^ salt >> 32)
        let checksum = crc32c(
            bytes.rawBytes.extracting(footer + 16..<footer + 104), continuing: seed)
        for index in 0..<4 {
            bytes[footer + 12 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
        }
        // The first segment alone: the next one names the hash that was.
        let forged = SimulatedStorage()
        for directory in ["/data", "/data/log"] { try forged.createDirectory(directory) }
        let file = try forged.open(first.file, .create)
        try file.write(bytes.rawBytes, at: 0)
        let opened = try OpenedLog(forged, options: options)
        opened.write([sampleRecord(1)])
        #expect(opened.log.size.trouble?.contains("hash of the segment's raw stream") == true)
        #expect(opened.log.size.packedSegments == 0)
        #expect(forged.bytes(of: first.file) == bytes)
    }

    @Test func `does not let a file take the segment's name that reads back as another`() throws {
        let disk = SimulatedStorage()
        disk.refuse(.rename, of: ".packing")
        try written(on: disk).log.close()
        disk.heal()
        let first = try #require(segments(disk).first)
        let before = try #require(disk.bytes(of: first.file))
        let sound = disk.killed()
        _ = try OpenedLog(sound, options: options)
        let packedBytes = try #require(sound.bytes(of: first.file)).count
        try #require(packedBytes < before.count)
        for offset in stride(from: 0, to: packedBytes, by: 41) {
            let image = disk.killed()
            let storage = MiswritingStorage(disk: image, suffix: ".packing", offset: offset)
            let opened = try OpenedLog(storage, options: options)
            #expect(opened.log.size.trouble != nil, "byte \(offset)")
            #expect(image.bytes(of: first.file) == before)
            #expect(!image.filePaths.contains { $0.hasSuffix(".packing") })
        }
    }

    @Test func `does not count what a crash left behind the footer`() throws {
        let disk = SimulatedStorage()
        disk.refuse(.rename, of: ".packing")
        try written(on: disk).log.close()
        disk.heal()
        // Sealed and followed by another one, but not yet cut.
        let first = try #require(segments(disk).first).file
        let bytes = try #require(disk.bytes(of: first))
        disk.replace(first, with: bytes + [UInt8](repeating: 0, count: 1_000))
        let opened = try OpenedLog(disk, options: options)
        #expect(opened.log.size.packedSegments > 3)
        opened.log.close()
        #expect(
            try LogVerification.run(directory: "/data", storage: disk).headLSN
                == LSN(rawValue: 120))
        #expect(try OpenedLog(disk, options: options).replayed == sampleRecords(1...120))
    }

    @Test func `that a crash cut short leaves nothing behind`() throws {
        let disk = SimulatedStorage()
        let opened = try written(on: disk, groups: 60)
        opened.log.close()
        var number = 0
        while true {
            number += 1
            let image = disk.killed()
            image.fail(change: number)
            do throws(LogError) {
                let cut = try OpenedLog(image, options: options)
                for record in 61...120 { cut.write([sampleRecord(record)]) }
            } catch {}
            guard image.counts.failed != nil else { break }
            for after in [image.crashed(), image.killed()] {
                let again = try OpenedLog(after, options: options)
                #expect(again.replayed.count >= 60, "operation \(number)")
                #expect(again.replayed == sampleRecords(1...max(again.replayed.count, 1)))
            }
        }
        #expect(number > 100)
    }

    @Test func `begins with removing what a crash left half made`() throws {
        let disk = SimulatedStorage()
        let opened = try written(on: disk, groups: 20)
        opened.log.close()
        let leftover = "/data/log/00000000000000000001.lz4.packing"
        _ = try disk.open(leftover, .create)
        let again = try OpenedLog(disk, options: options)
        #expect(again.replayed == sampleRecords(1...20))
        #expect(!disk.filePaths.contains(leftover))
    }
}
