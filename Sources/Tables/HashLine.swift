/// One cache line of an index: 12 slots, each with 8 bits of its hash, and a link to the next line.
///
/// ```
/// offset  0: 12 tags of 1 byte; 0: nothing is there
///        12: number of the overflow line that follows; 0: none
///        16: 12 slots of 4 bytes
/// ```
@usableFromInline
struct HashLine: BitwiseCopyable {
    @usableFromInline
    var lowTags: UInt64 = 0
    @usableFromInline
    var highTags: UInt32 = 0
    @usableFromInline
    var link: UInt32 = 0
    @usableFromInline
    var slots = InlineArray<12, UInt32>(repeating: 0)

    @inlinable
    init() {}

    @inlinable
    var isEmpty: Bool { lowTags == 0 && highTags == 0 }

    /// The places whose tag is this one.
    @inlinable
    func places(tag: UInt8) -> HashPlaces {
        let low = lowTags ^ (UInt64(tag) &* 0x0101_0101_0101_0101)
        let high = highTags ^ (UInt32(tag) &* 0x0101_0101)
        // The top bit of a byte of `zeros` is set where that byte of its argument is 0, and nowhere else.
        return HashPlaces(bits: Self.zeros(low) | Self.zeros(UInt64(high) | ~0xFFFF_FFFF) >> 4)
    }

    @inlinable
    static func zeros(_ bytes: UInt64) -> UInt64 {
        let low7: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        return ~(((bytes & low7) &+ low7) | bytes | low7)
    }

    @inlinable
    func tag(at place: Int) -> UInt8 {
        place < 8
            ? UInt8(truncatingIfNeeded: lowTags >> (UInt64(place) &* 8))
            : UInt8(truncatingIfNeeded: highTags >> (UInt32(truncatingIfNeeded: place - 8) &* 8))
    }

    @inlinable
    mutating func set(_ place: Int, tag: UInt8, slot: UInt32) {
        if place < 8 {
            let shift = UInt64(place) &* 8
            lowTags = lowTags & ~(0xFF << shift) | UInt64(tag) << shift
        } else {
            let shift = UInt32(truncatingIfNeeded: place - 8) &* 8
            highTags = highTags & ~(0xFF << shift) | UInt32(tag) << shift
        }
        slots[place] = slot
    }
}

/// A set of places in a line, as bits: place 0 to 7 is the top bit of that byte, 8 to 11 bit 3 of byte
/// 0 to 3.
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
        return bit >> 3 &+ (bit & 4 == 0 ? 8 : 0)
    }
}
