/// A set of small numbers, 0 to 63, as bits.
struct ValueSet: Hashable, Sendable {
    private(set) var bits: UInt64 = 0

    init() {}

    init(_ values: some Sequence<Int>) {
        for value in values { insert(value) }
    }

    mutating func insert(_ value: Int) {
        bits |= 1 << UInt64(value)
    }

    mutating func formUnion(_ other: ValueSet) {
        bits |= other.bits
    }

    func contains(_ value: Int) -> Bool {
        bits & (1 << UInt64(value)) != 0
    }

    /// The lowest member that is `value` or higher; `value` may lie past 63.
    func first(from value: Int) -> Int? {
        // A shift by 64 or more is zero in Swift, not undefined.
        let rest = bits >> UInt64(value)
        return rest == 0 ? nil : value + rest.trailingZeroBitCount
    }

    var isEmpty: Bool { bits == 0 }

    var count: Int { bits.nonzeroBitCount }

    /// In ascending order.
    var values: [Int] { (0..<64).filter(contains) }
}
