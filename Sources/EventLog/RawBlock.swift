import ByteCoding
import Units

/// Records on their way to the disk: a piece of the raw stream, each record behind its length.
///
/// Filled by one thread; from then on it is only read, until GroupCommit gives it out to be filled again.
final class RawBlock {
    // Unchecked, because checking each access was a twentieth of the writer's time: nobody else has the block while it
    // is filled, and nothing below calls out while it changes the buffer.
    @exclusivity(unchecked) private var buffer: ByteWriter
    /// Belongs to whoever has the running hash.
    private var hashedBytes = 0
    private var byteLimit = 0
    private(set) var firstLSN = LSN.zero
    private(set) var recordCount: UInt32 = 0
    /// The block is the first of its segment: the hash of the segment before.
    private(set) var previousHash: LogHash?
    var time = WallTime.earliest
    /// Whoever syncs the block takes it into the running hash, too.
    var isLeftToHash = false

    /// The longest varint of a record's length.
    static let lengthBytesMax = 3
    /// What a block takes in the segment beside its raw bytes, at most.
    static let overheadBytes = BlockHeader.byteCount + LZ4Frame.overheadBytes

    init(capacity: Int) {
        unsafe buffer = ByteWriter(capacity: capacity)
    }

    var byteCount: Int { unsafe buffer.count }

    /// Empties the block; the next record will have this LSN.
    func begin(at lsn: LSN, _ place: RawStream.Place) {
        unsafe buffer.removeAll()
        hashedBytes = 0
        recordCount = 0
        firstLSN = lsn
        byteLimit = place.byteLimit
        previousHash = place.previousHash
    }

    /// True where the record fits before the block is full; a first record always does.
    func hasRoom(for recordBytes: Int) -> Bool {
        recordCount == 0 || byteCount + Self.lengthBytesMax + recordBytes <= byteLimit
    }

    func append(_ record: RawSpan, patch: (value: Int64, offset: Int)?) {
        unsafe buffer.writeVarint(UInt64(record.byteCount))
        let start = byteCount
        unsafe buffer.write(record)
        if let patch { unsafe buffer.patchFixed(patch.value, at: start + patch.offset) }
        recordCount += 1
    }

    func withBytes<T>(_ body: (RawSpan) -> T) -> T {
        // A reference of its own: whoever were to fill the block meanwhile would fill a copy.
        let lent = unsafe buffer
        return lent.withBytes(body)
    }

    /// Adds to the hash what came since the last call.
    func addNewBytes(to hash: inout StreamHash) {
        let start = hashedBytes
        withBytes { hash.update($0.extracting(start..<$0.byteCount)) }
        hashedBytes = byteCount
    }
}
