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
    @usableFromInline
    var firstFree: UInt32 = 0

    /// Elements that were allocated and not freed.
    @inlinable
    package var liveCount: Int { live }
    @usableFromInline
    var live = 0

    /// An empty slab: addresses for `elementsMax` elements, and no memory yet.
    package init(elementsMax: Int) {
        precondition(
            elementsMax >= 0 && elementsMax < UInt32.max, "a slab of \(elementsMax) elements")
        precondition(
            MemoryLayout<Element>.stride >= MemoryLayout<UInt32>.size
                && MemoryLayout<Element>.alignment >= MemoryLayout<UInt32>.alignment,
            "an element must have room for the link between free slots")
        self.elementsMax = elementsMax
        region = Region(byteCount: (elementsMax + 1) * MemoryLayout<Element>.stride)
        // Page-aligned, and bound to one type for as long as the region lives.
        unsafe elements = region.base.bindMemory(to: Element.self, capacity: elementsMax + 1)
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
        let slot = firstFree != 0 ? reuse() : extend()
        // In bounds: a freed slot was in use once, and `extend` has checked the fresh one.
        unsafe elements[Int(slot)] = element
        live += 1
        return slot
    }

    /// Makes the slot free; its element must not be used any more.
    @inlinable
    package mutating func free(_ slot: UInt32) {
        check(slot)
        // In bounds by the check; an element has room for a link, which `init` has seen to.
        unsafe UnsafeMutableRawPointer(elements + Int(slot)).storeBytes(
            of: firstFree, as: UInt32.self)
        firstFree = slot
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
        let slot = firstFree
        // The link that `free` wrote; an element that was written to after it was freed could have
        // changed it.
        check(slot)
        firstFree = unsafe UnsafeRawPointer(elements + Int(slot)).load(as: UInt32.self)
        // The next one to be used again, which may have been freed long ago.
        if firstFree != 0 { prefetch(firstFree) }
        return slot
    }

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
    static func refuseMore(_ elementsMax: Int) -> Never {
        preconditionFailure("a slab of \(elementsMax) elements is full")
    }
}
