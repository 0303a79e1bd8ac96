/// SplitMix64: small, fast, and the same numbers from the same seed on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Numbers of their own for each seed and each list of parts.
    package init(seed: UInt64, _ parts: [Int] = []) {
        state = seed
        for part in parts { state = next() ^ UInt64(bitPattern: Int64(part)) }
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from zero up to, but not including, `limit`.
    package mutating func number(below limit: Int) -> Int {
        precondition(limit > 0, "no number is below \(limit)")
        return Int(next() % UInt64(limit))
    }

    /// True once in `limit` times.
    package mutating func strikes(onceIn limit: Int) -> Bool { number(below: limit) == 0 }

    /// One of the elements.
    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(below: elements.count)]
    }
}
