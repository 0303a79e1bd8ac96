import BenchmarkKit
import Tables

/// Tables that are filled one after the other, each measured on its way.
struct FilledTables: ~Copyable {
    let count: Int
    var records: Slab<BenchmarkRecord>
    var index: HashIndex
    var wheel: DueWheel
    var blobs = BlobStore()
    private var resident = residentBytes()

    static let blobBytes = 94

    init(count: Int) {
        self.count = count
        records = Slab(elementsMax: count)
        index = HashIndex(elementsMax: count)
        wheel = DueWheel(elementsMax: count)
    }

    mutating func run() {
        fillRecords()
        updateRecords()
        fillIndex()
        searchIndex()
        fillBlobs()
        replaceBlobs()
        fillWheel()
        turnWheel()
        removeFromIndex()
    }

    /// Bytes for each element that have come since the last call.
    private mutating func bytesEach() -> String {
        let now = residentBytes()
        defer { resident = now }
        return decimal(Double(now - resident) / Double(count), 1)
    }

    private func print(_ name: String, _ nanoseconds: Double, _ gaps: Gaps?, _ bytes: String) {
        row(
            ["\(count / 1_000_000) M", name, decimal(nanoseconds, 1), bytes]
                + (gaps?.cells ?? ["", "", "", ""]))
    }

    private mutating func fillRecords() {
        var gaps = Gaps()
        for number in 1...count {
            _ = records.allocate(BenchmarkRecord(number: number))
            gaps.lap()
        }
        let bytes = bytesEach()
        print("record: allocate", gaps.seconds * 1e9 / Double(count), gaps, bytes)
    }

    private mutating func updateRecords() {
        var random = RandomNumbers()
        let time = nanoseconds(per: count) {
            for _ in 0..<count {
                let slot = random.slot(upTo: count)
                records[slot].last &+= 1
                records[slot].next ^= slot
                records[slot].rest.0 = records[slot].last
                records[slot].rest.1 &+= 3
            }
        }
        print("record: update 4 fields", time, nil, "")
    }

    func slot(ofKey key: UInt64) -> UInt32? {
        var probe = index.probe(BenchmarkRecord.hash(ofKey: key))
        while let slot = index.next(&probe) {
            if records[slot].key == key { return slot }
        }
        return nil
    }

    private mutating func fillIndex() {
        var gaps = Gaps()
        for number in 1...count {
            precondition(slot(ofKey: UInt64(number)) == nil, "key \(number) is there already")
            index.insert(UInt32(number), in: records)
            gaps.lap()
        }
        let bytes = bytesEach()
        print("index: search, insert", gaps.seconds * 1e9 / Double(count), gaps, bytes)
    }

    private mutating func searchIndex() {
        var random = RandomNumbers()
        var found: UInt64 = 0
        let hit = nanoseconds(per: count) {
            for _ in 0..<count {
                let key = UInt64(random.slot(upTo: count))
                found &+= UInt64(slot(ofKey: key) ?? 0)
            }
        }
        let miss = nanoseconds(per: count) {
            for _ in 0..<count {
                let key = UInt64(random.slot(upTo: count)) &+ 1 << 40
                found &+= UInt64(slot(ofKey: key) ?? 0)
            }
        }
        precondition(found != 0, "nothing found")
        print("index: hit", hit, nil, "")
        print("index: miss", miss, nil, "")
    }

    private mutating func fillBlobs() {
        let bytes = [UInt8](repeating: 7, count: Self.blobBytes)
        var gaps = Gaps()
        for number in 1...count {
            let blob = blobs.allocate(byteCount: Self.blobBytes)
            // Lent to the call alone.
            unsafe blobs.write(bytes.span.bytes, to: blob, byteCount: Self.blobBytes)
            records[UInt32(number)].blob = blob
            gaps.lap()
        }
        let bytesOfEach = bytesEach()
        print(
            "blob of \(Self.blobBytes) bytes: allocate, write",
            gaps.seconds * 1e9 / Double(count), gaps, bytesOfEach)
    }

    /// A random one goes, another comes.
    private mutating func replaceBlobs() {
        var random = RandomNumbers()
        let bytes = [UInt8](repeating: 7, count: Self.blobBytes)
        var gaps = Gaps()
        for _ in 0..<count {
            let slot = random.slot(upTo: count)
            blobs.free(records[slot].blob, byteCount: Self.blobBytes)
            let blob = blobs.allocate(byteCount: Self.blobBytes)
            unsafe blobs.write(bytes.span.bytes, to: blob, byteCount: Self.blobBytes)
            records[slot].blob = blob
            gaps.lap()
        }
        print("blob: free, allocate, write", gaps.seconds * 1e9 / Double(count), gaps, "")
    }

    private mutating func fillWheel() {
        var gaps = Gaps()
        for number in 1...count {
            wheel.insert(UInt32(number), in: &records)
            gaps.lap()
        }
        let bytes = bytesEach()
        print("due: insert", gaps.seconds * 1e9 / Double(count), gaps, bytes)
    }

    /// Everything goes out and comes back 30 days later: random slots in the order of their times.
    private mutating func turnWheel() {
        let month: Int64 = 2_592_000_000_000
        var due: [UInt32] = []
        due.reserveCapacity(1_024)
        var handedOut = 0
        var now: Int64 = 0
        var gaps = Gaps()
        while handedOut < count {
            // Every 0.5 s at 1 M and 50 ms at 10 M: five calls for each slot.
            now += 50_000 * 10_000_000 / Int64(count)
            var isMore = true
            while isMore {
                due.removeAll(keepingCapacity: true)
                isMore = wheel.advance(to: now, countMax: 256, in: &records, into: &due)
                gaps.lap()
                for slot in due {
                    records[slot].dueMicroseconds += month
                    wheel.insert(slot, in: &records)
                }
                handedOut += due.count
                gaps.lap()
            }
        }
        print(
            "due: advance by 256, insert again", gaps.seconds * 1e9 / Double(handedOut), gaps,
            bytesEach())
    }

    private mutating func removeFromIndex() {
        var gaps = Gaps()
        var slot = 0
        for _ in 0..<count {
            // A prime step visits each slot once, in an order that memory can't foresee.
            slot = (slot + 7_368_787) % count
            index.remove(UInt32(slot + 1), in: records)
            gaps.lap()
        }
        precondition(index.count == 0, "slots left in the index")
        print("index: remove", gaps.seconds * 1e9 / Double(count), gaps, "")
    }
}
