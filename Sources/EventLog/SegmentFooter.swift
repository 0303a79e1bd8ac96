import ByteCoding
import Units

/// The 104 bytes that seal a segment: after them nothing is ever written to it.
struct SegmentFooter: Equatable {
    var blockCount: UInt64
    var recordCount: UInt64
    var rawBytes: UInt64
    var lastLSN: LSN
    var lastGroup: UInt64
    var epoch: UInt64
    var previousChecksum: UInt32
    /// Of the segment's whole raw stream.
    var hash: LogHash

    static let byteCount = 104
    static let frameMagic: UInt32 = 0x184D_2A52
    static let magic: UInt32 = 0x3146_4244
    static let checksumOffset = 12
    static let checkedOffset = 16

    func encode(to out: inout ByteWriter, seed: UInt32) {
        let start = out.count
        out.writeFixed(Self.frameMagic)
        out.writeFixed(UInt32(Self.byteCount - 8))
        out.writeFixed(Self.magic)
        out.writeFixed(UInt32(0))
        for value in [blockCount, recordCount, rawBytes, lastLSN.rawValue, lastGroup, epoch] {
            out.writeFixed(value)
        }
        out.writeFixed(previousChecksum)
        out.writeFixed(UInt32(0))
        out.write(hash.bytes)
        let checked = start + Self.checkedOffset..<out.count
        let checksum = crc32c(out.bytes.extracting(checked), continuing: seed)
        out.patchFixed(checksum, at: start + Self.checksumOffset)
    }

    static func decode(
        _ bytes: RawSpan, at offset: Int, seed: UInt32
    ) throws(Defect) -> SegmentFooter {
        guard bytes.byteCount - offset >= byteCount,
            bytes.fixed(at: offset + 4, as: UInt32.self) == UInt32(byteCount - 8),
            bytes.fixed(at: offset + 8, as: UInt32.self) == magic
        else {
            throw Defect(
                at: offset, "first words of the footer", expected: "\(byteCount) bytes and DBF1",
                found: "\(bytes.byteCount - offset) bytes", isTearable: true)
        }
        let expected: UInt32 = bytes.fixed(at: offset + checksumOffset)
        let checked = bytes.extracting(offset + checkedOffset..<offset + byteCount)
        let found = crc32c(checked, continuing: seed)
        guard expected == found else {
            throw Defect(at: offset, "checksum of the footer", expected: expected, found: found)
        }
        let footer = SegmentFooter(
            blockCount: bytes.fixed(at: offset + 16), recordCount: bytes.fixed(at: offset + 24),
            rawBytes: bytes.fixed(at: offset + 32),
            lastLSN: LSN(rawValue: bytes.fixed(at: offset + 40)),
            lastGroup: bytes.fixed(at: offset + 48), epoch: bytes.fixed(at: offset + 56),
            previousChecksum: bytes.fixed(at: offset + 64),
            hash: LogHash(bytes: bytes.extracting(offset + 72..<offset + 104).array))
        guard max(footer.lastLSN.rawValue, footer.lastGroup) <= SegmentHeader.numberMax else {
            throw Defect(
                at: offset, "limits of the footer", expected: "numbers below 2^63",
                found: "\(footer.lastLSN), group \(footer.lastGroup)", isTearable: false)
        }
        return footer
    }
}

/// The last skippable frame: only its header, over the zero-filled rest of the file.
enum RestFrame {
    static let headerBytes = 8
    static let frameMagic: UInt32 = 0x184D_2A5F

    /// Writes the header for `byteCount` bytes that remain; none where none do.
    ///
    /// - Precondition: `byteCount` is 0 or at least 8: less cannot be covered by a frame.
    static func write(over byteCount: Int, to out: inout ByteWriter) {
        precondition(byteCount == 0 || byteCount >= headerBytes, "a rest of \(byteCount) bytes")
        guard byteCount > 0 else { return }
        out.writeFixed(frameMagic)
        out.writeFixed(UInt32(byteCount - headerBytes))
    }
}
