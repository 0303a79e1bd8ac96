public import CMemory

/// What an element in a hash index tells about itself.
@usableFromInline
package protocol HashedElement: BitwiseCopyable {
    /// Hash of the element's key; the same as long as the element is in an index.
    var keyHash: UInt32 { get }
}

/// Finds slots by the hashes of their keys; grows by one bucket at a time, without a pause.
///
/// Linear hashing: bucket n is split once there are 8 slots a bucket, n going round again and again. It
/// holds no keys: the caller compares. Where there are 65 536 buckets and more, the number of a bucket and
/// the tag of a slot make up its hash; where there are fewer, a split reads hashes from the elements.
/// Equal hashes make a chain, which is slower and as correct. Owned by one thread.
///
/// Invariants: a line that is followed by others in its chain is full, unless it is the second; no
/// overflow line is empty.
@safe
@usableFromInline
package struct HashIndex: ~Copyable {
    @usableFromInline
    var lineRegion: Region
    @usableFromInline
    var overflowRegion: Region
    // The regions' starts, bound to this type for as long as they live. Overflow line 0 is not used.
    @usableFromInline
    let lines: UnsafeMutablePointer<HashLine>
    @usableFromInline
    let overflows: UnsafeMutablePointer<HashLine>
    @usableFromInline
    let elementsMax: Int

    @usableFromInline
    var bucketCount: UInt32 = 1
    /// The largest power of two up to `bucketCount`, less one.
    @usableFromInline
    var mask: UInt32 = 0
    @usableFromInline
    var overflowsUsed: UInt32 = 0
    @usableFromInline
    var firstFreeOverflow: UInt32 = 0

    /// Slots in the index.
    @inlinable
    package var count: Int { held }
    @usableFromInline
    var held = 0

    /// Slots for each bucket, of the 10 that have room without an overflow line.
    @inlinable
    static var meanSlots: Int { 8 }

    /// An empty index: addresses for `elementsMax` slots, and no memory yet.
    package init(elementsMax: Int) {
        precondition(
            elementsMax >= 0 && elementsMax < UInt32.max, "an index of \(elementsMax) slots")
        self.elementsMax = elementsMax
        let linesMax = elementsMax / Self.meanSlots + 2
        // The worst case is one bucket with everything, or each chain with one slot in its last line.
        let overflowsMax = elementsMax / HashLine.slotsMax + 2
        lineRegion = Region(byteCount: linesMax * MemoryLayout<HashLine>.stride)
        overflowRegion = Region(byteCount: overflowsMax * MemoryLayout<HashLine>.stride)
        // Page-aligned; zeroes are empty lines.
        unsafe lines = lineRegion.base.bindMemory(to: HashLine.self, capacity: linesMax)
        unsafe overflows = overflowRegion.base.bindMemory(
            to: HashLine.self, capacity: overflowsMax)
    }

    /// Makes room for so many slots that are known to come: no bucket is split on the way to them.
    ///
    /// - Precondition: the index is empty.
    package mutating func expect(_ count: Int) {
        precondition(held == 0, "an index of \(held) slots is not empty")
        let buckets = UInt32(min(count, elementsMax) / Self.meanSlots + 1)
        guard buckets > bucketCount else { return }
        bucketCount = buckets
        mask = 1 << (31 - UInt32(buckets.leadingZeroBitCount)) - 1
        lineRegion.fill(to: Int(bucketCount) * MemoryLayout<HashLine>.stride)
    }

    /// Begins to look for slots whose keys may have this hash; used up before the index is changed.
    @inlinable
    package func probe(_ hash: UInt32) -> HashProbe {
        // In bounds: `bucket` is below bucketCount.
        let line = unsafe lines + Int(bucket(of: hash))
        let tag = Self.tag(of: hash)
        return unsafe HashProbe(line: line, places: line.pointee.places(tag: tag), tag: tag)
    }

    /// The next slot whose key may be the one; nil where there are no more.
    @inlinable
    package func next(_ probe: inout HashProbe) -> UInt32? {
        while true {
            // The line belongs to this index, whose memory never moves.
            if let place = probe.places.removeFirst() {
                return unsafe probe.line.pointee.slots[place]
            }
            let link = unsafe probe.line.pointee.link
            guard link != 0 else { return nil }
            // In bounds: a link is the number of an overflow line in use.
            unsafe probe.line = UnsafePointer(overflows + Int(link))
            probe.places = unsafe probe.line.pointee.places(tag: probe.tag)
        }
    }

    /// Puts a slot in; that its key isn't there yet is the caller's to know.
    @inlinable
    package mutating func insert<E: HashedElement>(_ slot: UInt32, in records: borrowing Slab<E>) {
        if held >= elementsMax { Self.refuseMore(elementsMax) }
        let hash = records[slot].keyHash
        add(slot, tag: Self.tag(of: hash), to: bucket(of: hash))
        held += 1
        if held > Int(bucketCount) * Self.meanSlots { split(in: records) }
    }

    /// Puts a slot in whose element is not there yet: nothing is split before `settle` is called.
    @inlinable
    package mutating func insert(_ slot: UInt32, hash: UInt32) {
        if held >= elementsMax { Self.refuseMore(elementsMax) }
        add(slot, tag: Self.tag(of: hash), to: bucket(of: hash))
        held += 1
    }

    /// Splits what is to be split since slots came in without their elements, which are there now.
    package mutating func settle<E: HashedElement>(in records: borrowing Slab<E>) {
        while held > Int(bucketCount) * Self.meanSlots { split(in: records) }
    }

    /// Takes a slot out.
    ///
    /// - Precondition: it was put in, and its element has the hash that it had then.
    @inlinable
    package mutating func remove<E: HashedElement>(_ slot: UInt32, in records: borrowing Slab<E>) {
        let hash = records[slot].keyHash
        take(slot, tag: Self.tag(of: hash), from: bucket(of: hash))
        held -= 1
    }

    /// Asks for the cache line where a search for this hash begins.
    @inlinable
    package func prefetch(_ hash: UInt32) {
        // Reads nothing and never faults.
        unsafe daybook_prefetch(lines + Int(bucket(of: hash)))
    }

    /// Asks for the line where that search goes on, and reads the first: to be called when that is there.
    @inlinable
    package func prefetchSecond(_ hash: UInt32) {
        // In bounds: `bucket` is below bucketCount, and a link is the number of an overflow line.
        let link = unsafe lines[Int(bucket(of: hash))].link
        if link != 0 { unsafe daybook_prefetch(overflows + Int(link)) }
    }

    @inlinable
    func bucket(of hash: UInt32) -> UInt32 {
        let wide = hash & (mask << 1 | 1)
        return wide < bucketCount ? wide : hash & mask
    }

    /// The hash's top 16 bits, as buckets use the low ones; never 0.
    @inlinable
    static func tag(of hash: UInt32) -> UInt16 { max(1, UInt16(hash >> 16)) }

    @usableFromInline
    @inline(never)
    static func refuseMore(_ elementsMax: Int) -> Never {
        preconditionFailure("an index of \(elementsMax) slots is full")
    }
}

/// Where a search in a hash index stands.
@safe
@usableFromInline
package struct HashProbe {
    // Made by an index and used with the same one, which is not changed in between: its memory lives.
    @usableFromInline
    var line: UnsafePointer<HashLine>
    @usableFromInline
    var places: HashPlaces
    @usableFromInline
    let tag: UInt16

    @inlinable
    init(line: UnsafePointer<HashLine>, places: HashPlaces, tag: UInt16) {
        unsafe self.line = line
        self.places = places
        self.tag = tag
    }
}
