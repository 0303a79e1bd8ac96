public import CMemory

/// One cache line of a bucket: up to 14 slots, and which bucket's they are.
@usableFromInline
struct DueChunk: BitwiseCopyable {
    @usableFromInline
    var slots = InlineArray<14, UInt32>(repeating: 0)
    /// The chunk that follows in the bucket, or among the free ones; 0: none.
    @usableFromInline
    var next: UInt32 = 0
    @usableFromInline
    var bucket: UInt32 = 0

    @inlinable
    init() {}
}

/// The head of a bucket; without slots, only its count is valid.
@usableFromInline
struct DueBucket: BitwiseCopyable {
    /// The first chunk, the only one with room; the others are full.
    @usableFromInline
    var chunk: UInt32 = 0
    @usableFromInline
    var count: UInt32 = 0
    /// Twice the earliest time, and 1 more where it is only known that none is earlier.
    @usableFromInline
    var least: Int64 = 0

    @inlinable
    init() {}
}

/// Slots in unordered buckets: adding and taking out cost the same however many there are.
///
/// A position is chunk × 16 + place in it; never 0, because chunks count from 1, and below 2^31.
@safe
@usableFromInline
struct DueBuckets: ~Copyable {
    @usableFromInline
    var chunkRegion: Region
    var headRegion: Region
    // The regions' starts, bound to these types for as long as they live.
    @usableFromInline
    let chunks: UnsafeMutablePointer<DueChunk>
    @usableFromInline
    let heads: UnsafeMutablePointer<DueBucket>
    @usableFromInline
    let bucketCount: Int
    /// Which buckets have slots.
    @usableFromInline
    let occupied: BitTable
    @usableFromInline
    let chunksMax: Int
    @usableFromInline
    var chunksUsed = 0
    @usableFromInline
    var firstFree: UInt32 = 0

    @inlinable
    static var chunkSlots: UInt32 { 14 }

    init(bucketCount: Int, elementsMax: Int) {
        // All that could trap first: the optimizer trips over parts of a value that is not whole yet.
        let chunksMax = Self.chunksMax(bucketCount: bucketCount, elementsMax: elementsMax)
        let headBytes = bucketCount * MemoryLayout<DueBucket>.stride
        let chunkRegion = Region(byteCount: (chunksMax + 1) * MemoryLayout<DueChunk>.stride)
        let headRegion = Region(
            byteCount: headBytes + BitTable.byteCount(countMax: bucketCount))
        unsafe chunks = chunkRegion.base.bindMemory(to: DueChunk.self, capacity: chunksMax + 1)
        unsafe heads = headRegion.base.bindMemory(to: DueBucket.self, capacity: bucketCount)
        // Behind the heads, and as long as the region was made for.
        occupied = unsafe BitTable(memory: headRegion.base + headBytes, countMax: bucketCount)
        self.bucketCount = bucketCount
        self.chunksMax = chunksMax
        self.chunkRegion = chunkRegion
        self.headRegion = headRegion
    }

    private static func chunksMax(bucketCount: Int, elementsMax: Int) -> Int {
        let chunksMax = elementsMax / Int(chunkSlots) + min(bucketCount, elementsMax) + 1
        precondition(chunksMax < 1 << 27, "\(elementsMax) elements with a due time")
        return chunksMax
    }

    /// Has memory put behind the heads of these buckets.
    mutating func fillHeads(_ buckets: Range<Int>) {
        let (start, end) = (
            buckets.lowerBound * MemoryLayout<DueBucket>.stride,
            buckets.upperBound * MemoryLayout<DueBucket>.stride
        )
        headRegion.populate(offset: start, count: end - start)
    }

    @inlinable
    func count(of bucket: Int) -> UInt32 { head(bucket).count }

    @inlinable
    func head(_ bucket: Int) -> DueBucket {
        check(bucket)
        // In bounds by the check.
        return unsafe heads[bucket]
    }

    @inlinable
    func check(_ bucket: Int) {
        precondition(bucket >= 0 && bucket < bucketCount, "no such bucket of due times")
    }

    /// Adds a slot; returns its position.
    @inlinable
    mutating func insert(_ slot: UInt32, dueMicroseconds: Int64, into bucket: Int) -> UInt32 {
        check(bucket)
        // In bounds by the check.
        let head = unsafe heads + bucket
        let place = unsafe Int(head.pointee.count % Self.chunkSlots)
        if place == 0 { addChunk(to: bucket) }
        let chunk = unsafe head.pointee.chunk
        // In bounds: a head with slots names a chunk in use.
        unsafe chunks[Int(chunk)].slots[place] = slot
        unsafe head.pointee.count += 1
        if unsafe dueMicroseconds <= head.pointee.least >> 1 || head.pointee.count == 1 {
            unsafe head.pointee.least = dueMicroseconds << 1
        }
        return chunk << 4 | UInt32(place)
    }

    /// Takes out what is at a position, and puts the bucket's last slot there.
    @inlinable
    mutating func remove<E: TimedElement>(
        at position: UInt32, dueMicroseconds: Int64, in records: inout Slab<E>
    ) {
        let (chunk, place) = (Int(position >> 4), Int(position & 15))
        precondition(chunk >= 1 && chunk <= chunksUsed, "a due position that was never given")
        // In bounds by the line above; a chunk's bucket is one that was checked.
        let bucket = unsafe Int(chunks[chunk].bucket)
        let isLeast = unsafe dueMicroseconds == heads[bucket].least >> 1
        let (last, lastPosition) = removeLast(of: bucket)
        if lastPosition != position {
            unsafe chunks[chunk].slots[place] = last
            records[last].duePosition = position
        }
        if isLeast { unsafe heads[bucket].least |= 1 }
    }

    /// Takes out the slot that came last.
    ///
    /// - Precondition: the bucket has one.
    @inlinable
    mutating func removeLast(of bucket: Int) -> (slot: UInt32, position: UInt32) {
        check(bucket)
        // In bounds by the check; a head with slots names a chunk in use.
        let head = unsafe heads + bucket
        precondition(unsafe head.pointee.count > 0, "nothing to take out of a bucket")
        unsafe head.pointee.count -= 1
        let chunk = unsafe head.pointee.chunk
        let place = unsafe head.pointee.count % Self.chunkSlots
        let slot = unsafe chunks[Int(chunk)].slots[Int(place)]
        if place == 0 { removeChunk(of: bucket) }
        return (slot, chunk << 4 | place)
    }

    /// Asks for the elements of the first chunk, where it is not full.
    @inlinable
    func prefetchTop<E: BitwiseCopyable>(of bucket: Int, in records: borrowing Slab<E>) {
        let head = head(bucket)
        for place in 0..<Int(head.count % Self.chunkSlots) {
            // In bounds: a head with slots names a chunk in use.
            records.prefetch(unsafe chunks[Int(head.chunk)].slots[place])
        }
    }

    /// Takes out any slot, to be put elsewhere; the elements behind it are fetched ahead.
    @inlinable
    mutating func take<E: BitwiseCopyable>(
        from bucket: Int, in records: borrowing Slab<E>
    ) -> UInt32 {
        check(bucket)
        // In bounds by the check; a head with slots names a chunk in use.
        let head = unsafe heads + bucket
        if unsafe head.pointee.count % Self.chunkSlots == 0 {
            let chunk = unsafe chunks + Int(head.pointee.chunk)
            unsafe daybook_prefetch(chunks + Int(chunk.pointee.next))
            for place in 0..<Int(Self.chunkSlots) {
                records.prefetch(unsafe chunk.pointee.slots[place])
            }
        }
        unsafe head.pointee.least |= 1
        return removeLast(of: bucket).slot
    }

    /// No slot of the bucket is due earlier; exact, if the bucket is small or nothing was taken out.
    @inlinable
    func least<E: TimedElement>(of bucket: Int, in records: borrowing Slab<E>) -> Int64 {
        check(bucket)
        // In bounds by the check; chunks are followed only as far as the count says they are there.
        let head = unsafe heads + bucket
        let count = unsafe head.pointee.count
        guard unsafe head.pointee.least & 1 == 1, count <= Self.searchedMax else {
            return unsafe head.pointee.least >> 1
        }
        var least = Int64.max
        var chunk = unsafe head.pointee.chunk
        var left = count
        while left > 0 {
            let places = (left - 1) % Self.chunkSlots + 1
            for place in 0..<Int(places) {
                let slot = unsafe chunks[Int(chunk)].slots[place]
                least = min(least, records[slot].dueMicroseconds)
            }
            left -= places
            chunk = unsafe chunks[Int(chunk)].next
        }
        unsafe head.pointee.least = least << 1
        return least
    }

    /// The most slots that are looked at to find the earliest: about 0.1 ms.
    @inlinable
    static var searchedMax: UInt32 { 2048 }

    @inlinable
    func prefetchHead(_ bucket: Int) {
        // Reads nothing and never faults.
        unsafe daybook_prefetch(heads + bucket)
    }

    @inlinable
    func prefetch(_ bucket: Int) {
        // Reads nothing but the head; fetching never faults.
        unsafe daybook_prefetch(chunks + Int(head(bucket).chunk))
    }

    @usableFromInline
    mutating func addChunk(to bucket: Int) {
        let chunk = allocateChunk()
        // In bounds: allocateChunk has checked the one, the caller the other.
        unsafe chunks[Int(chunk)].bucket = UInt32(bucket)
        unsafe chunks[Int(chunk)].next = heads[bucket].count > 0 ? heads[bucket].chunk : 0
        unsafe heads[bucket].chunk = chunk
        if unsafe heads[bucket].count == 0 { occupied.insert(bucket) }
    }

    @usableFromInline
    mutating func removeChunk(of bucket: Int) {
        // In bounds: the caller has checked the bucket, and that it has a chunk.
        let chunk = unsafe heads[bucket].chunk
        unsafe heads[bucket].chunk = chunks[Int(chunk)].next
        unsafe chunks[Int(chunk)].next = firstFree
        firstFree = chunk
        if unsafe heads[bucket].count == 0 { occupied.remove(bucket) }
    }

    private mutating func allocateChunk() -> UInt32 {
        let chunk = firstFree
        if chunk != 0 {
            // In bounds: it was in use once.
            firstFree = unsafe chunks[Int(chunk)].next
            return chunk
        }
        precondition(chunksUsed < chunksMax, "more elements with a due time than were announced")
        chunksUsed += 1
        chunkRegion.grow(to: (chunksUsed + 1) * MemoryLayout<DueChunk>.stride)
        return UInt32(chunksUsed)
    }
}
