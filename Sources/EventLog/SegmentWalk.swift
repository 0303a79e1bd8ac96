import ByteCoding
import Glibc
import Units

/// Steps through a segment's bytes from its header on and checks that each part follows the one before.
///
/// Holds only where it stands; the bytes are handed in, all of the file or a window of it.
struct SegmentWalk {
    let header: SegmentHeader
    private(set) var offset = SegmentHeader.byteCount
    /// LSN that the next record must have.
    private(set) var nextLSN: LSN
    private(set) var group: UInt64
    /// Where the newest group begins: what the last sync before a crash was to make durable.
    private(set) var groupOffset = SegmentHeader.byteCount
    private(set) var epoch: UInt64
    private(set) var previousChecksum: UInt32
    private(set) var blockCount: UInt64 = 0
    private(set) var rawBytes = UInt64(Opening.byteCount)
    /// True from the start and after the last block of a group: what follows is of a later one.
    private(set) var isGroupComplete = true
    private var indexInGroup: UInt16 = 0
    private(set) var lastTime: WallTime

    enum Step {
        /// A block with records, its checksum checked.
        case block(BlockHeader, offset: Int)
        case mark(BlockHeader, offset: Int)
        case footer(SegmentFooter, offset: Int)
        /// Nothing but zeros, or nothing at all, follows.
        case end
    }

    /// What a window shows of the next part.
    enum Sight {
        case part(Step)
        /// It is not all in the window: the bytes up to here are needed.
        case beyond(Int)
        /// No part follows: all of the file from here on must be zero, and the window ends before.
        case rest(from: Int)
    }

    /// The longest start of a part that says how long it is.
    private static let headBytesMax = max(BlockHeader.byteCount, SegmentFooter.byteCount)

    /// The LZ4 frame of a block, given all of the block's bytes.
    @_lifetime(copy block)
    static func frame(of block: RawSpan) -> RawSpan {
        block.extracting(BlockHeader.byteCount..<block.byteCount)
    }

    init(_ header: SegmentHeader) {
        self.header = header
        nextLSN = header.firstLSN
        group = header.previous.lastGroup
        epoch = header.epoch
        previousChecksum = header.checksum
        lastTime = header.creation
    }

    var lastLSN: LSN { LSN(rawValue: nextLSN.rawValue - 1) }

    /// The group that was under way if a crash tore the log here.
    var groupInFlight: UInt64 { isGroupComplete ? group + 1 : group }

    /// The next part; after a thrown defect the walk stands where the defect is.
    ///
    /// The window begins at or before `offset`.
    mutating func next(in window: SegmentWindow) throws(Defect) -> Sight {
        do throws(Defect) {
            return try look(in: window)
        } catch {
            throw error.moved(to: offset)
        }
    }

    private mutating func look(in window: SegmentWindow) throws(Defect) -> Sight {
        guard offset < window.fileBytes else { return .part(.end) }
        guard window.isLast || window.end - offset >= Self.headBytesMax else {
            return .beyond(min(window.fileBytes, offset + Self.headBytesMax))
        }
        guard window.fileBytes - offset >= RestFrame.headerBytes else {
            return try checkZeros(window, from: offset)
        }
        switch window.word(at: offset) {
        case BlockHeader.frameMagic: return try nextBlock(window)
        case SegmentFooter.frameMagic: return try nextFooter(window)
        case RestFrame.frameMagic:
            let restBytes = window.fileBytes - offset - RestFrame.headerBytes
            let found = window.word(at: offset + 4)
            guard found == UInt32(truncatingIfNeeded: restBytes) else {
                throw Defect(
                    at: offset, "length of the rest", expected: "\(restBytes)", found: "\(found)",
                    isTearable: true)
            }
            return try checkZeros(window, from: offset + RestFrame.headerBytes)
        default: return try checkZeros(window, from: offset)
        }
    }

    private func checkZeros(_ window: SegmentWindow, from start: Int) throws(Defect) -> Sight {
        guard window.isLast else { return .rest(from: start) }
        let rest = window.bytes(start..<window.fileBytes)
        guard let nonZero = firstNonZero(rest, from: 0) else { return .part(.end) }
        let byte: UInt8 = rest.fixed(at: nonZero)
        throw Defect(
            at: offset, "bytes after the last group", expected: "zeros",
            found: "a byte of \(byte) at offset \(start + nonZero)", isTearable: true)
    }

    private mutating func nextBlock(_ window: SegmentWindow) throws(Defect) -> Sight {
        let start = offset
        let block = try BlockHeader.decode(
            window.bytes, at: start - window.start, seed: header.seed)
        let frame = start + BlockHeader.byteCount..<start + BlockHeader.byteCount + block.frameBytes
        guard frame.upperBound <= window.fileBytes else {
            throw Defect(
                at: start, "end of the block", expected: "before \(window.fileBytes)",
                found: "\(frame.upperBound)", isTearable: true)
        }
        guard frame.upperBound <= window.end else { return .beyond(frame.upperBound) }
        let found = crc32c(window.bytes(frame))
        guard found == block.bodyChecksum else {
            throw Defect(
                at: start, "checksum of the block", expected: block.bodyChecksum, found: found)
        }
        try checkSequence(block, at: start)
        advance(past: block, to: frame.upperBound)
        return .part(block.isMark ? .mark(block, offset: start) : .block(block, offset: start))
    }

    private func checkSequence(_ block: BlockHeader, at start: Int) throws(Defect) {
        guard block.firstLSN == nextLSN else {
            throw sequence(start, "first LSN", "\(nextLSN)", "\(block.firstLSN)")
        }
        guard block.previousChecksum == previousChecksum else {
            throw sequence(
                start, "checksum of the block before", hexadecimal(previousChecksum),
                hexadecimal(block.previousChecksum))
        }
        guard block.epoch >= epoch else {
            throw sequence(start, "epoch", "\(epoch) or later", "\(block.epoch)")
        }
        if header.isPacked { return try checkPacked(block, at: start) }
        // An incomplete group is ended only by the mark of the opening that found it.
        let beginsGroup = isGroupComplete || (block.epoch > epoch && block.isMark)
        let isNext =
            beginsGroup
            ? block.group == group + 1 && block.indexInGroup == 0
            : block.group == group && block.indexInGroup == indexInGroup + 1
        guard isNext else {
            throw sequence(
                start, "group", "one that follows \(group)",
                "\(block.group), block \(block.indexInGroup)")
        }
    }

    /// A packed block may span groups and may end within one.
    private func checkPacked(_ block: BlockHeader, at start: Int) throws(Defect) {
        guard block.group >= group, block.blocksInGroup == 1, !block.isMark else {
            throw sequence(
                start, "group of a packed block", "\(group) or later",
                "\(block.group), \(block.blocksInGroup) blocks, flags \(block.flags)")
        }
    }

    private mutating func advance(past block: BlockHeader, to end: Int) {
        if block.indexInGroup == 0 { groupOffset = offset }
        offset = end
        nextLSN = nextLSN.advanced(by: UInt64(block.recordCount))
        group = block.group
        epoch = block.epoch
        previousChecksum = block.checksum
        indexInGroup = block.indexInGroup
        isGroupComplete = block.isLastOfGroup
        lastTime = block.time
        if !block.isMark { blockCount += 1 }
        rawBytes += UInt64(block.rawBytes)
    }

    private mutating func nextFooter(_ window: SegmentWindow) throws(Defect) -> Sight {
        let start = offset
        let footer = try SegmentFooter.decode(
            window.bytes, at: start - window.start, seed: header.seed)
        // Marks before the footer are left out of a packed segment; their groups still count.
        let isLastGroup = header.isPacked ? footer.lastGroup >= group : footer.lastGroup == group
        let isSame =
            footer.lastLSN == lastLSN && footer.blockCount == blockCount
            && footer.rawBytes == rawBytes && isLastGroup
            && footer.previousChecksum == previousChecksum
        guard isSame else {
            throw sequence(
                start, "counts of the footer", "\(blockCount) blocks up to \(lastLSN)",
                "\(footer.blockCount) blocks up to \(footer.lastLSN)")
        }
        // The segment after it would have the same name.
        guard blockCount > 0 else { throw sequence(start, "footer", "records before it", "none") }
        offset += SegmentFooter.byteCount
        return .part(.footer(footer, offset: start))
    }

    private func sequence(
        _ start: Int, _ what: String, _ expected: String, _ found: String
    ) -> Defect {
        // Behind good checksums: no torn write looks like this.
        Defect(at: start, what, expected: expected, found: found, isTearable: false)
    }
}

extension SegmentWalk {
    /// Decides whether a defect is a torn tail: then nil, else how far the damage reaches.
    ///
    /// One group is in flight at a time. A whole block of a later group, or a footer, can only be
    /// there if everything before it had been synced: then the bytes were damaged afterwards.
    ///
    /// - Parameters:
    ///   - defect: Where the walk stands.
    ///   - window: All of the file from there on.
    /// - Returns: Whether it is a torn tail, and how far the damage reaches where it is not.
    func lastLSNInDoubt(after defect: Defect, in window: SegmentWindow) -> DamageReach {
        guard defect.isTearable else { return .corrupt(to: nil) }
        let bytes = window.bytes(defect.offsetBytes..<window.fileBytes)
        var start = 1
        while let candidate = Self.firstFrame(bytes, from: start) {
            if let first = firstLSNOfLaterGroup(bytes, at: candidate) {
                return .corrupt(to: LSN(rawValue: max(first.rawValue, 1) - 1))
            }
            start = candidate + 1
        }
        return header.isPacked ? .corrupt(to: nil) : .torn
    }

    enum DamageReach: Equatable {
        case torn
        /// Up to this record; nil where that cannot be told.
        case corrupt(to: LSN?)
    }

    private func firstLSNOfLaterGroup(_ bytes: RawSpan, at offset: Int) -> LSN? {
        do throws(Defect) {
            if bytes.fixed(at: offset, as: UInt32.self) == SegmentFooter.frameMagic {
                return try SegmentFooter.decode(bytes, at: offset, seed: header.seed).lastLSN.next
            }
            let block = try BlockHeader.decode(bytes, at: offset, seed: header.seed)
            let isLater = header.isPacked ? block.firstLSN > nextLSN : block.group > groupInFlight
            return isLater ? block.firstLSN : nil
        } catch {
            // Not a frame of this segment: the search goes on behind it.
            return nil
        }
    }

    /// Offset of the next four bytes that may begin a block or a footer.
    static func firstFrame(_ bytes: RawSpan, from start: Int) -> Int? {
        var offset = start
        while offset + 12 <= bytes.byteCount {
            guard let found = firstByte(0x2A, in: bytes, from: offset + 1) else { return nil }
            let candidate = found - 1
            guard candidate + 12 <= bytes.byteCount else { return nil }
            let word: UInt32 = bytes.fixed(at: candidate)
            if word == BlockHeader.frameMagic || word == SegmentFooter.frameMagic {
                return candidate
            }
            offset = found
        }
        return nil
    }
}

/// Offset of the first byte from `start` on that is not zero.
func firstNonZero(_ bytes: RawSpan, from start: Int) -> Int? {
    // A page at a time, because the zeros may be 64 MiB.
    let zeros = [UInt8](repeating: 0, count: 4096)
    var offset = start
    while offset < bytes.byteCount {
        let count = min(zeros.count, bytes.byteCount - offset)
        // In bounds: both buffers hold at least count bytes from where they are read.
        let isZero = unsafe bytes.withUnsafeBytes { page in
            unsafe zeros.withUnsafeBytes { zeros in
                guard let page = page.baseAddress, let zeros = zeros.baseAddress
                else { return true }
                return unsafe memcmp(page + offset, zeros, count) == 0
            }
        }
        guard isZero else {
            return (offset..<offset + count).first { bytes.fixed(at: $0, as: UInt8.self) != 0 }
        }
        offset += count
    }
    return nil
}

/// Offset of the first byte of this value from `start` on.
private func firstByte(_ value: UInt8, in bytes: RawSpan, from start: Int) -> Int? {
    guard start < bytes.byteCount else { return nil }
    // In bounds: start < byteCount, and memchr reads no further than the count it is given.
    return unsafe bytes.withUnsafeBytes { buffer in
        guard let base = buffer.baseAddress,
            let found = unsafe memchr(base + start, Int32(value), buffer.count - start)
        else { return nil }
        return unsafe UnsafeRawPointer(found) - base
    }
}
