import Tables
import TestKit
import Testing

/// A slab and an index of it, as their owners use them together.
private struct Keyed: ~Copyable {
    var records: Slab<TestElement>
    var index: HashIndex

    init(elementsMax: Int) {
        records = Slab(elementsMax: elementsMax)
        index = HashIndex(elementsMax: elementsMax)
    }

    func slot(of key: UInt32, hash: UInt32) -> UInt32? {
        var probe = index.probe(hash)
        while let slot = index.next(&probe) {
            if records[slot].key == key { return slot }
        }
        return nil
    }

    mutating func insert(_ key: UInt32, hash: UInt32) -> UInt32 {
        let slot = records.allocate(TestElement(key: key, keyHash: hash))
        index.insert(slot, in: records)
        return slot
    }

    /// The same, as if the element came later.
    mutating func insertAhead(_ key: UInt32, hash: UInt32) -> UInt32 {
        let slot = records.allocate(TestElement(key: key, keyHash: hash))
        index.insert(slot, hash: hash)
        return slot
    }

    mutating func settle() { index.settle(in: records) }

    mutating func remove(_ slot: UInt32) {
        index.remove(slot, in: records)
        records.free(slot)
    }
}

/// Hashes that put keys together in different ways.
private enum Spread: CaseIterable {
    case even
    /// Many keys of one hash.
    case few
    /// One bucket for long, different tags.
    case lowBitsEqual
    /// One tag, different buckets.
    case highBitsEqual
    /// Tag 0, which stands for 1.
    case highBitsZero
    case allEqual

    func hash(of key: UInt32) -> UInt32 {
        let mixed = UInt32(truncatingIfNeeded: (UInt64(key) &* 0x9E37_79B9_7F4A_7C15) >> 29)
        return switch self {
        case .even: mixed
        case .few: mixed % 37 &* 0x0101_0101
        case .lowBitsEqual: mixed << 20
        case .highBitsEqual: mixed | 0xFFFF_0000
        case .highBitsZero: mixed & 0xFFFF
        case .allEqual: 0xDEAD_BEEF
        }
    }
}

@Suite struct `A hash index` {
    @Test(arguments: Spread.allCases, [0, 1, 17, 1_000, 4_000, .max])
    private func `finds what a dictionary finds, while it grows, is emptied and grows again`(
        spread: Spread, expected: Int
    ) {
        var random = SeededGenerator(seed: 2)
        var table = Keyed(elementsMax: 4_000)
        table.index.expect(expected)
        var model: [UInt32: UInt32] = [:]
        for step in 0..<40_000 {
            // Mostly filling for 5 000 steps, then mostly emptying.
            let fills = Int.random(in: 0..<10, using: &random) < (step / 5_000 % 2 == 0 ? 8 : 2)
            let key = UInt32.random(in: 0..<4_000, using: &random)
            let hash = spread.hash(of: key)
            let found = table.slot(of: key, hash: hash)
            #expect(found == model[key])
            if fills, found == nil {
                model[key] = table.insert(key, hash: hash)
            } else if !fills, let found {
                table.remove(found)
                model[key] = nil
            }
        }
        #expect(table.index.count == model.count)
        for key in 0..<4_000 as Range<UInt32> {
            #expect(table.slot(of: key, hash: spread.hash(of: key)) == model[key])
        }
    }

    @Test(arguments: Spread.allCases)
    private func `finds what came in ahead of its elements, settled or not`(spread: Spread) {
        var table = Keyed(elementsMax: 9_000)
        var slots: [UInt32] = []
        for key in 0..<9_000 as Range<UInt32> {
            slots.append(table.insertAhead(key, hash: spread.hash(of: key)))
            if key == 4_000 { table.settle() }
        }
        for isSettled in [false, true] {
            if isSettled { table.settle() }
            for key in 0..<9_000 as Range<UInt32> {
                #expect(table.slot(of: key, hash: spread.hash(of: key)) == slots[Int(key)])
            }
        }
        for slot in slots { table.remove(slot) }
        #expect(table.index.count == 0)
    }

    /// With 65 536 buckets and more, splits look at no element.
    @Test func `finds a million, of which many have the same first or last bits`() {
        let count: UInt32 = 1_000_000
        var table = Keyed(elementsMax: Int(count))
        func hash(_ key: UInt32) -> UInt32 {
            let mixed = Spread.even.hash(of: key)
            return switch key % 8 {
            // Tags 0 and 1, which are one.
            case 0: mixed & 0x1_FFFF
            // As the 511 others of the same 4 096 keys.
            case 1: mixed & 0xFFFF_0000 | key >> 12
            default: mixed
            }
        }
        var slots: [UInt32] = []
        for key in 0..<count { slots.append(table.insert(key, hash: hash(key))) }
        var wrong = 0
        for key in 0..<count where table.slot(of: key, hash: hash(key)) != slots[Int(key)] {
            wrong += 1
        }
        for key in 0..<count where key % 3 == 0 { table.remove(slots[Int(key)]) }
        for key in 0..<count {
            let expected = key % 3 == 0 ? nil : slots[Int(key)]
            if table.slot(of: key, hash: hash(key)) != expected { wrong += 1 }
        }
        #expect(wrong == 0)
    }

    @Test func `gives each slot of a hash once, however many there are`() {
        var table = Keyed(elementsMax: 30_000)
        for key in 0..<10_000 as Range<UInt32> {
            _ = table.insert(key, hash: 77)
            _ = table.insert(key, hash: Spread.even.hash(of: key) | 1 << 31)
        }
        var found: [UInt32] = []
        var probe = table.index.probe(77)
        while let slot = table.index.next(&probe) {
            if table.records[slot].keyHash == 77 { found.append(slot) }
        }
        #expect(found.sorted() == Array(stride(from: 1, to: 20_000, by: 2)))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `takes slots out of a long chain in any order`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = Keyed(elementsMax: 3_000)
        var slots = (0..<3_000 as Range<UInt32>).map { table.insert($0, hash: 5) }
        slots.shuffle(using: &random)
        while let slot = slots.popLast() {
            table.remove(slot)
            guard slots.count % 100 == 0 else { continue }
            var left: [UInt32] = []
            var probe = table.index.probe(5)
            while let slot = table.index.next(&probe) { left.append(slot) }
            #expect(left.sorted() == slots.sorted())
        }
        #expect(table.index.count == 0)
    }

    @Test func `uses overflow lines again under churn in long chains`() {
        // Without that, this room for 2 000 slots would be used up some fifty times over.
        var random = SeededGenerator(seed: 4)
        var table = Keyed(elementsMax: 2_000)
        var slots: [UInt32] = []
        for key in 0..<200_000 as Range<UInt32> {
            if slots.count == 2_000 || key % 2 == 1 && !slots.isEmpty && slots.count > 1_900 {
                slots.swapAt(Int.random(in: 0..<slots.count, using: &random), slots.count - 1)
                table.remove(slots.removeLast())
            }
            slots.append(table.insert(key, hash: key % 3))
        }
        #expect(table.index.count == slots.count)
    }

    @Test func `holds as many slots as were announced, whatever their hashes`() {
        for elementsMax in [0, 1, 11, 12, 13, 25, 1_000] {
            for spread in Spread.allCases {
                var table = Keyed(elementsMax: elementsMax)
                for key in 0..<UInt32(elementsMax) {
                    _ = table.insert(key, hash: spread.hash(of: key))
                }
                #expect(table.index.count == elementsMax)
            }
        }
    }

    @Test func `stops the program at one slot more`() async {
        await #expect(processExitsWith: .failure) {
            var records = Slab<TestElement>(elementsMax: 9)
            var index = HashIndex(elementsMax: 2)
            for _ in 0..<2 { index.insert(records.allocate(TestElement()), in: records) }
            guard index.count == 2 else { return }
            index.insert(records.allocate(TestElement()), in: records)
        }
    }

    @Test func `stops the program at taking out what is not there`() async {
        await #expect(processExitsWith: .failure) {
            var table = Keyed(elementsMax: 9)
            _ = table.insert(1, hash: 1)
            let stranger = table.records.allocate(TestElement(keyHash: 1))
            table.index.remove(stranger, in: table.records)
        }
    }
}
