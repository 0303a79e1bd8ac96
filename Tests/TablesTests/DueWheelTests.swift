import Tables
import TestKit
import Testing

/// A slab and a wheel of it, beside a sorted model.
private struct Timed: ~Copyable {
    var records: Slab<TestElement>
    var wheel: DueWheel
    /// Slots that should be in the wheel.
    var waiting: [UInt32] = []
    private var ordersGiven: UInt64 = 0

    init(elementsMax: Int = 100_000, startingAt now: Int64 = 0) {
        records = Slab(elementsMax: elementsMax)
        wheel = DueWheel(elementsMax: elementsMax, startingAt: now)
    }

    mutating func insert(due: Int64, order: UInt64? = nil) {
        ordersGiven += 1
        let slot = records.allocate(
            TestElement(dueMicroseconds: due, order: order ?? ordersGiven))
        // Every other one as if its element came later.
        let position = slot % 2 == 0 ? wheel.insert(slot, dueMicroseconds: due) : 0
        if position == 0 {
            wheel.insert(slot, in: &records)
        } else {
            records[slot].duePosition = position
        }
        waiting.append(slot)
    }

    mutating func remove(at index: Int) {
        waiting.swapAt(index, waiting.count - 1)
        let slot = waiting.removeLast()
        wheel.remove(slot, in: &records)
        records.free(slot)
    }

    /// Advances in as many calls as it takes; the slots that came out.
    mutating func advance(to now: Int64, countMax: Int = .max) -> [UInt32] {
        var due: [UInt32] = []
        while wheel.advance(to: now, countMax: countMax, in: &records, into: &due) {}
        return due
    }

    mutating func times(advancingTo now: Int64) -> [Int64] {
        advance(to: now).map { records[$0].dueMicroseconds }
    }

    /// Takes from the model what is due at `now`, in order.
    mutating func expected(at now: Int64) -> [UInt32] {
        let due = waiting.filter { records[$0].dueMicroseconds <= now }
        waiting = waiting.filter { records[$0].dueMicroseconds > now }
        return due.sorted { left, right in
            let (left, right) = (records[left], records[right])
            return (left.dueMicroseconds, left.order) < (right.dueMicroseconds, right.order)
        }
    }

    /// Advances, and compares with the model.
    mutating func expectSorted(at now: Int64, countMax: Int = .max) {
        let (due, expected) = (advance(to: now, countMax: countMax), expected(at: now))
        #expect(due == expected)
        free(due)
    }

    mutating func free(_ slots: [UInt32]) {
        for slot in slots {
            #expect(records[slot].duePosition == 0)
            records.free(slot)
        }
    }

    var earliest: Int64? { waiting.map { records[$0].dueMicroseconds }.min() }

    /// Takes out one that is due at this time.
    mutating func removeOne(due: Int64?) throws {
        let index = waiting.firstIndex { records[$0].dueMicroseconds == due }
        remove(at: try #require(index))
    }

    mutating func expectNextIsEarliest() {
        let (next, earliest) = (nextDue(), earliest)
        #expect(next == earliest)
    }

    mutating func nextDue() -> Int64? { wheel.nextDue(in: records) }
}

private let second: Int64 = 1_000_000
private let day = 86_400 * second
/// 2027-01-01.
private let start: Int64 = 1_798_761_600 * second
/// The last moment of the year 9999.
private let farthest: Int64 = 253_402_300_799_999_999

/// How far ahead due times lie.
private enum Reach: Int64, CaseIterable {
    case tick = 900
    case window = 60_000_000
    case day = 86_400_000_000
    case farBuckets = 8_000_000_000_000
    case years = 800_000_000_000_000

    /// Some in the past, some at one moment, the others anywhere up to the reach and 1/1000 of it.
    func due(after now: Int64, using random: inout SeededGenerator) -> Int64 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: max(0, now - .random(in: 0...rawValue, using: &random))
        case 1, 2: min(farthest, (now / rawValue + 1) * rawValue)
        case 3, 4: now + .random(in: 0...rawValue / 1_000 + 1, using: &random)
        default: now + .random(in: 0...rawValue, using: &random)
        }
    }
}

private struct Entry {
    let due: Int64
    let order: UInt64
}

@Suite struct `A due wheel` {
    @Test(arguments: Reach.allCases, [1, 7, 100, Int.max])
    private func `hands out what sorting gives, through insertions, removals and any steps`(
        reach: Reach, countMax: Int
    ) {
        var random = SeededGenerator(seed: UInt64(reach.rawValue))
        var table = Timed(startingAt: start)
        var now = start
        for _ in 0..<300 {
            for _ in 0..<Int.random(in: 0..<60, using: &random) {
                table.insert(due: reach.due(after: now, using: &random))
            }
            for _ in 0..<Int.random(in: 0..<20, using: &random) where !table.waiting.isEmpty {
                table.remove(at: .random(in: 0..<table.waiting.count, using: &random))
            }
            // Now and then back by a little, as wall clocks go.
            now += .random(in: -reach.rawValue / 100...reach.rawValue / 5, using: &random)
            table.expectSorted(at: now, countMax: countMax)
            #expect(table.wheel.count == table.waiting.count)
        }
    }

    @Test(arguments: Reach.allCases)
    private func `says what is due next as the least of all says it`(reach: Reach) throws {
        var random = SeededGenerator(seed: 3)
        var table = Timed(startingAt: start)
        var now = start
        for _ in 0..<2_000 {
            if Int.random(in: 0..<10, using: &random) < 6 || table.waiting.isEmpty {
                table.insert(due: reach.due(after: now, using: &random))
            } else if Bool.random(using: &random) {
                // The one that is next: the wheel has to look for another.
                let next = table.nextDue()
                try table.removeOne(due: next)
            } else {
                table.remove(at: .random(in: 0..<table.waiting.count, using: &random))
            }
            table.expectNextIsEarliest()
            if Int.random(in: 0..<20, using: &random) == 0 {
                now += .random(in: 0...reach.rawValue / 3, using: &random)
                // Unfinished moves towards the present must not hide what is earlier.
                var due: [UInt32] = []
                _ = table.wheel.advance(
                    to: now, countMax: .random(in: 0..<30, using: &random), in: &table.records,
                    into: &due)
                let handedOut = Set(due)
                table.waiting.removeAll { handedOut.contains($0) }
                table.free(due)
                table.expectNextIsEarliest()
            }
        }
    }

    @Test func `says a crowded millisecond at most one early, and never late`() throws {
        var random = SeededGenerator(seed: 6)
        var table = Timed(startingAt: start)
        for _ in 0..<10_000 {
            table.insert(due: start + 30 * second + .random(in: 0..<1_000, using: &random))
        }
        while table.waiting.count > 1 {
            let (next, earliest) = (table.nextDue() ?? 0, table.earliest ?? 0)
            #expect(next <= earliest && next > earliest - 1_000)
            for _ in 0..<100 where table.waiting.count > 1 {
                let earliest = table.earliest
                try table.removeOne(due: earliest)
            }
        }
    }

    @Test(arguments: [100, 20_000 as Int64])
    func `leads to the earliest of a crowded far bucket in a few wakings`(days: Int64) throws {
        var table = Timed(startingAt: start)
        let due = start + days * day
        table.insert(due: due)
        for number in 0..<5_000 { table.insert(due: due + 50 * second + Int64(number) * 100) }
        table.remove(at: 0)
        var wakings = 0
        while table.waiting.count == 5_000 {
            let next = table.nextDue() ?? .max
            #expect(next <= due + 50 * second)
            table.expectSorted(at: next)
            wakings += 1
            try #require(wakings < 5)
        }
    }

    @Test(arguments: [1, 100, Int.max])
    func `goes through crowded minutes and empty ones in one order`(countMax: Int) {
        var random = SeededGenerator(seed: 11)
        var table = Timed(startingAt: start)
        for minute in 0..<12 as Range<Int64> {
            for _ in 0..<[1, 30, 1_500][Int(minute % 3)] {
                let offset = .random(in: 0..<60_000, using: &random) * 1_000 as Int64
                table.insert(due: start + minute * 60 * second + offset)
            }
        }
        // Ends within minutes, some of whose jobs are then a millisecond away.
        for minutes in [0.5, 2.25, 6.5, 6.75, 12] {
            table.expectSorted(at: start + Int64(minutes * 60) * second, countMax: countMax)
            table.expectNextIsEarliest()
            for _ in 0..<20 {
                table.insert(due: start + .random(in: 0...12 * 60 * second, using: &random))
            }
        }
    }

    @Test func `is the same wheel whatever came in first`() {
        var random = SeededGenerator(seed: 7)
        let entries = (0..<5_000).map { number in
            Entry(
                due: start + .random(in: -1_000...1_000, using: &random) * 1_000,
                order: UInt64(number))
        }
        var outputs: [[UInt64]] = []
        for round in 0..<4 {
            var table = Timed(startingAt: round % 2 == 0 ? 0 : start)
            for entry in entries.shuffled(using: &random) {
                table.insert(due: entry.due, order: entry.order)
            }
            let due = table.advance(to: start + second, countMax: 1_000 << round)
            var orders: [UInt64] = []
            for slot in due { orders.append(table.records[slot].order) }
            outputs.append(orders)
        }
        let sorted = entries.sorted { ($0.due, $0.order) < ($1.due, $1.order) }
        #expect(outputs[0] == sorted.map(\.order))
        #expect(outputs.allSatisfy { $0 == outputs[0] })
    }

    @Test func `orders a hundred thousand of one moment, ten at a time`() {
        var random = SeededGenerator(seed: 8)
        var table = Timed()
        for order in (1...100_000 as ClosedRange<UInt64>).shuffled(using: &random) {
            table.insert(due: start, order: order)
        }
        var handedOut: [UInt64] = []
        var due: [UInt32] = []
        var isMore = true
        while isMore {
            due.removeAll(keepingCapacity: true)
            isMore = table.wheel.advance(
                to: start, countMax: 10, in: &table.records, into: &due)
            #expect(due.count <= 10)
            for slot in due { handedOut.append(table.records[slot].order) }
        }
        #expect(handedOut == Array(1...100_000))
    }

    @Test func `reaches the end of the year 9999 in a jump or bucket by bucket`() {
        var table = Timed()
        let dues = [0, 1, 999, 1_000, 65_536_000, 100 * day, start, farthest - 1, farthest]
        for due in dues.reversed() { table.insert(due: due) }
        #expect(table.times(advancingTo: farthest) == dues)
        table.waiting = []
        for due in [farthest, DueWheel.endMicroseconds - 1, 5] { table.insert(due: due) }
        #expect(table.times(advancingTo: farthest - 1) == [5])
        let next = table.nextDue()
        #expect(next == farthest)

        var slow = Timed(startingAt: start)
        slow.insert(due: farthest)
        slow.insert(due: start + 400 * day)
        var now = start
        while now < farthest {
            now = min(now + 30 * day, farthest)
            slow.expectSorted(at: now, countMax: 3)
        }
        #expect(slow.wheel.count == 0)
    }

    @Test func `takes the small times of a clock that began with the machine`() {
        var random = SeededGenerator(seed: 9)
        var table = Timed(startingAt: 1_234)
        for _ in 0..<2_000 { table.insert(due: .random(in: 0..<200_000, using: &random)) }
        for now in stride(from: 0, through: 200_000, by: 777) as StrideThrough<Int64> {
            table.expectSorted(at: now)
        }
        #expect(table.wheel.count == table.waiting.count)
    }

    @Test func `hands out what came in behind its own time at once`() {
        var table = Timed(startingAt: start)
        _ = table.advance(to: start + day)
        for due in [start + 5, 0, start + day - 1, start, start + day] { table.insert(due: due) }
        let next = table.nextDue()
        #expect(next == 0)
        table.expectSorted(at: start)
        table.expectSorted(at: start + day)
    }

    @Test func `forgets those that were taken out and came back with another time`() {
        var random = SeededGenerator(seed: 10)
        // No room for all that came and went: what is stale has to be found.
        var table = Timed(elementsMax: 500, startingAt: start)
        for _ in 0..<500 { table.insert(due: start - .random(in: 1...500, using: &random)) }
        for _ in 0..<100_000 {
            let slot = table.waiting[.random(in: 0..<500, using: &random)]
            table.wheel.remove(slot, in: &table.records)
            table.records[slot].dueMicroseconds = start - .random(in: 1...500, using: &random)
            table.wheel.insert(slot, in: &table.records)
        }
        table.expectNextIsEarliest()
        table.expectSorted(at: start, countMax: 50)
    }

    @Test func `holds as many elements as were announced, wherever they are due`() {
        for elementsMax in [0, 1, 100] {
            for step in [0, 1_000, 70 * second, 20 * day] {
                var table = Timed(elementsMax: elementsMax)
                for number in 0..<Int64(elementsMax) { table.insert(due: number * step) }
                #expect(table.wheel.count == elementsMax)
                table.expectSorted(at: farthest)
            }
        }
    }

    @Test(arguments: [-1, DueWheel.endMicroseconds])
    func `stops the program at a time outside 1970 to 10 889`(due: Int64) async {
        await #expect(processExitsWith: .failure) { [due] in
            var table = Timed()
            table.insert(due: due)
        }
    }

    @Test func `stops the program where an element comes in or goes out twice`() async {
        await #expect(processExitsWith: .failure) {
            var table = Timed()
            table.insert(due: 5)
            table.wheel.insert(1, in: &table.records)
        }
        await #expect(processExitsWith: .failure) {
            var table = Timed()
            table.insert(due: 5)
            table.wheel.remove(1, in: &table.records)
            table.wheel.remove(1, in: &table.records)
        }
    }
}
