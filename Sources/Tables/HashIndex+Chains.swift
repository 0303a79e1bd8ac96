/// Chains of lines: adding, taking out, splitting.
extension HashIndex {
    /// Adds to the first line, or to the second, or to a new one between them: the rest is full.
    @inlinable
    mutating func add(_ slot: UInt32, tag: UInt16, to bucket: UInt32) {
        // Buckets are below bucketCount and links name overflow lines in use: all in bounds.
        let line = unsafe lines + Int(bucket)
        var free = unsafe line.pointee.places(tag: 0)
        if let place = free.removeFirst() {
            unsafe line.pointee.set(place, tag: tag, slot: slot)
        } else {
            unsafe addToOverflow(slot, tag: tag, after: line)
        }
    }

    @usableFromInline
    mutating func addToOverflow(
        _ slot: UInt32, tag: UInt16, after line: UnsafeMutablePointer<HashLine>
    ) {
        let link = unsafe line.pointee.link
        if link != 0 {
            // In bounds, as above.
            let second = unsafe overflows + Int(link)
            var free = unsafe second.pointee.places(tag: 0)
            if let place = free.removeFirst() {
                return unsafe second.pointee.set(place, tag: tag, slot: slot)
            }
        }
        let fresh = allocateOverflow()
        // In bounds: allocateOverflow has checked it.
        unsafe overflows[Int(fresh)].link = link
        unsafe overflows[Int(fresh)].set(0, tag: tag, slot: slot)
        unsafe line.pointee.link = fresh
    }

    /// Clears the slot's place, or fills it from the second line, which alone may have holes.
    @inlinable
    mutating func take(_ slot: UInt32, tag: UInt16, from bucket: UInt32) {
        // In bounds, as in `add`.
        let first = unsafe lines + Int(bucket)
        var line = unsafe first
        while true {
            var places = unsafe line.pointee.places(tag: tag)
            while let place = places.removeFirst() {
                guard unsafe line.pointee.slots[place] == slot else { continue }
                if unsafe first.pointee.link == 0 {
                    return unsafe line.pointee.set(place, tag: 0, slot: 0)
                }
                return unsafe fill(place, of: line, chain: first)
            }
            let link = unsafe line.pointee.link
            if link == 0 { Self.refuse(slot) }
            unsafe line = overflows + Int(link)
        }
    }

    @usableFromInline
    mutating func fill(
        _ place: Int, of line: UnsafeMutablePointer<HashLine>,
        chain first: UnsafeMutablePointer<HashLine>
    ) {
        let link = unsafe first.pointee.link
        // In bounds: the caller has seen that there is a second line.
        let second = unsafe overflows + Int(link)
        let last = (0..<HashLine.slotsMax).last { unsafe second.pointee.tag(at: $0) != 0 }
        guard let last else { preconditionFailure("overflow line \(link) is empty") }
        let (tag, slot) = unsafe (second.pointee.tag(at: last), second.pointee.slots[last])
        unsafe line.pointee.set(place, tag: tag, slot: slot)
        unsafe second.pointee.set(last, tag: 0, slot: 0)
        guard unsafe second.pointee.isEmpty else { return }
        unsafe first.pointee.link = second.pointee.link
        freeOverflow(link)
    }

    /// Adds one bucket, and deals the slots of the one that it comes from out to both.
    @inlinable
    mutating func split<E: HashedElement>(in records: borrowing Slab<E>) {
        let source = bucketCount & mask
        var hand = HashHand(source: source, splitBit: bucketCount ^ source)
        addBucket()
        // In bounds: both are below bucketCount. A copy, because places are given out anew meanwhile.
        var line = unsafe lines[Int(source)]
        unsafe lines[Int(source)] = HashLine()
        while true {
            deal(line, by: &hand, in: records)
            let link = line.link
            guard link != 0 else { break }
            // In bounds, as in `add`.
            line = unsafe overflows[Int(link)]
            freeOverflow(link)
        }
        prefetchNextSplit(in: records)
    }

    /// The new bucket's line was empty before, and the other one is, so that their places fill in order.
    @inlinable
    mutating func deal<E: HashedElement>(
        _ line: HashLine, by hand: inout HashHand, in records: borrowing Slab<E>
    ) {
        for place in 0..<HashLine.slotsMax {
            let tag = line.tag(at: place)
            guard tag != 0 else { continue }
            let slot = line.slots[place]
            // The low half is the same for both buckets. Tag 1 stands for 0, too.
            let hash = isHashInLines && tag != 1 ? UInt32(tag) << 16 : records[slot].keyHash
            let (bucket, taken) = hand.next(hash)
            // In bounds: both buckets are below bucketCount.
            let target = unsafe lines + Int(bucket)
            if taken < HashLine.slotsMax {
                unsafe target.pointee.set(taken, tag: tag, slot: slot)
            } else {
                unsafe addToOverflow(slot, tag: tag, after: target)
            }
        }
    }

    /// Whether the low 16 bits of a hash are those of its bucket's number.
    @inlinable
    var isHashInLines: Bool { bucketCount > 1 << 16 }

    /// Has the elements that the next split will read fetched by then, some eight insertions later.
    @inlinable
    func prefetchNextSplit<E: HashedElement>(in records: borrowing Slab<E>) {
        if isHashInLines { return }
        // In bounds: the next bucket to be split is below bucketCount.
        let line = unsafe lines + Int(bucketCount & mask)
        for place in 0..<HashLine.slotsMax {
            records.prefetch(unsafe line.pointee.slots[place])
        }
    }

    @usableFromInline
    mutating func addBucket() {
        bucketCount += 1
        if bucketCount & (bucketCount - 1) == 0 { mask = bucketCount - 1 }
        lineRegion.grow(to: Int(bucketCount) * MemoryLayout<HashLine>.stride)
    }

    /// An overflow line without slots, whose link is not set.
    @usableFromInline
    mutating func allocateOverflow() -> UInt32 {
        let number = firstFreeOverflow
        if number != 0 {
            // In bounds: it was in use once.
            firstFreeOverflow = unsafe overflows[Int(number)].link
            return number
        }
        overflowsUsed += 1
        let usedBytes = (Int(overflowsUsed) + 1) * MemoryLayout<HashLine>.stride
        precondition(usedBytes <= overflowRegion.byteCount, "no room for overflow lines")
        overflowRegion.grow(to: usedBytes)
        return overflowsUsed
    }

    @usableFromInline
    mutating func freeOverflow(_ number: UInt32) {
        // In bounds: the number of a line in use.
        unsafe overflows[Int(number)] = HashLine()
        unsafe overflows[Int(number)].link = firstFreeOverflow
        firstFreeOverflow = number
    }

    @usableFromInline
    @inline(never)
    static func refuse(_ slot: UInt32) -> Never {
        preconditionFailure("slot \(slot) is not in the index under its hash")
    }
}

/// Deals slots out to the two buckets of a split.
@usableFromInline
struct HashHand {
    @usableFromInline
    let source: UInt32
    /// The bit of a hash by which the buckets' slots differ.
    @usableFromInline
    let splitBit: UInt32
    /// Slots that each bucket has been given.
    @usableFromInline
    var given = InlineArray<2, Int>(repeating: 0)

    @inlinable
    init(source: UInt32, splitBit: UInt32) {
        self.source = source
        self.splitBit = splitBit
    }

    /// Which bucket a hash belongs to, and how many that was given before.
    @inlinable
    @inline(__always)
    mutating func next(_ hash: UInt32) -> (bucket: UInt32, before: Int) {
        let bit = hash & splitBit
        let side = bit == 0 ? 0 : 1
        given[side] &+= 1
        return (source | bit, given[side] &- 1)
    }
}
