import EventLog

/// Blocks, marks and a footer behind a header that is always good: more inputs a second than whole
/// segments, none of them spent on the header.
enum BlockSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        guard let choice = input.first else { return .refused("no header is chosen") }
        let file = header(choice) + input.dropFirst()
        let storage = MemoryStorage([("\(memoryDirectory)/log/00000000000000000001.lz4", file)])
        let reading = LogReading(storage)
        try reading.check()
        try reading.checkAgain(storage, input)
        return reading.verdict
    }

    /// The header of a log's first segment: of version 1, of version 2, of a packed one.
    static func header(_ choice: UInt8) -> [UInt8] {
        headers[Int(choice) % headers.count]
    }

    static let headers = [
        handmade(version: 1), handmade(version: 2), handmade(version: 2, flags: 1),
    ]

    private static func handmade(version: UInt32, flags: UInt32 = 0) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: SegmentParts.headerBytes)
        bytes.patch(UInt32(0x184D_2A50), at: 0)
        bytes.patch(UInt32(3993), at: 4)
        bytes.replaceSubrange(8..<16, with: "DAYBKLOG".utf8)
        bytes.patch(version, at: 20)
        bytes.patch(flags, at: 24)
        bytes.patch(UInt64(0x5EED_0F5A_17ED_B00C), at: 48)
        bytes.patch(UInt64(1), at: 56)
        let frame = RawCoding.frame(of: [UInt8](repeating: 0, count: 80), isPlain: true)
        bytes.replaceSubrange(4001..<4096, with: frame)
        var parts = SegmentParts(bytes)
        var repair = SegmentRepair(depth: .all)
        repair.run(&parts)
        return parts.bytes
    }
}
