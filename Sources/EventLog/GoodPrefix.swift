import ByteCoding
import Units

/// How far a segment's blocks are whole, with what a footer behind them would say.
struct GoodPrefix {
    /// Nil until the segment's own header was found good and in its place.
    private(set) var header: SegmentHeader?
    private(set) var byteCount = 0
    private(set) var lastLSN: LSN
    private var blockCount: UInt64 = 0
    private var rawBytes = UInt64(Opening.byteCount)
    private var group: UInt64 = 0
    private var epoch: UInt64 = 0
    private var checksum: UInt32 = 0
    private var hash = RunningHash()
    private var records = BlockRecords()

    /// - Parameter lastLSN: Last record before the segment.
    init(after lastLSN: LSN) {
        self.lastLSN = lastLSN
    }

    mutating func take(
        _ step: SegmentWalk.Step, _ header: SegmentHeader, path: String, _ bytes: RawSpan
    ) throws(LogError) {
        begin(header)
        switch step {
        case .block(let block, let offset):
            do throws(Defect) {
                try check(
                    block, SegmentWalk.frame(of: bytes), at: offset, version: header.version)
            } catch {
                throw error.corruption(in: path, from: block.firstLSN)
            }
            move(past: block, to: offset + bytes.byteCount)
        case .mark(let block, let offset):
            move(past: block, to: offset + bytes.byteCount)
        case .footer, .end: break
        }
    }

    /// The bytes to keep: of a packed segment sealed anew, of another one left open.
    func kept(of bytes: RawSpan) -> [UInt8] {
        guard let header, byteCount > 0 else { return [] }
        var out = ByteWriter(capacity: byteCount + SegmentFooter.byteCount)
        out.write(bytes.extracting(0..<byteCount))
        guard header.isPacked else { return out.bytes.array }
        guard blockCount > 0 else { return [] }
        SegmentFooter(
            blockCount: blockCount, recordCount: lastLSN.distance(from: header.firstLSN) + 1,
            rawBytes: rawBytes, lastLSN: lastLSN, lastGroup: group, epoch: epoch,
            previousChecksum: checksum, hash: hash.value
        ).encode(to: &out, seed: header.seed)
        return out.bytes.array
    }

    private mutating func begin(_ found: SegmentHeader) {
        guard header == nil else { return }
        header = found
        byteCount = SegmentHeader.byteCount
        hash = RunningHash(found.opening)
    }

    private mutating func check(
        _ block: BlockHeader, _ frame: RawSpan, at offset: Int, version: UInt32
    ) throws(Defect) {
        try records.load(frame, header: block, at: offset, version: version)
        do throws(RecordFault<Never>) {
            _ = try records.forEach(header: block, at: offset) { _, _ throws(Never) in true }
        } catch {
            guard case .defect(let defect) = error else { return }
            throw defect
        }
        records.withRaw { hash.update($0) }
    }

    private mutating func move(past block: BlockHeader, to end: Int) {
        byteCount = end
        lastLSN = LSN(rawValue: block.firstLSN.rawValue + UInt64(block.recordCount) - 1)
        group = block.group
        epoch = block.epoch
        checksum = block.checksum
        rawBytes += UInt64(block.rawBytes)
        if !block.isMark { blockCount += 1 }
    }
}
