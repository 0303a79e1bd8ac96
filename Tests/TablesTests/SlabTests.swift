import Tables
import TestKit
import Testing

@Suite struct `A slab` {
    @Test func `holds what an array of optionals holds, through fifty thousand changes`() {
        var random = SeededGenerator(seed: 1)
        var slab = Slab<TestElement>(elementsMax: 5_000)
        var model = [TestElement?](repeating: nil, count: 5_001)
        var live: [UInt32] = []
        for step in 0..<50_000 {
            let choice = Int.random(in: 0..<10, using: &random)
            if live.isEmpty || live.count < 5_000 && choice < 5 {
                let element = TestElement(order: UInt64(step))
                let slot = slab.allocate(element)
                #expect(slot > 0 && model[Int(slot)] == nil)
                model[Int(slot)] = element
                live.append(slot)
            } else if choice < 8 {
                let slot = live[Int.random(in: 0..<live.count, using: &random)]
                slab[slot].key += 1
                model[Int(slot)]?.key += 1
            } else {
                live.swapAt(Int.random(in: 0..<live.count, using: &random), live.count - 1)
                let slot = live.removeLast()
                #expect(slab[slot] == model[Int(slot)])
                slab.free(slot)
                model[Int(slot)] = nil
            }
        }
        #expect(slab.liveCount == live.count)
        for slot in live { #expect(slab[slot] == model[Int(slot)]) }
    }

    @Test func `gives fresh slots in a row, and the one freed last before them`() {
        var slab = Slab<TestElement>(elementsMax: 10)
        for slot in [1, 2, 3, 4] as [UInt32] {
            let given = slab.allocate(TestElement())
            #expect(given == slot)
        }
        slab.free(2)
        slab.free(4)
        slab.free(1)
        for slot in [1, 4, 2, 5] as [UInt32] {
            let given = slab.allocate(TestElement())
            #expect(given == slot)
        }
        #expect(slab.slotsUsed == 5)
    }

    @Test func `never moves an element while it grows`() {
        var slab = Slab<TestElement>(elementsMax: 1_000_000)
        let first = slab.allocate(TestElement(order: 7))
        let before = unsafe withUnsafePointer(to: &slab[first]) { UInt(bitPattern: $0) }
        for number in 2...200_000 { _ = slab.allocate(TestElement(order: UInt64(number))) }
        let after = unsafe withUnsafePointer(to: &slab[first]) { UInt(bitPattern: $0) }
        #expect(before == after)
        var isIntact = slab[first].order == 7
        for slot in 2...200_000 as ClosedRange<UInt32> {
            isIntact = isIntact && slab[slot].order == UInt64(slot)
        }
        #expect(isIntact)
    }

    @Test func `takes as many elements as were announced and then stops the program`() async {
        await #expect(processExitsWith: .failure) {
            var slab = Slab<TestElement>(elementsMax: 3)
            for _ in 0..<3 { _ = slab.allocate(TestElement()) }
            guard slab.liveCount == 3 else { return }
            _ = slab.allocate(TestElement())
        }
    }

    @Test(arguments: [0, 4, UInt32.max])
    func `stops the program at a slot that was never given`(slot: UInt32) async {
        await #expect(processExitsWith: .failure) { [slot] in
            var slab = Slab<TestElement>(elementsMax: 10)
            for _ in 0..<3 { _ = slab.allocate(TestElement()) }
            slab[slot].key = 1
        }
    }

    @Test func `stops the program where more is freed than was given`() async {
        await #expect(processExitsWith: .failure) {
            var slab = Slab<UInt64>(elementsMax: 10)
            for number in 1...3 { _ = slab.allocate(UInt64(number)) }
            for slot in [1, 2, 3, 2] as [UInt32] { slab.free(slot) }
        }
    }

    @Test func `gives the same slots again, though an element was written to after it was freed`() {
        var slab = Slab<UInt64>(elementsMax: 10)
        for number in 1...3 { _ = slab.allocate(UInt64(number)) }
        slab.free(2)
        slab.free(3)
        slab[3] = 9
        for slot in [3, 2, 4] as [UInt32] {
            let given = slab.allocate(0)
            #expect(given == slot)
        }
    }
}
