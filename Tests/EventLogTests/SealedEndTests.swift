import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

/// What a crash leaves between the footer of a segment and the making of the next one.
@Suite struct `A log whose last segment is sealed` {
    @Test func `a footer torn at any byte, or the rest behind it, keeps every record`() throws {
        let sealed = try Sealed()
        for keep in 0...sealed.tail.count {
            let image = try sealed.image(sealed.tail.prefix(keep))
            let again = try OpenedLog(image, options: sealed.options)
            let what = "\(keep) bytes of the footer"
            #expect(again.replayed == sampleRecords(1...sealed.recordCount), "\(what)")
            again.write([sampleRecord(sealed.recordCount + 1)])
            let third = try OpenedLog(image.crashed(), options: sealed.options)
            #expect(third.replayed == sampleRecords(1...sealed.recordCount + 1), "\(what)")
        }
    }

    /// A crash may leave anything of the rest, whose place the file is to be cut at.
    @Test func `what is left behind the footer of the last segment is told and cut`() throws {
        let sealed = try Sealed()
        let cases: [(bytes: [UInt8], what: String?)] = [
            ([], nil), (sealed.rest, nil),
            (Array(sealed.rest.prefix(4)), "length of the rest"),
            ([7, 7, 7], "bytes after the last group"),
            (sealed.rest + [1], "bytes after the last group"),
            (Array(sealed.footer.prefix(60)), "checksum of the footer"),
        ]
        for (bytes, what) in cases {
            let image = try sealed.image(sealed.footer + bytes)
            let found = try LogVerification.run(directory: "/data", storage: image)
            #expect(found.tornTail == what, "behind the footer: \(bytes)")
            #expect(found.headLSN == LSN(rawValue: UInt64(sealed.recordCount)))
            let expected = LogExpectation(head: found.headHash)
            if let what {
                let tail = LogContradiction.unexpectedTail(what, head: found.head)
                #expect(throws: LogError.contradicted(tail)) {
                    try LogVerification.run(
                        directory: "/data", storage: image, expecting: expected)
                }
            }
            let again = try OpenedLog(image, options: sealed.options)
            #expect(again.replayed == sampleRecords(1...sealed.recordCount))
            again.log.close()
            let path = try #require(image.filePaths.first { $0.hasSuffix(".lz4") })
            #expect(image.bytes(of: path)?.suffix(104) == sealed.footer[...])
            let cut = try LogVerification.run(
                directory: "/data", storage: image, expecting: LogExpectation(since: found.head))
            #expect(cut.tornTail == nil)
        }
    }

    /// A segment with its footer, as the roll leaves it before it begins the next one.
    private struct Sealed {
        private static let path = "/data/log/00000000000000000001.lz4"
        let options = smallOptions(segmentBytes: 8192)
        let recordCount: Int
        let footer: [UInt8]
        /// What stands behind the footer until the file is cut.
        let rest: [UInt8]
        private let records: [UInt8]

        var tail: [UInt8] { footer + rest }

        init() throws {
            let disk = SimulatedStorage()
            let opened = try OpenedLog(disk, options: options)
            var written = 0
            while disk.filePaths.count(where: { $0.hasSuffix(".lz4") }) < 2 {
                written += 1
                opened.write([sampleRecord(written)])
            }
            // The last record went into the second segment; the first is sealed and cut.
            recordCount = written - 1
            let sealed = try #require(disk.bytes(of: Self.path))
            records = sealed.dropLast(104)
            footer = sealed.suffix(104)
            let restBytes = UInt32(8192 - sealed.count - 8)
            rest =
                [0x5F, 0x2A, 0x4D, 0x18]
                + (0..<4).map { UInt8(truncatingIfNeeded: restBytes >> (8 * $0)) }
        }

        /// The log as this segment alone, with these bytes behind its records and then zeros.
        func image(_ tail: some Collection<UInt8>) throws -> SimulatedStorage {
            var bytes = records + tail
            bytes += [UInt8](repeating: 0, count: 8192 - bytes.count)
            let image = SimulatedStorage()
            try image.createDirectory("/data")
            try image.createDirectory("/data/log")
            let file = try image.open(Self.path, .create)
            try file.write(bytes.rawBytes, at: 0)
            try file.sync()
            for directory in ["/data/log", "/data", "/"] { try image.syncDirectory(directory) }
            return image
        }
    }
}
