import ByteCoding
import Units

/// The first 64 bytes of a file, little-endian:
/// `magic:8 version:4 checksum:4 log:8 first:8 last:8 salt:8 rows:8 zeros:8`.
struct HistoryHeader: Equatable, Sendable {
    /// Identity of the log that the file is an index of.
    var log: UInt64
    var range: ClosedRange<LSN>
    /// Random: keeps stale bytes from passing, and keys from being chosen to collide.
    var salt: UInt64
    var rows: Int

    static let byteCount = 64
    static let magic: UInt64 = 0x5349_484B_4259_4144  // "DAYBKHIS"
    static let version: UInt32 = 1

    /// What all checksums of the file go on from.
    var seed: UInt32 {
        var out = ByteWriter(capacity: Self.byteCount)
        encode(to: &out)
        return out.bytes.fixed(at: 12)
    }

    func encode(to out: inout ByteWriter) {
        let start = out.count
        out.writeFixed(Self.magic)
        out.writeFixed(Self.version)
        out.writeFixed(UInt32(0))
        for value in [log, range.lowerBound.rawValue, range.upperBound.rawValue, salt] {
            out.writeFixed(value)
        }
        out.writeFixed(UInt64(rows))
        out.writeFixed(UInt64(0))
        out.patchFixed(Self.checksum(out.bytes.extracting(start..<out.count)), at: start + 12)
    }

    init(log: UInt64, range: ClosedRange<LSN>, salt: UInt64, rows: Int) {
        self.log = log
        self.range = range
        self.salt = salt
        self.rows = rows
    }

    init(decoding bytes: RawSpan) throws(Flaw) {
        guard bytes.byteCount >= Self.byteCount else { throw Flaw("the header is cut short") }
        guard bytes.fixed(at: 0) == Self.magic else { throw Flaw("first bytes of the header") }
        guard bytes.fixed(at: 8) == Self.version else { throw Flaw("version of the file") }
        guard Self.checksum(bytes.extracting(0..<Self.byteCount)) == bytes.fixed(at: 12) else {
            throw Flaw("checksum of the header")
        }
        let first: UInt64 = bytes.fixed(at: 24)
        let last: UInt64 = bytes.fixed(at: 32)
        let rows: UInt64 = bytes.fixed(at: 48)
        guard first <= last, rows <= UInt64(HistoryLimits.rowsMax) else {
            throw Flaw("limits of the header")
        }
        self.init(
            log: bytes.fixed(at: 16), range: LSN(rawValue: first)...LSN(rawValue: last),
            salt: bytes.fixed(at: 40), rows: Int(rows))
    }

    private static func checksum(_ bytes: RawSpan) -> UInt32 {
        crc32c(bytes.extracting(16...), continuing: crc32c(bytes.extracting(0..<12)))
    }
}
