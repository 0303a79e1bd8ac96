import ByteCoding
import Units

/// The 80 bytes before a block: a skippable frame with a checksum of its own, so that the lengths
/// in it are believed before they are used.
struct BlockHeader: Equatable {
    /// Bytes of the LZ4 block in the frame that follows; 0 where none does.
    var storedBytes: UInt32 = 0
    var rawBytes: UInt32 = 0
    /// Of the whole LZ4 frame.
    var bodyChecksum: UInt32 = 0
    var flags: UInt32 = 0
    var firstLSN: LSN
    var recordCount: UInt32 = 0
    /// Blocks of one sync share the group's number; this is the block's place among them.
    var indexInGroup: UInt16 = 0
    var blocksInGroup: UInt16 = 1
    var group: UInt64
    var epoch: UInt64
    var time: WallTime
    /// Header checksum of the block before, or of the segment header.
    var previousChecksum: UInt32
    var checksum: UInt32 = 0

    static let byteCount = 80
    static let frameMagic: UInt32 = 0x184D_2A51
    static let magic: UInt32 = 0x3142_4244
    static let checksumOffset = 12
    static let checkedOffset = 16

    static let plainFlag: UInt32 = 1
    static let openedFlag: UInt32 = 2
    static let closedFlag: UInt32 = 4

    var isPlain: Bool { flags & Self.plainFlag != 0 }
    /// No records and no frame: says that all before it was synced.
    var isMark: Bool { flags & (Self.openedFlag | Self.closedFlag) != 0 }
    var frameBytes: Int { isMark ? 0 : Int(storedBytes) + LZ4Frame.overheadBytes }
    var lastLSN: LSN { LSN(rawValue: firstLSN.rawValue + UInt64(recordCount) - 1) }
    var isLastOfGroup: Bool { indexInGroup + 1 == blocksInGroup }
}

extension BlockHeader {
    /// Writes the header over the 80 bytes at `offset`; fills in the checksum.
    mutating func encode(over out: inout ByteWriter, at offset: Int, seed: UInt32) {
        out.patchFixed(Self.frameMagic, at: offset)
        out.patchFixed(UInt32(Self.byteCount - 8), at: offset + 4)
        out.patchFixed(Self.magic, at: offset + 8)
        out.patchFixed(storedBytes, at: offset + 16)
        out.patchFixed(rawBytes, at: offset + 20)
        out.patchFixed(bodyChecksum, at: offset + 24)
        out.patchFixed(flags, at: offset + 28)
        out.patchFixed(firstLSN.rawValue, at: offset + 32)
        out.patchFixed(recordCount, at: offset + 40)
        out.patchFixed(indexInGroup, at: offset + 44)
        out.patchFixed(blocksInGroup, at: offset + 46)
        out.patchFixed(group, at: offset + 48)
        out.patchFixed(epoch, at: offset + 56)
        out.patchFixed(time.microseconds, at: offset + 64)
        out.patchFixed(previousChecksum, at: offset + 72)
        out.patchFixed(UInt32(0), at: offset + 76)
        let checked = offset + Self.checkedOffset..<offset + Self.byteCount
        checksum = crc32c(out.bytes.extracting(checked), continuing: seed)
        out.patchFixed(checksum, at: offset + Self.checksumOffset)
    }

    /// Reads the header at `offset`; its lengths are in bounds when it comes back.
    static func decode(
        _ bytes: RawSpan, at offset: Int, seed: UInt32
    ) throws(Defect) -> BlockHeader {
        guard bytes.byteCount - offset >= byteCount else {
            throw Defect(
                at: offset, "length of the block header", expected: "\(byteCount) bytes",
                found: "\(bytes.byteCount - offset) bytes", isTearable: true)
        }
        guard bytes.fixed(at: offset + 4, as: UInt32.self) == UInt32(byteCount - 8),
            bytes.fixed(at: offset + 8, as: UInt32.self) == magic
        else {
            throw Defect(
                at: offset, "first words of the block header", expected: magic,
                found: bytes.fixed(at: offset + 8))
        }
        let expected: UInt32 = bytes.fixed(at: offset + checksumOffset)
        let checked = bytes.extracting(offset + checkedOffset..<offset + byteCount)
        let found = crc32c(checked, continuing: seed)
        guard expected == found else {
            throw Defect(
                at: offset, "checksum of the block header", expected: expected, found: found)
        }
        let header = BlockHeader(fieldsOf: bytes, at: offset)
        try header.checkBounds(at: offset)
        return header
    }

    private init(fieldsOf bytes: RawSpan, at offset: Int) {
        checksum = bytes.fixed(at: offset + Self.checksumOffset)
        storedBytes = bytes.fixed(at: offset + 16)
        rawBytes = bytes.fixed(at: offset + 20)
        bodyChecksum = bytes.fixed(at: offset + 24)
        flags = bytes.fixed(at: offset + 28)
        firstLSN = LSN(rawValue: bytes.fixed(at: offset + 32))
        recordCount = bytes.fixed(at: offset + 40)
        indexInGroup = bytes.fixed(at: offset + 44)
        blocksInGroup = bytes.fixed(at: offset + 46)
        group = bytes.fixed(at: offset + 48)
        epoch = bytes.fixed(at: offset + 56)
        time = WallTime(microseconds: bytes.fixed(at: offset + 64))
        previousChecksum = bytes.fixed(at: offset + 72)
    }

    /// Limits that hold for every header ever written, checked before anything is allocated.
    private func checkBounds(at offset: Int) throws(Defect) {
        let isSound =
            if isMark {
                storedBytes == 0 && rawBytes == 0 && recordCount == 0 && !isPlain
            } else {
                storedBytes >= 1 && storedBytes <= rawBytes
                    && rawBytes <= UInt32(LZ4Frame.rawBytesMax)
                    && UInt64(rawBytes) <= 256 * UInt64(storedBytes) + 64
                    && (isPlain == (storedBytes == rawBytes))
                    && recordCount >= 1 && recordCount <= rawBytes / 2
            }
        let isKnown = flags & ~(Self.plainFlag | Self.openedFlag | Self.closedFlag) == 0
        // Counting on from these must not overflow.
        let isCountable = max(firstLSN.rawValue, group, epoch) <= SegmentHeader.numberMax
        guard isSound, isKnown, isCountable, indexInGroup < blocksInGroup else {
            throw Defect(
                at: offset, "limits of the block header", expected: "lengths that belong together",
                found: "stored \(storedBytes), raw \(rawBytes), records \(recordCount), "
                    + "block \(indexInGroup) of \(blocksInGroup), flags \(hexadecimal(flags))",
                isTearable: false)
        }
    }
}
