import ByteCoding
import Units

/// Records on their way to the disk: a block of the raw stream, its marker filled in when it is written.
///
/// Marker, 32 bytes: magic 4 · record count 4 · group 8 · first LSN 8 · time 8. Then each record:
/// its length as a varint, its bytes. Owned by one thread at a time; GroupCommit says which.
final class RawBlock {
    private var buffer: ByteWriter
    private(set) var firstLSN = LSN.zero
    private(set) var recordCount: UInt32 = 0
    var time = WallTime.earliest

    static let markerBytes = 32
    static let markerMagic: UInt32 = 0x314D_4244
    /// The longest varint of a record's length.
    static let lengthBytesMax = 3

    init(capacity: Int) {
        buffer = ByteWriter(capacity: capacity)
    }

    var byteCount: Int { buffer.count }
    var isEmpty: Bool { recordCount == 0 }

    /// Empties the block; the next record will have this LSN.
    func begin(at lsn: LSN) {
        buffer.removeAll()
        firstLSN = lsn
        recordCount = 0
        buffer.writeFixed(Self.markerMagic)
        for _ in 0..<7 { buffer.writeFixed(UInt32(0)) }
    }

    /// True where the record fits before the block is full; a first record always does.
    func hasRoom(for recordBytes: Int, blockBytesMax: Int) -> Bool {
        isEmpty || byteCount + Self.lengthBytesMax + recordBytes <= blockBytesMax
    }

    func append(_ record: RawSpan) {
        buffer.writeVarint(UInt64(record.byteCount))
        buffer.write(record)
        recordCount += 1
    }

    func withBytes<T>(_ body: (RawSpan) -> T) -> T {
        buffer.withBytes(body)
    }

    /// Fills in the marker: from here on the bytes stand in the raw stream.
    func stamp(group: UInt64) {
        buffer.patchFixed(recordCount, at: 4)
        buffer.patchFixed(group, at: 8)
        buffer.patchFixed(firstLSN.rawValue, at: 16)
        buffer.patchFixed(time.microseconds, at: 24)
    }
}
