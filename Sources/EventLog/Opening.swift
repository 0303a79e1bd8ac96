import ByteCoding
import Units

/// The first 80 bytes of a segment's raw stream: they tie its hash to the segment before.
struct Opening {
    /// Of the raw stream: that of the segment's format.
    var version: UInt32
    var log: LogIdentity
    var number: UInt64
    var firstLSN: LSN
    var previousHash: LogHash

    static let byteCount = 80
    /// In the segment it is stored plain.
    static let frameBytes = byteCount + LZ4Frame.overheadBytes
    /// Where the opening's bytes stand in a segment.
    static let range = SegmentHeader.byteCount - 4 - byteCount..<SegmentHeader.byteCount - 4

    static let magic = Array("DAYBKRAW".utf8)

    func encoded() -> ByteWriter {
        var out = ByteWriter(capacity: Self.byteCount)
        out.write(Self.magic)
        out.writeFixed(UInt64(version))
        for value in [log.high, log.low, number, firstLSN.rawValue] { out.writeFixed(value) }
        out.write(previousHash.bytes)
        return out
    }
}
