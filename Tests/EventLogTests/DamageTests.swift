import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `Damage to the log` {
    private static let first = "/data/log/00000000000000000001.lz4"

    /// A log of several groups in one segment that was not closed, and where its last group lies.
    private struct Sample {
        let disk = SimulatedStorage()
        let bytes: [UInt8]
        /// First byte of the last group, and the first after it.
        let last: Range<Int>
        let recordsBefore: Int
        let recordsTotal: Int

        init(groups: Int = 4) throws {
            let opened = try OpenedLog(disk, options: smallOptions(segmentBytes: 8192))
            for group in 0..<groups { opened.write(sampleRecords(group * 3 + 1...group * 3 + 3)) }
            recordsTotal = groups * 3
            recordsBefore = recordsTotal - 3
            var places: [LogInspection.Block] = []
            var end = 0
            try LogInspection.run(
                directory: "/data", storage: disk, onSegment: { end = Int($0.storedBytes) },
                onBlock: { places.append($0) })
            bytes = try #require(disk.bytes(of: first))
            last = try #require(places.last).offsetBytes..<end
        }

        /// The log with other bytes in its segment.
        func damaged(_ bytes: [UInt8]) -> SimulatedStorage {
            let image = disk.killed()
            image.replace(first, with: bytes)
            return image
        }
    }

    enum Tear: CaseIterable { case cut, zeros, garbage }

    @Test(arguments: Tear.allCases)
    func `a last group torn at any byte is cut, kept beside the log and told`(tear: Tear) throws {
        let sample = try Sample()
        for keep in sample.last {
            var bytes = Array(sample.bytes[..<keep])
            let rest = sample.bytes.count - keep
            switch tear {
            case .cut: break
            case .zeros: bytes += [UInt8](repeating: 0, count: rest)
            case .garbage:
                let garbage = (keep..<sample.last.upperBound).map { UInt8($0 * 7 % 251 + 1) }
                bytes += garbage + [UInt8](repeating: 0, count: rest - garbage.count)
            }
            // The frame ends with zeros: cut there and filled with zeros, nothing is missing.
            if bytes.starts(with: sample.bytes[..<sample.last.upperBound]) { continue }
            let image = sample.damaged(bytes)
            let opened = try OpenedLog(image, options: smallOptions(segmentBytes: 8192))
            try #require(opened.replayed == sampleRecords(1...sample.recordsBefore), "at \(keep)")
            try checkTorn(opened, image, at: sample.last.lowerBound, bytes: bytes)
            // What is written afterwards is whole, and the cut is not found a second time.
            opened.write([[7]])
            let again = try OpenedLog(image.crashed(), options: smallOptions(segmentBytes: 8192))
            #expect(again.replayed == sampleRecords(1...sample.recordsBefore) + [[7]])
            #expect(again.recovery.tornTail == nil)
        }
    }

    private func checkTorn(
        _ opened: OpenedLog, _ image: SimulatedStorage, at offset: Int, bytes: [UInt8]
    ) throws {
        guard let end = bytes.lastIndex(where: { $0 != 0 }), end >= offset else {
            #expect(opened.recovery.tornTail == nil)
            return
        }
        let torn = try #require(opened.recovery.tornTail)
        #expect(torn.offsetBytes == offset)
        #expect(torn.keptIn == "\(Self.first).torn-\(offset)")
        #expect(image.crashed().bytes(of: torn.keptIn) == Array(bytes[offset...end]))
    }

    @Test func `a bad group before a good one is corruption, with the records in doubt`() throws {
        let sample = try Sample()
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: sample.disk, onSegment: { _ in },
            onBlock: { blocks.append($0) })
        let bad = try #require(blocks.dropLast().last)
        for offset in [bad.offsetBytes, bad.offsetBytes + 30, bad.offsetBytes + 100] {
            var bytes = sample.bytes
            bytes[offset] ^= 0xFF
            let error = try #require(throws: LogError.self) {
                _ = try OpenedLog(sample.damaged(bytes))
            }
            guard case .corrupt(let corruption) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(corruption.offsetBytes == bad.offsetBytes)
            #expect(corruption.firstLSN == bad.firstLSN)
            #expect(corruption.lastLSN == LSN(rawValue: bad.firstLSN.rawValue + 2))
            #expect(corruption.expected != corruption.found)
        }
    }

    @Test func `a hole of zeros before a good group is corruption, not the end`() throws {
        let sample = try Sample()
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: sample.disk, onSegment: { _ in },
            onBlock: { blocks.append($0) })
        let bad = try #require(blocks.dropLast().last).offsetBytes..<sample.last.lowerBound
        var bytes = sample.bytes
        bytes.replaceSubrange(bad, with: repeatElement(0, count: bad.count))
        #expect(throws: LogError.self) { _ = try OpenedLog(sample.damaged(bytes)) }
    }

    @Test func `a group of several blocks torn in its first one is a torn tail`() throws {
        let disk = SimulatedStorage()
        let options = smallOptions(segmentBytes: 16384, blockBytes: 512)
        let opened = try OpenedLog(disk, options: options)
        opened.write(sampleRecords(1...3))
        opened.write(sampleRecords(4...20))
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: disk, onSegment: { _ in }, onBlock: { blocks.append($0) })
        let group = blocks.filter { $0.group == blocks.last?.group }
        try #require(group.count >= 3)
        for torn in group.dropLast() {
            let image = disk.killed()
            var bytes = try #require(disk.bytes(of: Self.first))
            bytes[torn.offsetBytes + 20] ^= 1
            image.replace(Self.first, with: bytes)
            let again = try OpenedLog(image, options: options)
            let kept = Int(torn.firstLSN.rawValue) - 1
            #expect(again.replayed == sampleRecords(1...kept))
            #expect(again.recovery.tornTail?.offsetBytes == torn.offsetBytes)
            // The group stays incomplete for ever; what follows must still be accepted.
            again.write([[1]])
            again.write([[2]])
            #expect(
                try OpenedLog(image.crashed(), options: options).replayed.suffix(2) == [[1], [2]])
        }
    }

    @Test func `a missing, swapped or foreign segment is refused`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for number in 1...150 { opened.write([sampleRecord(number)]) }
        opened.log.close()
        let paths = disk.filePaths.filter { $0.hasSuffix(".lz4") }
        try #require(paths.count >= 4)
        for path in paths.dropLast() {
            let image = disk.killed()
            try image.remove(path)
            expectCorrupt(image, "without \(path)")
        }
        let swapped = disk.killed()
        swapped.replace(paths[1], with: try #require(disk.bytes(of: paths[2])))
        swapped.replace(paths[2], with: try #require(disk.bytes(of: paths[1])))
        expectCorrupt(swapped, "swapped")
        let other = SimulatedStorage()
        var options = smallOptions()
        options.randomNumber = { 4711 }
        let foreign = try OpenedLog(other, options: options)
        for number in 1...150 { foreign.write([sampleRecord(number)]) }
        let mixed = disk.killed()
        mixed.replace(paths[1], with: try #require(other.bytes(of: paths[1])))
        expectCorrupt(mixed, "foreign")
    }

    @Test func `an opening of the raw stream that does not say what the header says is refused`()
        throws
    {
        let sample = try Sample()
        for offset in 4_012..<4_092 {
            var bytes = sample.bytes
            bytes[offset] ^= 1
            Self.mendHeader(&bytes)
            let image = sample.damaged(bytes)
            expectCorrupt(image, "byte \(offset)")
            #expect(throws: LogError.self, "verified with byte \(offset) changed") {
                try LogVerification.run(directory: "/data", storage: image)
            }
        }
    }

    /// Makes the checksum of the segment header right again.
    private static func mendHeader(_ bytes: inout [UInt8]) {
        let before = crc32c(bytes.rawBytes.extracting(0..<16))
        let checksum = crc32c(bytes.rawBytes.extracting(20..<4_096), continuing: before)
        for byte in 0..<4 { bytes[16 + byte] = UInt8(truncatingIfNeeded: checksum >> (8 * byte)) }
    }

    private func expectCorrupt(_ disk: SimulatedStorage, _ what: String) {
        var found: LogError?
        do throws(LogError) { _ = try OpenedLog(disk) } catch { found = error }
        guard case .corrupt = found else {
            Issue.record("\(what): \(String(describing: found))")
            return
        }
    }

    @Test func `a newer format is refused as such`() throws {
        let sample = try Sample()
        for field in [20, 24] {
            var bytes = sample.bytes
            bytes[field] = 9
            var checked = Array(bytes[..<16])
            checked += bytes[20..<4096]
            let checksum = crc32c(checked.rawBytes)
            for index in 0..<4 {
                bytes[16 + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index))
            }
            var found: LogError?
            do throws(LogError) { _ = try OpenedLog(sample.damaged(bytes)) } catch { found = error }
            guard case .newerFormat(let file, _, _) = found else {
                Issue.record("\(String(describing: found))")
                continue
            }
            #expect(file == Self.first)
        }
    }

    /// Somebody edits a record and mends every checksum on the way: only the hash is left to tell.
    @Test func `an edit that mends all checksums is found by the chain of hashes`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: smallOptions(segmentBytes: 8192))
        var written = 0
        while disk.filePaths.count(where: { $0.hasSuffix(".lz4") }) < 2 {
            written += 1
            opened.write([sampleRecord(written)])
        }
        opened.log.close()
        var blocks: [LogInspection.Block] = []
        try LogInspection.run(
            directory: "/data", storage: disk, onSegment: { _ in }, onBlock: { blocks.append($0) })
        var bytes = try #require(disk.bytes(of: Self.first))
        let footer = bytes.count - 104
        // The last block of the sealed segment, whose last literal byte is a record's.
        let block = try #require(blocks.map(\.offsetBytes).filter { $0 < footer }.max())
        bytes[footer - 5] ^= 1
        let salt: UInt64 = bytes.rawBytes.fixed(at: 48)
        let seed = UInt32(truncatingIfNeeded: salt ^ (salt >> 32))
        put(crc32c(bytes.rawBytes.extracting(block + 80..<footer)), at: block + 24, in: &bytes)
        let header = crc32c(bytes.rawBytes.extracting(block + 16..<block + 80), continuing: seed)
        put(header, at: block + 12, in: &bytes)
        put(header, at: footer + 64, in: &bytes)
        let end = crc32c(bytes.rawBytes.extracting(footer + 16..<footer + 104), continuing: seed)
        put(end, at: footer + 12, in: &bytes)
        let image = disk.killed()
        image.replace(Self.first, with: bytes)
        // Opening checks checksums, and they are right.
        #expect(try OpenedLog(image.killed()).replayed != sampleRecords(1...written))
        let error = #expect(throws: LogError.self) {
            try LogVerification.run(directory: "/data", storage: image)
        }
        guard case .corrupt(let corruption) = error else {
            Issue.record("verification said \(String(describing: error))")
            return
        }
        #expect(corruption.file == Self.first)
        #expect(corruption.what.contains("hash"))
    }

    private func put(_ value: UInt32, at offset: Int, in bytes: inout [UInt8]) {
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
        }
    }
}
