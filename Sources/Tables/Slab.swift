public import CMemory

/// Elements at slots that never move, numbered from 1: 0 can mean "none" in a link.
///
/// Owned by one thread. Growing copies nothing; a freed slot is the first to be used again. Which slots
/// are given depends on the order of the calls alone.
@safe
@usableFromInline
package struct Slab<Element: BitwiseCopyable>: ~Copyable {
    @usableFromInline
    var region: Region
    // The region's start, which holds elementsMax + 1 elements; the one at 0 is never touched.
    @usableFromInline
    let elements: UnsafeMutablePointer<Element>
    @usableFromInline
    let elementsMax: Int
    @usableFromInline
    var highSlot: UInt32 = 0
    // Slots that were freed, the last one on top, beside the elements instead of inside them: those that will
    // be used next are known before they are there.
    @usableFromInline
    var freed: Region
    @usableFromInline
    let freeSlots: UnsafeMutablePointer<UInt32>
    @usableFromInline
    var freeCount = 0

    /// Elements that were allocated and not freed.
    @inlinable
    package var liveCount: Int { live }
    @usableFromInline
    var live = 0

    /// An empty slab: addresses for `elementsMax` elements, and no memory yet.
    package init(elementsMax: Int) {
        precondition(
            elementsMax >= 0 && elementsMax < UInt32.max, "a slab of \(elementsMax) elements")
        self.elementsMax = elementsMax
        region = Region(byteCount: (elementsMax + 1) * MemoryLayout<Element>.stride)
        // Page-aligned, and bound to one type for as long as the region lives.
        unsafe elements = region.base.bindMemory(to: Element.self, capacity: elementsMax + 1)
        freed = Region(byteCount: elementsMax * MemoryLayout<UInt32>.stride)
        unsafe freeSlots = freed.base.bindMemory(to: UInt32.self, capacity: elementsMax)
    }

    /// Has memory put behind so many elements that are known to come.
    ///
    /// - Precondition: none was there yet.
    package mutating func expect(_ count: Int) {
        precondition(highSlot == 0, "a slab of \(live) elements is not new")
        region.fill(to: (min(count, elementsMax) + 1) * MemoryLayout<Element>.stride)
    }

    /// Takes memory for so many elements as it is best for a load: nobody is kept waiting by a single one.
    ///
    /// - Precondition: none was there yet.
    package mutating func beginLoad(of count: Int) {
        precondition(highSlot == 0, "a slab of \(live) elements is not new")
        region.beginLoad(of: (min(count, elementsMax) + 1) * MemoryLayout<Element>.stride)
    }

    /// Ends what `beginLoad` began: memory is taken as ever again.
    package func endLoad() { region.endLoad() }

    /// Highest slot that was ever in use.
    @inlinable
    package var slotsUsed: Int { Int(highSlot) }

    /// Puts an element at the slot that was freed last, or else at the next fresh one.
    ///
    /// - Precondition: fewer than `elementsMax` elements are there.
    @inlinable
    package mutating func allocate(_ element: Element) -> UInt32 {
        let slot = freeCount > 0 ? reuse() : extend()
        // In bounds: a freed slot was in use once, and `extend` has checked the fresh one.
        unsafe elements[Int(slot)] = element
        live += 1
        return slot
    }

    /// Makes the slot free; its element must not be used any more.
    @inlinable
    package mutating func free(_ slot: UInt32) {
        check(slot)
        if live == 0 { Self.refuseFree(slot) }
        freed.grow(to: (freeCount + 1) * MemoryLayout<UInt32>.stride)
        // In bounds: each slot that was in use once is either live or freed.
        unsafe freeSlots[freeCount] = slot
        freeCount += 1
        live -= 1
    }

    /// The element in place, without a copy.
    @inlinable
    package subscript(slot: UInt32) -> Element {
        unsafeAddress {
            check(slot)
            // In bounds by the check; zeroed or once written, and every bit pattern is an element.
            return unsafe UnsafePointer(elements + Int(slot))
        }
        unsafeMutableAddress {
            check(slot)
            // As above.
            return unsafe elements + Int(slot)
        }
    }

    /// The bytes of the element in place.
    @inlinable
    @_lifetime(borrow self)
    package func bytes(of slot: UInt32) -> RawSpan {
        check(slot)
        // In bounds by the check, and the memory lives as long as the slab, which is borrowed.
        let span = unsafe RawSpan(
            _unsafeStart: UnsafeRawPointer(elements + Int(slot)),
            byteCount: MemoryLayout<Element>.size)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Asks for the element's cache line, so that it is there some 100 ns later.
    @inlinable
    package func prefetch(_ slot: UInt32) {
        // Reads nothing and never faults.
        unsafe daybook_prefetch(elements + Int(slot))
    }

    @inlinable
    func check(_ slot: UInt32) {
        if slot &- 1 >= highSlot { Self.refuse(slot, slotsUsed: highSlot) }
    }

    @inlinable
    mutating func reuse() -> UInt32 {
        freeCount -= 1
        // In bounds: below what `free` has counted.
        let slot = unsafe freeSlots[freeCount]
        // One that will be used again soon, and may have been freed long ago.
        if freeCount >= Self.freeAhead {
            unsafe prefetch(freeSlots[freeCount - Self.freeAhead])
        }
        return slot
    }

    /// How many allocations ahead a freed slot's memory is asked for: one takes some 30 to 500 ns.
    @inlinable
    static var freeAhead: Int { 4 }

    @inlinable
    mutating func extend() -> UInt32 {
        if Int(highSlot) >= elementsMax { Self.refuseMore(elementsMax) }
        highSlot += 1
        region.grow(to: (Int(highSlot) + 1) * MemoryLayout<Element>.stride)
        return highSlot
    }

    // Out of line: the messages would cost the callers registers.
    @usableFromInline
    @inline(never)
    static func refuse(_ slot: UInt32, slotsUsed: UInt32) -> Never {
        preconditionFailure("slot \(slot) of a slab whose slots are 1 to \(slotsUsed)")
    }

    @usableFromInline
    @inline(never)
    static func refuseFree(_ slot: UInt32) -> Never {
        preconditionFailure("slot \(slot) is freed once more: none is in use")
    }

    @usableFromInline
    @inline(never)
    static func refuseMore(_ elementsMax: Int) -> Never {
        preconditionFailure("a slab of \(elementsMax) elements is full")
    }
}
