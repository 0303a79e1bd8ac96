import ByteCoding

/// Numbers by which somebody who appends rows knows their names, so that nobody compares the names themselves: the
/// same number always stands for the same name.
package struct NameMarks: Sendable {
    let user: UInt32
    let type: UInt32
    let policy: UInt32

    package init(user: UInt32, type: UInt32, policy: UInt32) {
        self.user = user
        self.type = type
        self.policy = policy
    }
}

/// Numbers names in the order in which they are first seen.
struct NameTable: Sendable {
    private(set) var texts = Texts()
    /// One more than a name's number, at a place that its hash gives or behind it; 0: free.
    private var slots = [UInt32](repeating: 0, count: 64)
    private var last: UInt32 = 0
    private var marks = MarkTable()
    // Collisions that somebody looks for cost a walk over the names of one segment at most: the hash
    // is SipHash, its key is never shown.
    private let hash = KeyedHash(low: 0x6461_7962, high: .random(in: .min ... .max))

    /// The number of a name; the same mark is to come with the same name always.
    ///
    /// A name that comes with another mark has another number: with marks, nobody looks at names.
    mutating func number(of name: RawSpan, mark: UInt32?) -> UInt32 {
        guard let mark else { return number(of: name) }
        if let known = marks[mark] { return known }
        texts.append(name)
        marks.insert(mark, UInt32(texts.count - 1))
        return UInt32(texts.count - 1)
    }

    private mutating func number(of name: RawSpan) -> UInt32 {
        if Int(last) < texts.count, texts[Int(last)].isEqual(to: name) { return last }
        var slot = Int(truncatingIfNeeded: hash.hash(name)) & (slots.count - 1)
        while slots[slot] != 0 {
            if texts[Int(slots[slot]) - 1].isEqual(to: name) {
                last = slots[slot] - 1
                return last
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        texts.append(name)
        slots[slot] = UInt32(texts.count)
        last = UInt32(texts.count - 1)
        if texts.count * 2 > slots.count { grow() }
        return last
    }

    private mutating func grow() {
        // Names that came with marks are among the texts, but had no slots.
        var count = slots.count
        while count < texts.count * 4 { count *= 2 }
        slots = [UInt32](repeating: 0, count: count)
        for number in 0..<texts.count {
            var slot = Int(truncatingIfNeeded: hash.hash(texts[number])) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(number + 1)
        }
    }
}

/// Numbers by mark, in open addressing with linear probing.
private struct MarkTable: Sendable {
    /// A mark above, one more than its number below; 0: free.
    private var slots = [UInt64](repeating: 0, count: 64)
    private var count = 0

    subscript(mark: UInt32) -> UInt32? {
        let slot = slots[place(of: mark)]
        return slot == 0 ? nil : UInt32(truncatingIfNeeded: slot) - 1
    }

    /// - Precondition: the mark is not there.
    mutating func insert(_ mark: UInt32, _ number: UInt32) {
        if (count + 1) * 2 > slots.count { grow() }
        slots[place(of: mark)] = UInt64(mark) << 32 | UInt64(number + 1)
        count += 1
    }

    /// Where a mark is, or would be put.
    private func place(of mark: UInt32) -> Int {
        // Multiplicative hashing with the golden ratio (Knuth, The Art of Computer Programming, volume 3, 6.4).
        let hash = UInt64(mark) &* 0x9e37_79b9_7f4a_7c15
        var place = Int(hash >> 32) & (slots.count - 1)
        while slots[place] != 0, slots[place] >> 32 != UInt64(mark) {
            place = (place + 1) & (slots.count - 1)
        }
        return place
    }

    private mutating func grow() {
        let old = slots
        slots = [UInt64](repeating: 0, count: old.count * 2)
        for slot in old where slot != 0 { slots[place(of: UInt32(slot >> 32))] = slot }
    }
}
