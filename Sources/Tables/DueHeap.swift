/// A slot in order of its time, then of its number in the order of ties.
@usableFromInline
struct DueEntry: BitwiseCopyable {
    @usableFromInline
    let dueMicroseconds: Int64
    @usableFromInline
    let order: UInt64
    @usableFromInline
    let slot: UInt32
    /// What the element's position must be, or else the entry is stale.
    @usableFromInline
    let position: UInt32

    @inlinable
    init(dueMicroseconds: Int64, order: UInt64, slot: UInt32, position: UInt32) {
        self.dueMicroseconds = dueMicroseconds
        self.order = order
        self.slot = slot
        self.position = position
    }

    /// The slot breaks ties that should not be there, so that no history shows.
    @inlinable
    func isBefore(_ other: DueEntry) -> Bool {
        if dueMicroseconds != other.dueMicroseconds {
            return dueMicroseconds < other.dueMicroseconds
        }
        return order != other.order ? order < other.order : slot < other.slot
    }
}

/// A binary heap of entries, the earliest first, in memory that grows and shrinks without a pause.
@safe
@usableFromInline
struct DueHeap: ~Copyable {
    private var region: Region
    // The region's start, bound to this type for as long as it lives; it holds `entriesMax`.
    private let entries: UnsafeMutablePointer<DueEntry>
    private let entriesMax: Int
    @usableFromInline
    private(set) var count = 0
    /// The entry that was looked at last on the way round for stale ones.
    private var sweptFrom = 0
    /// No memory is touched from here on, apart from what the region has touched ahead.
    private var touchedBytes = 0

    private static let stepBytes = 1 << 20

    init(entriesMax: Int) {
        self.entriesMax = entriesMax
        region = Region(byteCount: entriesMax * MemoryLayout<DueEntry>.stride)
        unsafe entries = region.base.bindMemory(to: DueEntry.self, capacity: entriesMax)
    }

    @usableFromInline
    var first: DueEntry? {
        // In bounds: there is an entry at 0.
        count > 0 ? unsafe entries[0] : nil
    }

    @usableFromInline
    mutating func push(_ entry: DueEntry) {
        precondition(count < entriesMax, "a heap of \(entriesMax) entries is full")
        count += 1
        let usedBytes = count * MemoryLayout<DueEntry>.stride
        region.grow(to: usedBytes)
        touchedBytes = max(touchedBytes, usedBytes)
        rise(entry, from: count - 1)
    }

    /// Takes the earliest entry out.
    ///
    /// - Precondition: there is one.
    @usableFromInline
    mutating func removeFirst() { remove(at: 0) }

    private mutating func remove(at index: Int) {
        precondition(index < count, "nothing to take out of a heap at \(index)")
        count -= 1
        if index < count {
            // In bounds: the entry behind those that are left.
            let last = unsafe entries[count]
            rise(last, from: sink(from: index))
        }
        giveBack()
    }

    /// Looks at the next few entries on a way round from the last to the first, and takes those out that
    /// are stale by their elements: a part of the work at each call, because all at once would be a pause.
    @inlinable
    mutating func sweep<E: TimedElement>(in records: borrowing Slab<E>) {
        for _ in 0..<Self.sweptCount {
            guard let entry = nextSwept() else { return }
            if records[entry.slot].duePosition != entry.position { removeSwept() }
        }
    }

    @inlinable
    static var sweptCount: Int { 8 }

    @usableFromInline
    mutating func nextSwept() -> DueEntry? {
        guard count > 0 else { return nil }
        sweptFrom = sweptFrom > 0 && sweptFrom <= count ? sweptFrom - 1 : count - 1
        // In bounds: below count.
        return unsafe entries[sweptFrom]
    }

    /// Takes out the entry that was looked at last; the one that takes its place is looked at next.
    @usableFromInline
    mutating func removeSwept() {
        remove(at: sweptFrom)
        sweptFrom += 1
    }

    /// Puts the entry where it belongs between a hole and the root.
    private func rise(_ entry: DueEntry, from hole: Int) {
        var hole = hole
        while hole > 0 {
            let parent = (hole - 1) / 2
            // In bounds: both are below count.
            guard unsafe entry.isBefore(entries[parent]) else { break }
            unsafe entries[hole] = entries[parent]
            hole = parent
        }
        unsafe entries[hole] = entry
    }

    /// Moves a hole down to a leaf, always to the earlier child; returns where it is.
    ///
    /// What fills it comes from the end, and nearly always belongs near a leaf.
    private func sink(from hole: Int) -> Int {
        var hole = hole
        while true {
            var child = 2 * hole + 1
            guard child < count else { return hole }
            // In bounds: checked for both.
            if child + 1 < count, unsafe entries[child + 1].isBefore(entries[child]) { child += 1 }
            unsafe entries[hole] = entries[child]
            hole = child
        }
    }

    /// Gives memory back in small steps: all at once would be a pause.
    private mutating func giveBack() {
        let usedBytes = count * MemoryLayout<DueEntry>.stride
        guard touchedBytes - usedBytes >= 2 * Self.stepBytes else { return }
        let start = (touchedBytes - Self.stepBytes) / Mapping.pageBytes * Mapping.pageBytes
        region.giveBack(
            offset: start, count: min(region.byteCount - start, Self.stepBytes + Mapping.pageBytes))
        region.shrink(to: start)
        touchedBytes = start
    }
}
