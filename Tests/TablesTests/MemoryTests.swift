import Glibc
import Tables
import Testing

/// A field of /proc/self/status, in bytes.
private func statusBytes(_ field: String) throws -> Int {
    guard let file = unsafe fopen("/proc/self/status", "r") else { throw NoSuchField(name: field) }
    defer { unsafe fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while unsafe fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
        guard text.hasPrefix(field + ":") else { continue }
        return try #require(Int(text.split(whereSeparator: \.isWhitespace)[1])) * 1_024
    }
    throw NoSuchField(name: field)
}

private struct NoSuchField: Error {
    let name: String
}

/// What this process has in memory.
func residentBytes() throws -> Int { try statusBytes("VmRSS") }

/// All tables of one owner.
private struct Tables: ~Copyable {
    var records = Slab<TestElement>(elementsMax: 1_000_000)
    var index = HashIndex(elementsMax: 1_000_000)
    var wheel = DueWheel(elementsMax: 1_000_000)
    var blobs = BlobStore()

    mutating func add(_ number: UInt32) {
        let slot = records.allocate(
            TestElement(
                dueMicroseconds: Int64(number) * 7_919, order: UInt64(number),
                keyHash: number &* 0x9E37_79B9))
        index.insert(slot, in: records)
        wheel.insert(slot, in: &records)
        let blob = blobs.allocate(byteCount: 100)
        blobs.store(number, to: blob, byteCount: 100, at: 0)
    }
}

@Suite struct `The memory of tables` {
    @Test func `takes addresses and little else where nothing is in them`() throws {
        let before = try residentBytes()
        var keepers: [Keeper] = []
        for _ in 0..<1_000 { keepers.append(Keeper()) }
        let each = try (residentBytes() - before) / 1_000
        #expect(each < 8_000, "\(each) bytes for each set of empty tables")
        #expect(keepers.allSatisfy { $0.isEmpty })
    }

    @Test func `gives everything back with its owner, even while more is being touched ahead`()
        throws
    {
        let before = try residentBytes()
        for round in 0..<40 {
            var tables = Tables()
            // Past the size from which on memory is touched ahead, and a different way each time.
            for number in 0..<UInt32(60_000 + round * 1_000) { tables.add(number) }
            #expect(tables.records[1].order == 0)
        }
        // One thread is in the last step of each region at most.
        #expect(try residentBytes() - before < 60_000_000)
    }

    @Test func `reads as it was written, whatever is touched ahead of it`() {
        var slab = Slab<UInt64>(elementsMax: 10_000_000)
        for number in 1...3_000_000 as ClosedRange<UInt64> { _ = slab.allocate(number) }
        var wrong = 0
        for slot in 1...3_000_000 as ClosedRange<UInt32> where slab[slot] != UInt64(slot) {
            wrong += 1
        }
        #expect(wrong == 0)
    }

    @Test func `is given back by a wheel whose crowded moment is over`() throws {
        var records = Slab<TestElement>(elementsMax: 1_000_000)
        var wheel = DueWheel(elementsMax: 1_000_000)
        for number in 0..<400_000 as Range<UInt64> {
            let slot = records.allocate(TestElement(dueMicroseconds: 5, order: number))
            wheel.insert(slot, in: &records)
        }
        let full = try residentBytes()
        var due: [UInt32] = []
        due.reserveCapacity(400_000)
        _ = wheel.advance(to: 1_000, countMax: .max, in: &records, into: &due)
        #expect(due.count == 400_000)
        // 400 000 entries of 24 bytes, less the list of what was due.
        #expect(try full - residentBytes() > 4_000_000)
    }
}

/// Holds tables in a class, as an array can't hold them.
private final class Keeper {
    private let tables = Tables()

    var isEmpty: Bool { tables.index.count == 0 && tables.wheel.count == 0 }
}
