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
            if let last = blocks.last, offset - last.offset < BlockPlace.strideBytes { return }
            blocks.append(BlockPlace(firstLSN: header.firstLSN, offset: offset))
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
            }
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

    /// Where to begin to look for a record; nil where it is not durable or not there.
    func place(of lsn: LSN) -> Place? {
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

/// Where a block begins.
struct BlockPlace: Sendable {
    var firstLSN: LSN
    var offset: Int

    static let strideBytes = 64 << 10
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
