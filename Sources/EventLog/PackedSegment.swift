import ByteCoding
import Storage
import Units

/// A segment being written in large blocks: the same raw stream as another one, in fewer bytes.
///
/// Whole blocks are gathered up to 256 KiB raw and compressed with LZ4 HC at level 3: higher levels
/// were measured to gain 2 % for twice the time, larger blocks less than that.
final class PackedSegment {
    private(set) var header: SegmentHeader
    private var pace: WritePace
    private(set) var hash = RunningHash()
    private var raw = ByteWriter(capacity: PackedSegment.blockBytesMax)
    private var out = ByteWriter(capacity: PackedSegment.blockBytesMax)
    /// What the next block will say of itself.
    private var block: BlockHeader
    private var previousChecksum: UInt32
    private(set) var blockCount: UInt64 = 0
    private(set) var rawBytes = UInt64(Opening.byteCount)
    private(set) var places: [BlockPlace] = []

    static let blockBytesMax = 256 << 10

    /// Begins the file with the header of the segment that it is to stand for.
    ///
    /// - Parameters:
    ///   - original: The segment's header.
    ///   - byteCount: The segment's length up to and with its footer.
    ///   - file: Empty.
    ///   - pause: Between the steps in which it is written.
    /// - Throws: What the writing of the header throws.
    init(
        of original: SegmentHeader, byteCount: UInt64, file: any StorageFile,
        pause: @escaping () -> Void
    ) throws(StorageError) {
        header = original
        if !original.isPacked {
            header.incompatibleFlags |= SegmentHeader.packedFlag
            header.unpackedBytes = byteCount
        }
        pace = WritePace(file: file, pause: pause)
        let bytes = header.encoded()
        header.checksum = bytes.bytes.fixed(at: SegmentHeader.checksumOffset)
        previousChecksum = header.checksum
        block = BlockHeader(
            firstLSN: header.firstLSN, group: header.previous.lastGroup, epoch: header.epoch,
            time: header.creation, previousChecksum: header.checksum)
        hash = RunningHash(header.opening)
        try pace.write(bytes.bytes)
    }

    /// Adds the raw bytes of one block of the original.
    func append(_ bytes: RawSpan, of original: BlockHeader) throws(StorageError) {
        if raw.count + bytes.byteCount > Self.blockBytesMax { try writeBlock() }
        hash.update(bytes)
        raw.write(bytes)
        block.recordCount += original.recordCount
        block.group = original.group
        block.epoch = original.epoch
        block.time = original.time
    }

    /// Writes the footer and makes the whole file durable; gives its last LSN and its length.
    func seal(lastGroup: UInt64, epoch: UInt64) throws(StorageError) -> (LSN, Int) {
        try writeBlock()
        let lastLSN = LSN(rawValue: block.firstLSN.rawValue - 1)
        out.removeAll()
        SegmentFooter(
            blockCount: blockCount, recordCount: lastLSN.distance(from: header.firstLSN) + 1,
            rawBytes: rawBytes, lastLSN: lastLSN, lastGroup: lastGroup, epoch: epoch,
            previousChecksum: previousChecksum, hash: hash.value
        ).encode(to: &out, seed: header.seed)
        try out.withBytes { bytes throws(StorageError) in try pace.write(bytes) }
        try pace.sync()
        return (lastLSN, pace.byteCount)
    }

    private func writeBlock() throws(StorageError) {
        guard raw.count > 0 else { return }
        out.removeAll()
        // Room for the header; encode writes over all of it.
        unsafe out.write(upTo: BlockHeader.byteCount) { _ in BlockHeader.byteCount }
        let stored = raw.withBytes { LZ4Frame.write($0, to: &out, isThorough: true) }
        block.rawBytes = UInt32(raw.count)
        block.storedBytes = UInt32(stored.storedBytes)
        block.flags = stored.isPlain ? BlockHeader.plainFlag : 0
        block.bodyChecksum = out.withBytes {
            crc32c($0.extracting(BlockHeader.byteCount..<$0.byteCount))
        }
        block.previousChecksum = previousChecksum
        block.encode(over: &out, at: 0, seed: header.seed)
        places.append(BlockPlace(firstLSN: block.firstLSN, offset: pace.byteCount))
        try out.withBytes { bytes throws(StorageError) in try pace.write(bytes) }
        previousChecksum = block.checksum
        blockCount += 1
        rawBytes += UInt64(raw.count)
        block.firstLSN = block.lastLSN.next
        block.recordCount = 0
        raw.removeAll()
    }
}
