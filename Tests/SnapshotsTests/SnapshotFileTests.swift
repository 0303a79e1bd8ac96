import ByteCoding
import Glibc
import Snapshots
import Storage
import Synchronization
import TestKit
import Testing
import Units

private let head = SnapshotHead(
    logHigh: 1, logLow: 2, lsn: LSN(rawValue: 7), time: WallTime(microseconds: 3))
private let end = SnapshotEnd(jobs: 5, digest: 0xABCD)

/// A disk with a data directory.
private func disk() throws -> SimulatedStorage {
    let storage = SimulatedStorage(seed: 1)
    try storage.createDirectory("/data")
    return storage
}

/// A snapshot of a few parts, written and published.
private func write(
    _ head: SnapshotHead = head, to storage: SimulatedStorage,
    in known: SnapshotDirectory? = nil,
    keeping: SnapshotKeeping = SnapshotKeeping(from: .zero, countMax: 0, bytesMax: 0)
) throws -> SnapshotDirectory {
    let directory = known ?? SnapshotDirectory("/data", storage: storage)
    var writer = try SnapshotWriter(head, in: directory)
    for kind in 1...4 as ClosedRange<UInt8> { try writer.append(part(kind)) }
    try writer.seal(end)
    try writer.publish(keeping: keeping)
    return directory
}

/// Bytes that LZ4 makes less of, but for those of the last.
private func part(_ kind: UInt8) -> (kind: UInt8, bytes: [UInt8]) {
    if kind == 4 {
        return (kind, (0..<100).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 0x9E37_79B9 >> 13) })
    }
    return (kind, (0..<400).map { UInt8(truncatingIfNeeded: $0 &* Int(kind) / 7) })
}

extension SnapshotWriter {
    fileprivate mutating func append(_ part: (kind: UInt8, bytes: [UInt8])) throws(StorageError) {
        try append(kind: part.kind, count: 2, part.bytes.rawBytes)
    }
}

extension SnapshotFile {
    /// The bytes of all parts.
    fileprivate func contents() throws(SnapshotError) -> [[UInt8]] {
        var all: [[UInt8]] = []
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        for part in parts {
            try read(part, into: &raw, stored: &stored)
            all.append(Array(raw.prefix(part.byteCount)))
        }
        return all
    }
}

/// Which of snapshots of these sizes stay, all events of which are as far apart, beside two good ones.
private func kept(_ bytes: [UInt64], _ keeping: SnapshotKeeping) throws -> [UInt64] {
    let storage = try disk()
    let directory = SnapshotDirectory("/data", storage: storage)
    try storage.createDirectory("/data/snapshots")
    for (place, bytes) in bytes.enumerated() {
        let lsn = LSN(rawValue: UInt64(10 * (place + 1)))
        let file = try storage.open(directory.path(of: lsn), .create)
        try file.truncate(to: bytes)
    }
    for place in bytes.count + 1...bytes.count + 2 {
        var last = head
        last.lsn = LSN(rawValue: UInt64(10 * place))
        _ = try write(last, to: storage, keeping: keeping)
    }
    return try directory.list().map(\.rawValue)
}

@Suite struct `Old snapshots` {
    @Test func `stay as far as number and bytes allow, spread over the log`() throws {
        let nine = [UInt64](repeating: 100, count: 9)
        func keeping(
            _ countMax: Int, _ bytesMax: UInt64, from: UInt64 = 0
        ) -> SnapshotKeeping {
            SnapshotKeeping(
                from: LSN(rawValue: from), countMax: countMax, bytesMax: bytesMax)
        }
        // The two newest in any case.
        #expect(try kept(nine, keeping(0, .max)) == [110, 100])
        #expect(try kept(nine, keeping(9, 0)) == [110, 100])
        #expect(try kept(nine, keeping(9, .max)) == (1...11).reversed().map { $0 * 10 })
        let three = try kept(nine, keeping(3, .max))
        #expect(three.count == 5)
        #expect(zip(three.dropFirst(), three.dropFirst(2)).allSatisfy { $0 - $1 <= 40 })
        #expect(try kept(nine, keeping(9, 250)).count == 4)
        // Of no use where the log begins later.
        #expect(try kept(nine, keeping(9, .max, from: 75)) == [110, 100, 90, 80])
    }
}

@Suite struct `A snapshot file` {
    @Test func `reads back as it was written`() throws {
        let storage = try disk()
        let directory = try write(to: storage)
        #expect(try directory.list() == [head.lsn])
        let file = try SnapshotFile(directory.path(of: head.lsn), storage: storage)
        #expect(file.head == head)
        #expect(file.end == end)
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        for (index, found) in file.parts.enumerated() {
            let wanted = part(UInt8(index + 1))
            try file.read(found, into: &raw, stored: &stored)
            #expect(found.kind == wanted.kind && found.count == 2)
            #expect(Array(raw.prefix(found.byteCount)) == wanted.bytes)
        }
        #expect(file.parts.count == 4)
    }

    /// A few bits of a compressed body make no difference: a copy from elsewhere in the same run.
    ///
    /// The checksum is of what comes out, so it is right to take that.
    @Test func `with any one bit turned over is refused, or reads back the same`() throws {
        let storage = try disk()
        let path = try write(to: storage).path(of: head.lsn)
        let byteCount = try #require(storage.bytes(of: path)).count
        let whole = try SnapshotFile(path, storage: storage).contents()
        var sameCount = 0
        for bit in 0..<byteCount * 8 {
            storage.flip(bit: bit, of: path)
            do throws(SnapshotError) {
                let contents = try SnapshotFile(path, storage: storage).contents()
                #expect(contents == whole, "bit \(bit)")
                sameCount += 1
            } catch {
                #expect("\(error)".contains(path), "bit \(bit)")
            }
            storage.flip(bit: bit, of: path)
        }
        #expect(sameCount < byteCount / 4)
        #expect(try SnapshotFile(path, storage: storage).contents() == whole)
    }

    /// What another thread makes of a damaged part is not used, and what it says about it not told.
    @Test(arguments: [false, true], [false, true])
    func `damaged in a part is used up to there`(isThreaded: Bool, isRefused: Bool) throws {
        struct Refusal: Error {}
        let storage = try disk()
        let path = try write(to: storage).path(of: head.lsn)
        let byteCount = try #require(storage.bytes(of: path)).count
        // In the middle of the last part's 100 bytes; behind it are a head of 32 bytes and the 24 of the end.
        storage.flip(bit: (byteCount - 56 - 50) * 8, of: path)
        let file = try SnapshotFile(path, storage: storage)
        var used: [UInt8] = []
        #expect(throws: SnapshotError.self) {
            try file.forEachPart(
                ofKinds: { _ in true }, isThreaded: isThreaded,
                prepare: { part, _ in if isRefused, part.kind == 4 { throw Refusal() } }
            ) { part, _, _ in used.append(part.kind) }
        }
        #expect(used == [1, 2, 3])
    }

    /// Nothing is made room for that the bytes behind a head cannot be.
    @Test func `whose first part promises more than LZ4 can make of it is refused`() throws {
        let storage = try disk()
        let path = try write(to: storage).path(of: head.lsn)
        var bytes = try #require(storage.bytes(of: path))
        let seed = bytes.rawBytes.fixed(at: 60, as: UInt32.self)
        // The head of the first part: its decompressed length, and the checksum behind it.
        bytes.replaceSubrange(64 + 16..<64 + 20, with: [0, 0, 0x40, 0])
        let checksum = crc32c(bytes.rawBytes.extracting(64..<64 + 28), continuing: seed)
        bytes.replaceSubrange(
            64 + 28..<64 + 32, with: (0..<4).map { UInt8(truncatingIfNeeded: checksum >> (8 * $0)) }
        )
        try storage.open(path, .readWrite).write(bytes.rawBytes, at: 0)
        let error = try #require(throws: SnapshotError.self) {
            try SnapshotFile(path, storage: storage)
        }
        #expect("\(error)".contains("head of part 0"))
    }

    @Test func `cut short or with more behind it is refused`() throws {
        let storage = try disk()
        let path = try write(to: storage).path(of: head.lsn)
        let whole = try #require(storage.bytes(of: path))
        let file = try storage.open(path, .readWrite)
        for byteCount in Array(0..<whole.count) + [whole.count + 1, whole.count + 64] {
            try file.truncate(to: UInt64(byteCount))
            #expect(throws: SnapshotError.self, "\(byteCount) bytes") {
                try SnapshotFile(path, storage: storage).check()
            }
            try file.truncate(to: 0)
            try file.write(whole.rawBytes, at: 0)
        }
        try SnapshotFile(path, storage: storage).check()
    }

    @Test func `is there whole or not at all after a power cut at any change of the disk`() throws {
        let storage = try disk()
        let cuts = Mutex<[PowerCut]>([])
        storage.watch { cut in cuts.withLock { $0.append(cut) } }
        _ = try write(to: storage)
        let taken = cuts.withLock { $0 }
        #expect(taken.count > 8)
        for cut in taken {
            for seed in 1...16 as ClosedRange<UInt64> {
                let left = cut.image(seed: seed).storage
                let directory = SnapshotDirectory("/data", storage: left)
                for lsn in try directory.list() {
                    try SnapshotFile(directory.path(of: lsn), storage: left).check()
                }
            }
        }
    }

    @Test func `that was published survives a power cut`() throws {
        let storage = try disk()
        try storage.syncDirectory("/")
        let directory = try write(to: storage)
        let left = storage.cutPower().synced()
        let found = SnapshotDirectory("/data", storage: left)
        #expect(try found.list() == [head.lsn])
        try SnapshotFile(directory.path(of: head.lsn), storage: left).check()
    }

    @Test func `is not there where its name cannot be made durable`() throws {
        let storage = try disk()
        let directory = try write(to: storage)
        storage.refuse(.syncDirectory, of: "/snapshots", with: StorageFault(EIO))
        var next = head
        next.lsn = head.lsn.next
        #expect(throws: StorageError.self) { try write(next, to: storage) }
        #expect(try directory.list() == [head.lsn])
        storage.heal()
        _ = try write(next, to: storage)
        #expect(try directory.list() == [next.lsn, head.lsn])
    }

    @Test func `lets the log go once its name and that of another survive a power cut`() throws {
        let storage = try disk()
        try storage.syncDirectory("/")
        let directory = try write(to: storage)
        #expect(try directory.coveredTwice() == .zero)
        // A predecessor gave it the name, and was killed before the sync.
        let next = head.lsn.next
        var nextHead = head
        nextHead.lsn = next
        let elsewhere = try disk()
        let written = try write(nextHead, to: elsewhere)
        let bytes = try #require(elsewhere.bytes(of: written.path(of: next)))
        let file = try storage.open(directory.path(of: next), .create)
        try file.write(bytes.rawBytes, at: 0)
        try file.sync()
        storage.refuse(.syncDirectory, of: "/snapshots", with: StorageFault(EIO))
        #expect(throws: StorageError.self) { try directory.coveredTwice() }
        storage.heal()
        #expect(try directory.coveredTwice() == head.lsn)
        let left = SnapshotDirectory("/data", storage: storage.cutPower().synced())
        #expect(try left.list() == [next, head.lsn])
    }

    @Test func `is one of two: older ones go`() throws {
        let storage = try disk()
        for number in 1...4 as ClosedRange<UInt64> {
            var head = head
            head.lsn = LSN(rawValue: number)
            _ = try write(head, to: storage)
        }
        let directory = SnapshotDirectory("/data", storage: storage)
        #expect(try directory.list() == [LSN(rawValue: 4), LSN(rawValue: 3)])
    }

    @Test func `that has rotted is not one of two`() throws {
        let storage = try disk()
        for number in 1...3 as ClosedRange<UInt64> {
            var head = head
            head.lsn = LSN(rawValue: number)
            let directory = try write(head, to: storage)
            if number == 2 { storage.flip(bit: 8 * 120, of: directory.path(of: head.lsn)) }
        }
        // Another process: nothing is known of any.
        let directory = SnapshotDirectory("/data", storage: storage)
        #expect(try directory.list() == [3, 2, 1].map(LSN.init(rawValue:)))
        #expect(try directory.coveredTwice() == LSN(rawValue: 1))
        var last = head
        last.lsn = LSN(rawValue: 4)
        _ = try write(last, to: storage)
        #expect(try directory.coveredTwice() == LSN(rawValue: 3))
        #expect(try directory.list() == [4, 3].map(LSN.init(rawValue:)))
    }

    @Test func `that rots in the life of one process is not one of two`() throws {
        let storage = try disk()
        let directory = SnapshotDirectory("/data", storage: storage)
        for number in 1...3 as ClosedRange<UInt64> {
            var head = head
            head.lsn = LSN(rawValue: number)
            _ = try write(head, to: storage, in: directory)
            if number == 2 { storage.flip(bit: 8 * 120, of: directory.path(of: head.lsn)) }
        }
        #expect(try directory.list() == [3, 2, 1].map(LSN.init(rawValue:)))
        #expect(try directory.coveredTwice() == LSN(rawValue: 1))
    }

    @Test func `that the disk damaged while it was written is not published`() throws {
        let storage = try disk()
        let directory = SnapshotDirectory("/data", storage: storage)
        var writer = try SnapshotWriter(head, in: directory)
        try writer.append(part(1))
        storage.flip(bit: 8 * 120, of: directory.path(of: head.lsn) + ".writing")
        #expect(throws: SnapshotError.self) { try writer.seal(end) }
    }

    @Test func `that is set aside is not listed`() throws {
        let storage = try disk()
        let directory = try write(to: storage)
        try directory.setAside(head.lsn)
        #expect(try directory.list() == [])
        #expect(storage.bytes(of: directory.path(of: head.lsn) + ".damaged") != nil)
    }

    @Test func `half written is removed before the next one`() throws {
        let storage = try disk()
        var older = head
        older.lsn = LSN(rawValue: 6)
        var writer = try SnapshotWriter(
            older, in: SnapshotDirectory("/data", storage: storage))
        try writer.append(part(1))
        _ = try write(to: storage)
        #expect(storage.filePaths.filter { $0.hasSuffix(".writing") } == [])
    }
}
