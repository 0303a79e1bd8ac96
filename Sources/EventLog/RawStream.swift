import ByteCoding
import Units

/// The writer's side of the raw stream: where one segment ends and the next begins.
///
/// The writer decides that, because the hash begins anew there. How far LZ4 shrinks a block is known only later, so each
/// block is first taken for as long as it is raw; what the disk has saved since is given back.
struct RawStream {
    private let log: LogIdentity
    private let options: LogOptions
    private var number: UInt64
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
    /// In a new segment where it does not fit into this one, or where one is wanted: `chain` is asked for then, and
    /// has all that came before in it.
    /// - Returns: Nil where `chain` gives nil.
    mutating func begin(
        recordBytes: Int, at lsn: LSN, saved: SavedBytes, wantsSegment: Bool,
        chain: () -> HashChain?
    ) -> Place? {
        spent += newest
        newest = 0
        let needed = RawBlock.lengthBytesMax + recordBytes
        let limit = freeBytes(saved) - RawBlock.overheadBytes
        var place = Place(byteLimit: min(options.groupBytesMax, limit))
        if needed > limit || wantsSegment && !isEmpty {
            // A record that does not fit into a whole segment lengthens one.
            place.byteLimit = max(needed, min(options.groupBytesMax, segmentRoom))
            if !isEmpty {
                guard let chain = chain() else { return nil }
                place.previousHash = beginSegment(at: lsn, chain)
            }
        }
        isEmpty = false
        return place
    }

    /// Notes the size of the newest block.
    mutating func measure(_ block: RawBlock) {
        newest = block.byteCount + RawBlock.overheadBytes
    }

    private var segmentRoom: Int {
        options.segmentBytes - SegmentHeader.byteCount - Self.reservedBytes
            - RawBlock.overheadBytes
    }

    private mutating func beginSegment(at lsn: LSN, _ chain: HashChain) -> LogHash {
        let previous = chain.value
        number += 1
        let opening = Opening(
            version: SegmentHeader.newestVersion, log: log, number: number, firstLSN: lsn,
            previousHash: previous)
        chain.begin(opening)
        room = segmentRoom + RawBlock.overheadBytes
        spent = 0
        return previous
    }
}

/// The running hash of the raw stream.
final class HashChain: @unchecked Sendable {
    // Sendable: owned by one thread at a time; GroupCommit says which.
    private var hash: StreamHash

    init(_ end: RecoveredEnd) {
        hash = StreamHash(end.hash, late: end.late)
    }

    /// Adds what the block has gained since the last call; called for every block in order.
    func add(_ block: RawBlock) { block.addNewBytes(to: &hash) }

    /// The hash of all that was added since the segment began; may wait for what was there when the log was opened.
    var value: LogHash { hash.value() }

    /// Begins a segment's hash.
    func begin(_ opening: Opening) { hash = StreamHash(RunningHash(opening)) }
}

/// How much shorter the blocks of a segment became on the disk than was reckoned with.
struct SavedBytes {
    var segment: UInt64 = 0
    var byteCount = 0
}
