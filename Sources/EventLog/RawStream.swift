import ByteCoding
import Units

/// The writer's side of the raw stream: its running hash, and where one segment ends and the next begins.
///
/// The writer decides that, because it hashes what it appends while the disk is busy with what
/// came before. How far LZ4 shrinks a block is known only later, so each block is first taken for
/// as long as it is raw; what the disk has saved since is given back.
struct RawStream {
    private let log: LogIdentity
    private let options: LogOptions
    private var number: UInt64
    private var hash: StreamHash
    /// Bytes of the segment that blocks may fill.
    private var room: Int
    /// What the blocks before the newest take at most.
    private var spent = 0
    /// The same for the newest, which may still grow.
    private var newest = 0
    private var isEmpty: Bool

    /// Where a block goes.
    struct Place {
        var byteLimit: Int
        /// Set where the block begins a segment: the hash of the one before.
        var previousHash: LogHash?
    }

    /// Behind the last block: the mark of a clean close or the footer, the marks of openings, the rest.
    static let reservedBytes =
        SegmentFooter.byteCount + 2 * BlockHeader.byteCount + RestFrame.headerBytes

    init(_ end: RecoveredEnd, options: LogOptions) {
        log = end.walk.header.log
        number = end.walk.header.number
        hash = StreamHash(end.hash, late: end.late)
        self.options = options
        isEmpty = end.walk.blockCount == 0
        room = end.fileBytes - end.walk.offset - Self.reservedBytes
        // An older format is read, not written: the first block begins a segment of this one.
        let isOlder = end.walk.header.version < SegmentHeader.newestVersion
        if isOlder {
            isEmpty = false
            room = 0
        }
    }

    /// Bytes that surely fit before another segment is needed.
    func freeBytes(_ saved: SavedBytes) -> Int {
        room - spent - newest + (saved.segment == number ? saved.byteCount : 0)
    }

    /// Finds the place of a new block that begins with a record of this size.
    ///
    /// In a new segment where it does not fit into this one, or where one is wanted.
    mutating func begin(
        recordBytes: Int, at lsn: LSN, saved: SavedBytes, wantsSegment: Bool
    ) -> Place {
        spent += newest
        newest = 0
        let needed = RawBlock.lengthBytesMax + recordBytes
        let limit = freeBytes(saved) - RawBlock.overheadBytes
        var place = Place(byteLimit: min(options.groupBytesMax, limit))
        if needed > limit || wantsSegment && !isEmpty {
            // A record that does not fit into a whole segment lengthens one.
            place.byteLimit = max(needed, min(options.groupBytesMax, segmentRoom))
            if !isEmpty { place.previousHash = beginSegment(at: lsn) }
        }
        isEmpty = false
        return place
    }

    /// Notes the size of the newest block.
    mutating func measure(_ block: RawBlock) {
        newest = block.byteCount + RawBlock.overheadBytes
    }

    /// Adds to the hash what the block has gained since the last call; called for every block in order.
    mutating func hash(_ block: RawBlock) {
        block.addNewBytes(to: &hash)
    }

    private var segmentRoom: Int {
        options.segmentBytes - SegmentHeader.byteCount - Self.reservedBytes
            - RawBlock.overheadBytes
    }

    private mutating func beginSegment(at lsn: LSN) -> LogHash {
        let previous = hash.value()
        number += 1
        let opening = Opening(
            version: SegmentHeader.newestVersion, log: log, number: number, firstLSN: lsn,
            previousHash: previous)
        hash = StreamHash(RunningHash(opening))
        room = segmentRoom + RawBlock.overheadBytes
        spent = 0
        return previous
    }
}

/// How much shorter the blocks of a segment became on the disk than was reckoned with.
struct SavedBytes {
    var segment: UInt64 = 0
    var byteCount = 0
}
