import ByteCoding
import Units

/// The 32 bytes with which a block of format 1 begins in the raw stream; format 2 has none.
///
/// Magic 4 · record count 4 · group 8 · first LSN 8 · time 8: the block header's fields once more.
enum BlockMarker {
    private static let magic: UInt32 = 0x314D_4244

    static func byteCount(version: UInt32) -> Int { version == 1 ? 32 : 0 }

    static func matches(_ header: BlockHeader, in raw: RawSpan) -> Bool {
        raw.byteCount >= byteCount(version: 1)
            && raw.fixed(at: 0, as: UInt32.self) == magic
            && raw.fixed(at: 4, as: UInt32.self) == header.recordCount
            && raw.fixed(at: 8, as: UInt64.self) == header.group
            && raw.fixed(at: 16, as: UInt64.self) == header.firstLSN.rawValue
            && raw.fixed(at: 24, as: Int64.self) == header.time.microseconds
    }
}
