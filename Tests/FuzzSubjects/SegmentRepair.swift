import ByteCoding
import Crypto

/// Makes mutated segments right again, as far as it is told to.
///
/// Without it nearly every mutation would end at the first checksum. Each depth repairs one check
/// more, so that some inputs get as far as each of them and fail there.
struct SegmentRepair {
    enum Depth: Int, CaseIterable, Comparable {
        /// Lengths and checksums of headers, frames and footers.
        case checksums
        /// And which block follows which.
        case chain
        /// And numbers of records and groups, markers, counts, hashes, joins between segments.
        case all

        static func < (left: Depth, right: Depth) -> Bool { left.rawValue < right.rawValue }
    }

    private let depth: Depth
    private var version: UInt32 = 0
    private var isPacked = false
    /// The length that the next segment must name; the segment's own unless it is packed.
    private var unpackedBytes: UInt64?
    private var seed: UInt32 = 0
    private var previousChecksum: UInt32 = 0
    private var nextLSN: UInt64 = 1
    private var group: UInt64 = 0
    private var epoch: UInt64 = 0
    private var indexInGroup: UInt16 = 0
    private var isGroupComplete = true
    private var blockCount: UInt64 = 0
    private var rawBytes: UInt64 = 0
    private var firstLSN: UInt64 = 1
    private var hash = SHA256()
    /// Of the segment so far, and of the sealed one before it.
    private var byteCount = 0
    private var number: UInt64 = 0
    private var log: [UInt8]?
    private var previous = End()

    private struct End {
        var byteCount: UInt64 = 0
        var lastLSN: UInt64 = 0
        var lastGroup: UInt64 = 0
        var hash = [UInt8](repeating: 0, count: 32)
    }

    init(depth: Depth) {
        self.depth = depth
    }

    /// Repairs the parts of one or several segments, in order.
    mutating func run(_ segments: inout SegmentParts) {
        for index in segments.parts.indices {
            switch segments.parts[index].kind {
            case .header: repairHeader(&segments.parts[index].bytes)
            case .block: repairBlock(&segments.parts[index].bytes)
            case .footer: repairFooter(&segments.parts[index].bytes)
            case .rest: break
            }
            byteCount += segments.parts[index].bytes.count
        }
    }

    private mutating func repairHeader(_ bytes: inout [UInt8]) {
        if depth == .all {
            number += 1
            bytes.patch(number, at: 64)
            bytes.patch(previous.lastLSN + 1, at: 72)
            bytes.patch(previous.byteCount, at: 88)
            bytes.patch(previous.lastLSN, at: 96)
            bytes.patch(previous.lastGroup, at: 104)
            bytes.replaceSubrange(112..<144, with: previous.hash)
            if let log { bytes.replaceSubrange(32..<48, with: log) }
            repairOpening(&bytes)
        }
        let before = crc32c(bytes.rawBytes.extracting(0..<16))
        previousChecksum = crc32c(bytes.rawBytes.extracting(20..<4096), continuing: before)
        bytes.patch(previousChecksum, at: 16)
        begin(bytes)
    }

    /// The raw stream's opening says once more what the header says.
    private func repairOpening(_ bytes: inout [UInt8]) {
        let opening = SegmentParts.headerBytes - 4 - 80
        bytes.replaceSubrange(opening..<opening + 8, with: "DAYBKRAW".utf8)
        bytes.patch(UInt64(bytes.rawBytes.fixed(at: 20, as: UInt32.self)), at: opening + 8)
        bytes.replaceSubrange(opening + 16..<opening + 32, with: bytes[32..<48])
        bytes.replaceSubrange(opening + 32..<opening + 48, with: bytes[64..<80])
        bytes.replaceSubrange(opening + 48..<opening + 80, with: bytes[112..<144])
    }

    private mutating func begin(_ header: [UInt8]) {
        version = header.rawBytes.fixed(at: 20)
        isPacked = header.rawBytes.fixed(at: 24, as: UInt32.self) == 1 && version > 1
        unpackedBytes = isPacked ? header.rawBytes.fixed(at: 144) : nil
        let salt: UInt64 = header.rawBytes.fixed(at: 48)
        seed = UInt32(truncatingIfNeeded: salt ^ (salt >> 32))
        epoch = header.rawBytes.fixed(at: 56)
        number = header.rawBytes.fixed(at: 64)
        firstLSN = header.rawBytes.fixed(at: 72)
        log = Array(header[32..<48])
        nextLSN = firstLSN
        group = header.rawBytes.fixed(at: 104)
        isGroupComplete = true
        blockCount = 0
        rawBytes = 80
        byteCount = 0
        hash = SHA256()
        hash.update(data: header[4012..<4092])
    }

    private mutating func repairBlock(_ bytes: inout [UInt8]) {
        let header = SegmentParts.blockHeaderBytes
        let flags: UInt32 = bytes.rawBytes.fixed(at: 28)
        let isMark = flags & 6 != 0 || bytes.count == header
        if depth == .all { repairNumbers(&bytes, isMark: isMark) }
        if !isMark { repairFrame(&bytes) }
        if depth >= .chain { bytes.patch(previousChecksum, at: 72) }
        previousChecksum = crc32c(bytes.rawBytes.extracting(16..<header), continuing: seed)
        bytes.patch(previousChecksum, at: 12)
    }

    private mutating func repairNumbers(_ bytes: inout [UInt8], isMark: Bool) {
        var blocks = max(bytes.rawBytes.fixed(at: 46, as: UInt16.self), 1)
        if isMark || isPacked || isGroupComplete
            || bytes.rawBytes.fixed(at: 44, as: UInt16.self) == 0
        {
            group &+= 1
            indexInGroup = 0
        } else {
            indexInGroup += 1
        }
        blocks = isMark || isPacked ? 1 : max(blocks, indexInGroup + 1)
        isGroupComplete = indexInGroup + 1 == blocks
        epoch = max(epoch, min(bytes.rawBytes.fixed(at: 56), 1 << 40))
        bytes.patch(nextLSN, at: 32)
        bytes.patch(indexInGroup, at: 44)
        bytes.patch(blocks, at: 46)
        bytes.patch(group, at: 48)
        bytes.patch(epoch, at: 56)
        if isMark {
            for offset in [16, 20, 40] { bytes.patch(UInt32(0), at: offset) }
        } else {
            repairRaw(&bytes)
        }
    }

    /// Counts the records anew and, in version 1, writes the marker that stands before them.
    private mutating func repairRaw(_ bytes: inout [UInt8]) {
        let header = SegmentParts.blockHeaderBytes
        let said: UInt32 = bytes.rawBytes.fixed(at: 20)
        guard var raw = RawCoding.raw(ofFrame: bytes[header...], rawBytes: Int(said))
        else { return }
        let markerBytes = version == 1 ? 32 : 0
        guard raw.count >= markerBytes else { return }
        if let count = RawCoding.recordCount(in: raw[markerBytes...]) { bytes.patch(count, at: 40) }
        if version == 1 {
            let marker = "DBM1".utf8 + bytes[40..<44] + bytes[48..<56] + bytes[32..<40]
            let before = raw
            raw.replaceSubrange(0..<32, with: Array(marker) + bytes[64..<72])
            if raw != before {
                let isPlain = bytes.rawBytes.fixed(at: 28, as: UInt32.self) & 1 != 0
                bytes.replaceSubrange(header..., with: RawCoding.frame(of: raw, isPlain: isPlain))
            }
        }
        bytes.patch(UInt32(raw.count), at: 20)
        nextLSN &+= UInt64(bytes.rawBytes.fixed(at: 40, as: UInt32.self))
        blockCount += 1
        rawBytes += UInt64(raw.count)
        hash.update(data: raw)
    }

    private func repairFrame(_ bytes: inout [UInt8]) {
        let header = SegmentParts.blockHeaderBytes
        guard bytes.count >= header + 15 else { return }
        let stored = UInt32(bytes.count - header - 15)
        let size = header + SegmentParts.frameSizeOffset
        let plainBit = bytes.rawBytes.fixed(at: size, as: UInt32.self) & 0x8000_0000
        bytes.patch(stored | plainBit, at: size)
        bytes.patch(stored, at: 16)
        let flags: UInt32 = bytes.rawBytes.fixed(at: 28)
        bytes.patch(flags & ~1 | plainBit >> 31, at: 28)
        bytes.patch(crc32c(bytes.rawBytes.extracting(header..<bytes.count)), at: 24)
    }

    private mutating func repairFooter(_ bytes: inout [UInt8]) {
        if depth >= .chain { bytes.patch(previousChecksum, at: 64) }
        if depth == .all {
            let found = Array(hash.finalize())
            let counts = [blockCount, nextLSN &- firstLSN, rawBytes, nextLSN &- 1, group, epoch]
            for (index, count) in counts.enumerated() { bytes.patch(count, at: 16 + 8 * index) }
            bytes.replaceSubrange(72..<104, with: found)
            previous = End(
                byteCount: unpackedBytes ?? UInt64(byteCount + bytes.count), lastLSN: nextLSN &- 1,
                lastGroup: group, hash: found)
        }
        bytes.patch(crc32c(bytes.rawBytes.extracting(16..<104), continuing: seed), at: 12)
    }
}
