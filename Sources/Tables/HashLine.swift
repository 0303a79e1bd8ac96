/// One cache line of an index: 10 slots, each with 16 bits of its hash, and a link to the next line.
///
/// ```
/// offset  0: 10 tags of 2 bytes; 0: nothing is there
///        20: number of the overflow line that follows; 0: none
///        24: 10 slots of 4 bytes
/// ```
@usableFromInline
struct HashLine: BitwiseCopyable {
    @usableFromInline
    var lowTags: UInt64 = 0
    @usableFromInline
    var middleTags: UInt64 = 0
    @usableFromInline
    var highTags: UInt32 = 0
    @usableFromInline
    var link: UInt32 = 0
    @usableFromInline
    var slots = InlineArray<10, UInt32>(repeating: 0)

    @inlinable
    init() {}

    @inlinable
    static var slotsMax: Int { 10 }

    @inlinable
    var isEmpty: Bool { lowTags | middleTags == 0 && highTags == 0 }

    /// The places whose tag is this one.
    @inlinable
    @inline(__always)
    func places(tag: UInt16) -> HashPlaces {
        let wanted = UInt64(tag) &* 0x0001_0001_0001_0001
        let low = Self.zeros(lowTags ^ wanted)
        let middle = Self.zeros(middleTags ^ wanted)
        // Two of its tags are there; the other two never are.
        let high = Self.zeros(UInt64(highTags) ^ wanted) & 0xFFFF_FFFF
        return HashPlaces(bits: low | middle >> 1 | high >> 2)
    }

    /// The top bit of each two bytes that are 0, and nothing else.
    @inlinable
    @inline(__always)
    static func zeros(_ lanes: UInt64) -> UInt64 {
        let low15: UInt64 = 0x7FFF_7FFF_7FFF_7FFF
        return ~(((lanes & low15) &+ low15) | lanes | low15)
    }

    @inlinable
    @inline(__always)
    func tag(at place: Int) -> UInt16 {
        let shift = UInt64(truncatingIfNeeded: place & 3) &* 16
        return switch place >> 2 {
        case 0: UInt16(truncatingIfNeeded: lowTags >> shift)
        case 1: UInt16(truncatingIfNeeded: middleTags >> shift)
        default: UInt16(truncatingIfNeeded: UInt64(highTags) >> shift)
        }
    }

    @inlinable
    @inline(__always)
    mutating func set(_ place: Int, tag: UInt16, slot: UInt32) {
        let shift = UInt64(truncatingIfNeeded: place & 3) &* 16
        let cleared = ~(UInt64(0xFFFF) << shift)
        let tag = UInt64(tag) << shift
        switch place >> 2 {
        case 0: lowTags = lowTags & cleared | tag
        case 1: middleTags = middleTags & cleared | tag
        default: highTags = UInt32(truncatingIfNeeded: UInt64(highTags) & cleared | tag)
        }
        slots[place] = slot
    }
}

/// A set of places in a line, as bits: place 0 to 3 is bit 15 of that pair of bytes, 4 to 7 bit 14 of the
/// pairs, 8 and 9 bit 13 of the first two.
@usableFromInline
struct HashPlaces {
    @usableFromInline
    var bits: UInt64

    @inlinable
    init(bits: UInt64) { self.bits = bits }

    /// Takes a place out of the set; nil where it is empty.
    @inlinable
    mutating func removeFirst() -> Int? {
        guard bits != 0 else { return nil }
        let bit = bits.trailingZeroBitCount
        bits &= bits &- 1
        return (15 &- bit & 15) &<< 2 | bit &>> 4
    }
}
