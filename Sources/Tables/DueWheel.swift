/// What an element of a due wheel tells about itself.
@usableFromInline
package protocol TimedElement: BitwiseCopyable {
    /// Microseconds since 1970; the same as long as the element is in a wheel.
    var dueMicroseconds: Int64 { get }
    /// Which of two elements of one time comes first; different for each element.
    var order: UInt64 { get }
    /// The wheel's own; 0 while the element is in none.
    var duePosition: UInt32 { get set }
}

/// Hands out slots in the order of their due times, in steps that are as small as the caller wants.
///
/// Time moves in ticks of 1 ms. A slot waits in the first of these that its time fits, and moves up when
/// the wheel comes near:
/// ```
/// heap   this tick and earlier, in exact order
/// near   131 072 buckets of 1 ms: the rest of this window of 131 s
/// far    65 536 buckets of 131 s: the windows of the next 99 days
/// last   262 144 buckets of 12.4 days: until the year 10 889
/// ```
/// What is handed out depends on times and orders alone, not on how the elements came in. Owned by one
/// thread; the elements' slab is passed to every call, and is always the same one.
@usableFromInline
package struct DueWheel: ~Copyable {
    @usableFromInline
    var buckets: DueBuckets
    @usableFromInline
    var heap: DueHeap
    /// Entries that came since slots were last handed out, on their way into the heap.
    ///
    /// Most are due at once and came nearly in order: sorted, they are handed out without ever having been in it.
    @usableFromInline
    var arrivals: [DueEntry] = []
    /// All of earlier ticks is in the heap, on its way there, or gone.
    @usableFromInline
    var tick: UInt64
    /// Entries of the heap and on their way there that are not stale.
    @usableFromInline
    var heapLive = 0
    /// Numbers these entries, so that one whose element has gone and come back is told apart.
    @usableFromInline
    var heapStamp: UInt32 = 0

    /// Slots in the wheel.
    @inlinable
    package var count: Int { held }
    @usableFromInline
    var held = 0

    /// An empty wheel: addresses for `elementsMax` slots, and no memory yet.
    ///
    /// - Parameters:
    ///   - elementsMax: the most slots at one time.
    ///   - now: where time begins; starting near the first times saves moving them later.
    package init(elementsMax: Int, startingAt now: Int64 = 0) {
        buckets = DueBuckets(bucketCount: Self.bucketCount, elementsMax: elementsMax)
        // Entries go stale in place. From the moment when they are most, each push looks at eight, so
        // that a round is over before half as many have come in as there were.
        heap = DueHeap(entriesMax: 4 * elementsMax + Self.staleMin)
        tick = Self.tick(of: now)
    }

    /// The first time that is too late for a wheel: in the year 10 889.
    @inlinable
    package static var endMicroseconds: Int64 { 1000 << 48 }

    /// Puts a slot in.
    ///
    /// - Precondition: it is in no wheel, and its time is between 1970 and `endMicroseconds`.
    @inlinable
    package mutating func insert<E: TimedElement>(_ slot: UInt32, in records: inout Slab<E>) {
        precondition(records[slot].duePosition == 0, "an element that is in a wheel already")
        held += 1
        place(slot, in: &records)
    }

    /// Puts a slot in whose element is not there yet, unless its time has come.
    ///
    /// - Precondition: as above.
    /// - Returns: The `duePosition` that its element is to have; 0: it was not put in.
    @inlinable
    package mutating func insert(_ slot: UInt32, dueMicroseconds: Int64) -> UInt32 {
        let due = Self.tick(of: dueMicroseconds)
        guard due > tick else { return 0 }
        held += 1
        return buckets.insert(slot, dueMicroseconds: dueMicroseconds, into: bucket(of: due))
    }

    /// Takes a slot out before its time has come.
    ///
    /// - Precondition: it is in this wheel, and its element has the time that it had when it came in.
    @inlinable
    package mutating func remove<E: TimedElement>(_ slot: UInt32, in records: inout Slab<E>) {
        let position = records[slot].duePosition
        precondition(position != 0, "an element that is in no wheel")
        records[slot].duePosition = 0
        held -= 1
        if position & Self.heapMark != 0 {
            // Its entry is stale now.
            heapLive -= 1
            return
        }
        buckets.remove(
            at: position, dueMicroseconds: records[slot].dueMicroseconds, in: &records)
    }

    /// Has memory put behind what so many elements of different times will touch.
    ///
    /// - Precondition: nothing was inserted yet.
    package mutating func expect(_ count: Int) {
        if count > Self.farCount { buckets.fillHeads(Self.farStart..<Self.lastStart) }
    }

    /// Asks for the first half of the memory that inserting an element of this time will need.
    @inlinable
    package func prefetchBucket(dueMicroseconds: Int64) {
        let due = Self.tick(of: dueMicroseconds)
        if due > tick { buckets.prefetchHead(bucket(of: due)) }
    }

    /// Asks for the other half, and reads the first: to be called when that is there.
    @inlinable
    package func prefetch(dueMicroseconds: Int64) {
        let due = Self.tick(of: dueMicroseconds)
        if due > tick { buckets.prefetch(bucket(of: due)) }
    }

    /// Puts a slot where its time belongs by now.
    @inlinable
    mutating func place<E: TimedElement>(_ slot: UInt32, in records: inout Slab<E>) {
        let dueMicroseconds = records[slot].dueMicroseconds
        let due = Self.tick(of: dueMicroseconds)
        guard due > tick else { return push(slot, in: &records) }
        records[slot].duePosition = buckets.insert(
            slot, dueMicroseconds: dueMicroseconds, into: bucket(of: due))
    }

    @inlinable
    mutating func push<E: TimedElement>(_ slot: UInt32, in records: inout Slab<E>) {
        if arrivals.count >= Self.arrivalsMax { keepArrivals(from: 0, in: records) }
        heapStamp = (heapStamp &+ 1) & ~Self.heapMark
        let position = heapStamp | Self.heapMark
        records[slot].duePosition = position
        heapLive += 1
        arrivals.append(
            DueEntry(
                dueMicroseconds: records[slot].dueMicroseconds, order: records[slot].order,
                slot: slot, position: position))
    }

    /// Puts what has come into the heap, but for the first few and those that are stale already.
    @inlinable
    mutating func keepArrivals<E: TimedElement>(from start: Int, in records: borrowing Slab<E>) {
        for entry in arrivals[start...] where records[entry.slot].duePosition == entry.position {
            if heap.count >= 2 * heapLive + Self.staleMin { heap.sweep(in: records) }
            heap.push(entry)
        }
        arrivals.removeAll(keepingCapacity: true)
    }

    @usableFromInline
    mutating func sortArrivals() { arrivals.sort { $0.isBefore($1) } }

    /// Marks the position of an element in the heap or on its way there; those in buckets are smaller.
    @inlinable
    static var heapMark: UInt32 { 1 << 31 }

    /// So many entries are kept to be sorted: 96 KiB.
    @inlinable
    static var arrivalsMax: Int { 4_096 }

    /// The slots of a window that go straight into the heap once all of its time has come.
    @inlinable
    static var sortedMax: UInt32 { 1024 }

    /// So many stale entries are always allowed.
    @inlinable
    static var staleMin: Int { 64 }
}
