import Tables
import TestKit
import Testing

/// A string in the store, whose bytes can be told from its seed.
private struct Blob {
    let reference: UInt32
    let byteCount: Int
    let seed: UInt64

    /// Cheap, and different at every place.
    func byte(at place: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (seed &+ UInt64(place)) &* 0x9E37_79B9_7F4A_7C15 >> 40)
    }

    var bytes: [UInt8] { (0..<byteCount).map { byte(at: $0) } }
}

extension BlobStore {
    fileprivate mutating func add(_ byteCount: Int, seed: UInt64) -> Blob {
        let blob = Blob(
            reference: allocate(byteCount: byteCount), byteCount: byteCount, seed: seed)
        // Lent to the call alone, and an array's bytes are all initialised.
        unsafe write(blob.bytes.span.bytes, to: blob.reference, byteCount: byteCount)
        return blob
    }

    /// What is in a string.
    fileprivate func content(_ blob: Blob) -> [UInt8] {
        let bytes = bytes(blob.reference, byteCount: blob.byteCount)
        // In bounds: the places are those of the span.
        return (0..<bytes.byteCount).map { place in
            unsafe bytes.unsafeLoad(fromByteOffset: place, as: UInt8.self)
        }
    }

    fileprivate func expectIntact(_ blob: Blob) {
        let isIntact = content(blob) == blob.bytes
        #expect(isIntact, "\(blob.byteCount) bytes at \(blob.reference)")
    }

    fileprivate mutating func remove(_ blob: Blob) {
        free(blob.reference, byteCount: blob.byteCount)
    }
}

private let longest = 80 << 10

@Suite struct `A blob store` {
    @Test func `holds strings of every length round every rounding`() {
        var store = BlobStore(byteCount: 1 << 30)
        var lengths = Set(1...1_100)
        for power in 10...16 {
            for quarter in 4..<8 {
                let edge = quarter << (power - 2)
                lengths.formUnion([edge - 1, edge, edge + 1])
            }
        }
        let blobs = lengths.filter { $0 <= longest }.sorted().map {
            store.add($0, seed: UInt64($0))
        }
        #expect(store.storedBytes == blobs.reduce(0) { $0 + $1.byteCount })
        for blob in blobs { store.expectIntact(blob) }
        for blob in blobs { store.remove(blob) }
        #expect(store.storedBytes == 0)
        #expect(store.heldBytes == 0)
    }

    @Test(arguments: [100, 1_500, 20_000, longest])
    func `keeps every byte through tens of thousands of changes`(byteCountMax: Int) {
        var random = SeededGenerator(seed: UInt64(byteCountMax))
        var store = BlobStore(byteCount: 1 << 30)
        let liveMax = min(5_000, (16 << 20) / byteCountMax)
        var live: [Blob] = []
        for step in 0..<20_000 {
            let fills = Int.random(in: 0..<10, using: &random) < (step / 2_000 % 2 == 0 ? 9 : 3)
            if live.isEmpty || live.count < liveMax && fills {
                let byteCount = Int.random(in: 1...byteCountMax, using: &random)
                live.append(store.add(byteCount, seed: UInt64(step)))
            } else {
                live.swapAt(Int.random(in: 0..<live.count, using: &random), live.count - 1)
                let blob = live.removeLast()
                store.expectIntact(blob)
                store.remove(blob)
            }
        }
        #expect(store.storedBytes == live.reduce(0) { $0 + $1.byteCount })
        for blob in live { store.expectIntact(blob) }
        for blob in live { store.remove(blob) }
        #expect(store.heldBytes == 0)
    }

    @Test func `wastes little on strings of one length, and gives all pages back`() {
        var store = BlobStore(byteCount: 1 << 30)
        for byteCount in [24, 100, 900, 5_000, 50_000] {
            let blobs = (0..<(8 << 20) / byteCount).map { store.add(byteCount, seed: UInt64($0)) }
            #expect(Double(store.heldBytes) < 1.32 * Double(store.storedBytes))
            for blob in blobs { store.remove(blob) }
            #expect(store.heldBytes == 0)
        }
    }

    @Test func `gives the memory of empty pages back to the system`() throws {
        var store = BlobStore(byteCount: 1 << 30)
        let before = try residentBytes()
        let blobs = (0..<64_000).map { store.add(1_000, seed: $0) }
        let full = try residentBytes()
        #expect(full - before > 60_000_000)
        for blob in blobs { store.remove(blob) }
        // A few megabytes are kept for the next in need.
        #expect(try residentBytes() - before < 40_000_000)
    }

    @Test func `needs no more room for sizes that take turns`() {
        // 16 MiB of addresses for 8 MiB of strings: only pages that change their size make it possible.
        var store = BlobStore(byteCount: 16 << 20)
        for round in 0..<30 {
            let byteCount = [40, 300, 1_024, 3_000, 16_384, 20_000, longest][round % 7]
            let blobs = (0..<(8 << 20) / byteCount).map {
                store.add(byteCount, seed: UInt64($0 + round))
            }
            store.expectIntact(blobs[0])
            store.expectIntact(blobs[blobs.count - 1])
            for blob in blobs { store.remove(blob) }
        }
    }

    @Test func `gives the same references for the same calls`() {
        var references: [[UInt32]] = [[], []]
        for run in 0..<2 {
            var random = SeededGenerator(seed: 12)
            var store = BlobStore(byteCount: 1 << 30)
            var live: [Blob] = []
            for step in 0..<5_000 {
                if live.count > 500 {
                    store.remove(
                        live.remove(at: .random(in: 0..<live.count, using: &random)))
                }
                let byteCount = 1 << Int.random(in: 0..<17, using: &random)
                live.append(store.add(byteCount, seed: UInt64(step)))
                references[run].append(live[live.count - 1].reference)
            }
        }
        #expect(references[0] == references[1])
    }

    @Test func `copies and stores within strings`() {
        var store = BlobStore(byteCount: 1 << 30)
        let source = store.add(100, seed: 1)
        let target = store.add(50, seed: 2)
        store.copy(
            20, from: source.reference, at: 70, byteCount: 100, to: target.reference, at: 5,
            byteCount: 50)
        store.store(0x0403_0201 as UInt32, to: target.reference, byteCount: 50, at: 46)
        var expected = target.bytes
        expected.replaceSubrange(5..<25, with: source.bytes[70..<90])
        expected.replaceSubrange(46..<50, with: [1, 2, 3, 4])
        let content = store.content(target)
        #expect(content == expected)
        store.expectIntact(source)
    }

    @Test func `stops the program at a string that ends before it was said to`() async {
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 30)
            let blob = store.add(10, seed: 1)
            let three: [UInt8] = [1, 2, 3]
            // As in `add`.
            unsafe store.write(three.span.bytes, to: blob.reference, byteCount: 10, at: 8)
        }
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 30)
            let blob = store.add(10, seed: 1)
            store.store(1 as UInt64, to: blob.reference, byteCount: 10, at: 3)
        }
    }

    @Test func `stops the program at a string that is freed twice, or by another length`() async {
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 30)
            let blobs = [store.add(10, seed: 1), store.add(10, seed: 2)]
            store.remove(blobs[0])
            store.remove(blobs[0])
        }
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 30)
            store.free(store.add(10, seed: 1).reference, byteCount: 100)
        }
    }

    @Test func `stops the program where what is freed is the rest of a page`() async {
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 30)
            // Five strings of 12 KiB to a page; a sixth would end in the next, which is in use as well.
            let blobs = (0..<10).map { store.add(12 << 10, seed: $0) }
            store.free(blobs[4].reference + (12 << 10) / 8, byteCount: 12 << 10)
        }
    }

    @Test func `stops the program when its addresses are used up`() async {
        await #expect(processExitsWith: .failure) {
            var store = BlobStore(byteCount: 1 << 20)
            for seed in 0..<30_000 { _ = store.add(100, seed: UInt64(seed)) }
        }
    }
}
