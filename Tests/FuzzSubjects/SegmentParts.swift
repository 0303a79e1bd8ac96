import ByteCoding

/// Segment files taken apart by their magic words alone: nothing is checked, nothing refused.
///
/// Written after docs/log-format.md and not after the reader that is being fuzzed.
struct SegmentParts {
    enum Kind: Equatable {
        /// 4096 bytes.
        case header
        /// A block header of 80 bytes and the LZ4 frame behind it, or a mark without one.
        case block
        /// 104 bytes.
        case footer
        /// The header of the last skippable frame and what it covers, or bytes of no known kind.
        case rest
    }

    struct Part {
        var kind: Kind
        var bytes: [UInt8]
    }

    var parts: [Part] = []

    static let headerBytes = 4096
    static let blockHeaderBytes = 80
    static let footerBytes = 104
    static let frameMagic: [UInt8] = [0x04, 0x22, 0x4D, 0x18]
    /// Where the size stands in an LZ4 frame, and where its block begins.
    static let frameSizeOffset = 7
    static let frameBlockOffset = 11

    init(_ bytes: [UInt8]) {
        for file in Self.splitFiles(bytes) { takeApart(file) }
    }

    /// All parts again, one after another.
    var bytes: [UInt8] { parts.flatMap(\.bytes) }

    /// Leaves only blocks with records, as packing does.
    mutating func removeMarks() {
        parts.removeAll { $0.kind == .block && $0.bytes.count == Self.blockHeaderBytes }
    }

    /// Cuts before each `DAYBKLOG` that stands where a header has it.
    static func splitFiles(_ bytes: [UInt8]) -> [[UInt8]] {
        var starts = [0]
        let word = Array("DAYBKLOG".utf8)
        var offset = 16
        while let found = firstIndex(of: 0x44, in: bytes, from: offset) {
            offset = found + 1
            let start = found - 8
            if bytes[found...].starts(with: word), bytes[start...].starts(with: magic(0x50)) {
                starts.append(start)
            }
        }
        let ends = starts.dropFirst() + [bytes.count]
        return zip(starts, ends).filter { $0 < $1 || bytes.isEmpty }.map { Array(bytes[$0..<$1]) }
    }

    private static func magic(_ kind: UInt8) -> [UInt8] { [kind, 0x2A, 0x4D, 0x18] }

    private static func firstIndex(of byte: UInt8, in bytes: [UInt8], from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        return bytes[start...].firstIndex(of: byte)
    }

    private mutating func takeApart(_ file: [UInt8]) {
        var offset = 0
        if file.count >= Self.headerBytes, file.starts(with: Self.magic(0x50)) {
            offset = Self.headerBytes
            parts.append(Part(kind: .header, bytes: Array(file[..<offset])))
        }
        while offset < file.count {
            let part = Self.part(of: file, at: offset)
            parts.append(part)
            offset += part.bytes.count
        }
    }

    private static func part(of file: [UInt8], at offset: Int) -> Part {
        let rest = file[offset...]
        if rest.starts(with: magic(0x51)), rest.count >= blockHeaderBytes {
            let count = blockHeaderBytes + frameBytes(file, at: offset + blockHeaderBytes)
            return Part(kind: .block, bytes: Array(rest.prefix(count)))
        }
        if rest.starts(with: magic(0x52)), rest.count >= footerBytes {
            return Part(kind: .footer, bytes: Array(rest.prefix(footerBytes)))
        }
        return Part(kind: .rest, bytes: Array(rest.prefix(distanceToNext(file, from: offset))))
    }

    /// Bytes of the LZ4 frame at `offset` by its own size word; 0 where none begins there.
    private static func frameBytes(_ file: [UInt8], at offset: Int) -> Int {
        guard file.count - offset >= 15, file[offset...].starts(with: frameMagic) else { return 0 }
        let size: UInt32 = file.rawBytes.fixed(at: offset + frameSizeOffset)
        return min(Int(size & 0x7FFF_FFFF) + 15, file.count - offset)
    }

    /// Bytes up to the next thing that looks like a block or a footer.
    private static func distanceToNext(_ file: [UInt8], from start: Int) -> Int {
        var offset = start + 1
        while let found = firstIndex(of: 0x2A, in: file, from: offset + 1) {
            let kind = file[found - 1]
            if kind == 0x51 || kind == 0x52, file[(found - 1)...].starts(with: magic(kind)) {
                return found - 1 - start
            }
            offset = found
        }
        return file.count - start
    }
}
