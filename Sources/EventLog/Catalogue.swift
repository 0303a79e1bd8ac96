import Storage
import Synchronization
import Units

/// What readers may see of the log: durable segments and blocks, and how far durability reaches.
///
/// The thread that syncs publishes here; any thread reads.
final class Catalogue: Sendable {
    struct Segment: Sendable {
        var path: String
        var header: SegmentHeader
        var lastLSN: LSN
        var rawBytes: UInt64
        var storedBytes: UInt64
        /// Some blocks, at least `strideBytes` apart, oldest first; the first block is always there.
        var blocks: [BlockPlace] = []

        init(path: String, header: SegmentHeader) {
            self.path = path
            self.header = header
            lastLSN = LSN(rawValue: header.firstLSN.rawValue - 1)
            rawBytes = UInt64(Opening.byteCount)
            storedBytes = UInt64(SegmentHeader.byteCount)
        }

        mutating func note(_ header: BlockHeader, offset: Int) {
            blocks.note(header, at: offset)
        }
    }

    /// Where to begin to look for a record.
    struct Place {
        var path: String
        var header: SegmentHeader
        var block: BlockPlace
        /// Durable bytes of the segment.
        var end: Int
    }

    private let segments: Mutex<[Segment]>
    /// Held while a segment's file is swapped, and while one is looked up and opened.
    private let swap = Mutex(())
    private let trouble = Mutex<String?>(nil)
    private let durable: Atomic<UInt64>

    init(_ segments: [Segment], durableLSN: LSN) {
        self.segments = Mutex(segments)
        durable = Atomic(durableLSN.rawValue)
    }

    var durableLSN: LSN { LSN(rawValue: durable.load(ordering: .acquiring)) }

    var size: LogSize {
        segments.withLock { segments in
            var size = LogSize()
            size.segments = segments.count
            for segment in segments {
                size.rawBytes += segment.rawBytes
                size.storedBytes += segment.storedBytes
                guard segment.header.isPacked else { continue }
                size.packedSegments += 1
                size.packedBytes += segment.storedBytes
                size.unpackedBytes += segment.header.unpackedBytes
            }
            size.trouble = trouble.withLock { $0 }
            return size
        }
    }

    func append(_ segment: Segment) {
        segments.withLock { $0.append(segment) }
    }

    /// Publishes what was just synced; the places first, so that a durable LSN can be found.
    func publish(_ places: [(BlockHeader, offset: Int)], storedBytes: Int) {
        segments.withLock { segments in
            let last = segments.count - 1
            for place in places {
                segments[last].rawBytes += UInt64(place.0.rawBytes)
                guard !place.0.isMark else { continue }
                segments[last].lastLSN = place.0.lastLSN
                segments[last].note(place.0, offset: place.offset)
            }
            segments[last].storedBytes = UInt64(storedBytes)
        }
        if let last = places.last(where: { !$0.0.isMark }) {
            durable.store(last.0.lastLSN.rawValue, ordering: .releasing)
        }
    }

    /// Looks up the place of a record and opens its file, which is not swapped meanwhile.
    func opening<T: Sendable>(
        _ lsn: LSN, _ body: (Place) throws(LogError) -> T
    ) throws(LogError) -> T? {
        try swap.withLock { _ throws(LogError) in
            guard let place = place(of: lsn) else { return nil }
            return try body(place)
        }
    }

    /// Notes blocks that a search has passed, so that no other one walks from where it began.
    ///
    /// Of a sealed segment an opening knows the first block alone: to walk all of them would take too long.
    func learn(_ passed: [BlockPlace], from place: Place) {
        guard passed.count > 1, let end = passed.last?.offset else { return }
        segments.withLock { segments in
            // Offsets of a file whose place another one has taken say nothing of that.
            let segment = segments.firstIndex { $0.header.checksum == place.header.checksum }
            guard let segment,
                let start = segments[segment].blocks.firstIndex(where: {
                    $0.offset == place.block.offset
                })
            else { return }
            let behind = start + 1
            // Another search may have been here meanwhile.
            let next = segments[segment].blocks.dropFirst(behind).first?.offset ?? .max
            guard end < next else { return }
            segments[segment].blocks.insert(contentsOf: passed.dropFirst(), at: behind)
        }
    }

    /// Where to begin to look for a record; nil where it is not durable or not there.
    private func place(of lsn: LSN) -> Place? {
        guard lsn > .zero, lsn <= durableLSN else { return nil }
        return segments.withLock { segments in
            let index = partition(segments.count) { segments[$0].header.firstLSN <= lsn } - 1
            guard index >= 0 else { return nil }
            let segment = segments[index]
            let block = partition(segment.blocks.count) { segment.blocks[$0].firstLSN <= lsn } - 1
            guard block >= 0 else { return nil }
            return Place(
                path: segment.path, header: segment.header, block: segment.blocks[block],
                end: Int(segment.storedBytes))
        }
    }
}

extension Catalogue {
    /// The oldest segment that is sealed, followed by another, and not yet rewritten.
    func nextUnpacked() -> Segment? {
        segments.withLock { segments in
            segments.dropLast().first { $0.header.mayBePacked }
        }
    }

    /// How many of them there are.
    var unpackedCount: Int {
        segments.withLock { $0.dropLast().count { $0.header.mayBePacked } }
    }

    /// Swaps a segment's file and what is known of it in one step, as readers see it.
    ///
    /// - Returns: False where the segment was dropped meanwhile; then nothing was swapped.
    func replace(
        with packed: Segment, _ swapFiles: () throws(StorageError) -> Void
    ) throws(LogError) -> Bool {
        try swap.withLock { _ throws(LogError) in
            guard let index = index(of: packed.header.firstLSN) else { return false }
            try unwrap(swapFiles)
            segments.withLock { $0[index] = packed }
            return true
        }
    }

    /// Sealed segments that another one follows, the oldest first.
    func droppable() -> [DroppableSegment] {
        segments.withLock { segments in
            zip(segments, segments.dropFirst()).map { segment, next in
                DroppableSegment(
                    firstLSN: segment.header.firstLSN, lastLSN: segment.lastLSN,
                    end: next.header.creation, storedBytes: segment.storedBytes, path: segment.path)
            }
        }
    }

    var activeSince: WallTime { segments.withLock { $0.last?.header.creation ?? .latest } }

    /// Whether the segment that begins with this record was not dropped.
    func holds(_ first: LSN) -> Bool { index(of: first) != nil }

    /// The last record before the first segment.
    var droppedThrough: LSN {
        segments.withLock { $0.first?.header.previous.lastLSN ?? .zero }
    }

    /// Forgets a segment and removes its file: readers that have opened it go on, others do not find it.
    func drop(
        _ first: LSN, _ removeFile: () throws(StorageError) -> Void
    ) throws(LogError) {
        try swap.withLock { _ throws(LogError) in
            guard let index = index(of: first) else { return }
            try unwrap(removeFile)
            segments.withLock { _ = $0.remove(at: index) }
        }
    }

    /// Good for as long as `swap` is held: else one may be removed.
    private func index(of first: LSN) -> Int? {
        segments.withLock { $0.firstIndex { $0.header.firstLSN == first } }
    }

    /// Why the newest background work did not come to its end; nil once some has.
    func noteTrouble(_ text: String?) {
        trouble.withLock { $0 = text }
    }
}

extension SegmentHeader {
    fileprivate var mayBePacked: Bool { !isPacked && version == Self.newestVersion }
}

/// Where a block begins.
struct BlockPlace: Sendable {
    var firstLSN: LSN
    var offset: Int

    static let strideBytes = 64 << 10
}

extension [BlockPlace] {
    /// Adds the next block, unless it is near the last one.
    mutating func note(_ header: BlockHeader, at offset: Int) {
        if let last, offset - last.offset < BlockPlace.strideBytes { return }
        append(BlockPlace(firstLSN: header.firstLSN, offset: offset))
    }
}

/// How many of `count` ordered elements, from the first on, meet the condition.
private func partition(_ count: Int, _ isMet: (Int) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
        let middle = (low + high) / 2
        if isMet(middle) { low = middle + 1 } else { high = middle }
    }
    return low
}
