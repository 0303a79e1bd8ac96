import Glibc
import Storage
import TestKit
import Testing

@Suite struct `The simulated disk` {
    /// A disk with a file of 16 synced sectors of ones, under a synced name.
    private func sample(seed: UInt64 = 1) throws -> (SimulatedStorage, any StorageFile) {
        let disk = SimulatedStorage(seed: seed)
        let file = try disk.open("/a", .create)
        try file.write(bytes: [UInt8](repeating: 1, count: 16 * 512), at: 0)
        try file.sync()
        try disk.syncDirectory("/")
        return (disk, file)
    }

    @Test func `answers like the file system of this machine`() throws {
        let directory = try TemporaryDirectory()
        let real = PosixStorage()
        let disk = SimulatedStorage()
        var onReal = SeededGenerator(seed: 5)
        var onDisk = SeededGenerator(seed: 5)
        for step in 1...2000 {
            let expected = try perform(on: real, in: directory.path, &onReal)
            #expect(try perform(on: disk, in: "", &onDisk) == expected, "step \(step)")
        }
    }

    /// One random operation; gives what it answered.
    private func perform(
        on storage: some Storage, in directory: String, _ generator: inout SeededGenerator
    ) throws -> [UInt8] {
        let path = directory + "/" + generator.pick(["a", "b", "c"])
        let other = directory + "/" + generator.pick(["a", "b", "c"])
        let kind = generator.number(below: 8)
        let offset = UInt64(generator.number(below: 12_000))
        let bytes = (0..<generator.number(below: 5000)).map { UInt8(truncatingIfNeeded: $0) }
        do throws(StorageError) {
            switch kind {
            case 0: _ = try storage.open(path, .create)
            case 1: try storage.rename(path, to: other)
            case 2: try storage.remove(path)
            case 3:
                let names = try storage.list(directory.isEmpty ? "/" : directory)
                return Array(names.sorted().joined().utf8)
            case 4: try storage.open(path, .readWrite).write(bytes: bytes, at: offset)
            case 5: try storage.open(path, .readWrite).truncate(to: offset)
            case 6: try storage.open(path, .readWrite).reserve(offset + 1)
            default:
                let file = try storage.open(path, .read)
                var buffer: [UInt8] = []
                let count = try file.read(4000, at: offset / 2, into: &buffer)
                return Array("\(try file.size())".utf8) + buffer.prefix(count)
            }
            return [0]
        } catch {
            return Array("\(error.operation) \(error.errno)".utf8)
        }
    }

    @Test func `keeps what was synced and tears the rest at sectors`() throws {
        let (disk, file) = try sample()
        try file.write(bytes: [UInt8](repeating: 2, count: 8 * 512), at: 4 * 512)
        var torn = 0
        var contents: Set<[UInt8]> = []
        for seed in 1...200 {
            let found = disk.cutPower().image(seed: UInt64(seed))
            let bytes = try #require(found.storage.bytes(of: "/a"))
            #expect(bytes.count == 16 * 512)
            #expect(bytes.prefix(4 * 512).allSatisfy { $0 == 1 })
            #expect(bytes.suffix(4 * 512).allSatisfy { $0 == 1 })
            for sector in 0..<16 {
                #expect(Set(bytes[sector * 512..<(sector + 1) * 512]).count == 1)
            }
            if found.damage.contains(.tornSectors) { torn += 1 }
            contents.insert(bytes)
        }
        #expect(torn > 20)
        #expect(contents.count > 20)
        #expect(disk.crashed().bytes(of: "/a") == [UInt8](repeating: 1, count: 16 * 512))
        try file.sync()
        #expect(disk.cutPower().isSettled)
        let after = try #require(disk.cutPower().image(seed: 1).storage.bytes(of: "/a"))
        #expect(after == disk.bytes(of: "/a"))
    }

    @Test func `draws the same image from the same seed`() throws {
        let (disk, file) = try sample()
        try file.write(bytes: [UInt8](repeating: 2, count: 8 * 512), at: 9 * 512)
        try disk.rename("/a", to: "/b")
        for seed in UInt64(1)...50 {
            let cut = disk.cutPower()
            let first = cut.image(seed: seed)
            let second = cut.image(seed: seed)
            #expect(first.storage.fingerprint == second.storage.fingerprint)
            #expect(first.damage == second.damage)
        }
    }

    @Test func `shows after a failed sync what no later sync writes`() throws {
        let (disk, file) = try sample()
        try file.write(bytes: [UInt8](repeating: 2, count: 512), at: 0)
        disk.fail(change: 1)
        #expect(throws: StorageError(path: "/a", operation: .sync, errno: EIO)) { try file.sync() }
        try file.sync()
        #expect(disk.bytes(of: "/a")?.first == 2)
        #expect(disk.killed().bytes(of: "/a")?.first == 2)
        #expect(disk.crashed().bytes(of: "/a")?.first == 1)
        let found = (1...50).map {
            disk.cutPower().image(seed: UInt64($0)).storage.bytes(of: "/a")?.first
        }
        #expect(Set(found) == [1, 2])
        // Written anew it is synced like anything else.
        try file.write(bytes: [3], at: 0)
        try file.sync()
        #expect(disk.crashed().bytes(of: "/a")?.prefix(2) == [3, 2])
    }

    @Test func `finds a rename under either name or both, with the file it replaced`() throws {
        let (disk, _) = try sample()
        try disk.open("/b", .create).write(bytes: [7], at: 0)
        try disk.syncDirectory("/")
        try disk.rename("/a", to: "/b")
        var damage: Set<CrashDamage> = []
        for seed in UInt64(1)...100 {
            let found = disk.cutPower().image(seed: seed)
            damage.formUnion(found.damage)
            #expect(found.storage.filePaths.contains("/b"))
            let isKept = found.storage.filePaths.contains { path in
                found.storage.bytes(of: path)?.count == 16 * 512
            }
            #expect(isKept, "the renamed file is gone from \(found.storage.filePaths)")
        }
        let renames: Set<CrashDamage> = [
            .renameOldName, .renameNewName, .renameBothNames, .replacedFileKept,
        ]
        #expect(damage.isSuperset(of: renames))
        try disk.syncDirectory("/")
        #expect(disk.crashed().filePaths == ["/b"])
    }

    @Test func `loses names and directories that were not synced`() throws {
        let disk = SimulatedStorage()
        try disk.createDirectory("/d")
        let file = try disk.open("/d/a", .create)
        try file.write(bytes: [1], at: 0)
        try file.sync()
        try disk.syncDirectory("/d")
        #expect(disk.crashed().filePaths.isEmpty)
        try disk.syncDirectory("/")
        #expect(disk.crashed().filePaths == ["/d/a"])
        try disk.remove("/d/a")
        #expect(disk.filePaths.isEmpty)
        #expect(disk.crashed().filePaths == ["/d/a"])
    }

    @Test func `writes short where it is full and takes back what is freed`() throws {
        let disk = SimulatedStorage()
        disk.limit(toBytes: 3 * 4096)
        let file = try disk.open("/a", .create)
        #expect(throws: StorageError(path: "/a", operation: .write, errno: ENOSPC)) {
            try file.write(bytes: [UInt8](repeating: 1, count: 5 * 4096), at: 0)
        }
        #expect(try file.size() == 3 * 4096)
        #expect(throws: StorageError(path: "/b", operation: .create, errno: ENOSPC)) {
            _ = try disk.open("/b", .create)
        }
        try file.truncate(to: 4096)
        let second = try disk.open("/b", .create)
        try second.reserve(8192)
        #expect(throws: StorageError(path: "/a", operation: .reserve, errno: ENOSPC)) {
            try file.reserve(8192)
        }
        // Claimed before, so there is room.
        try second.write(bytes: [UInt8](repeating: 2, count: 8192), at: 0)
        try disk.remove("/b")
        try file.write(bytes: [UInt8](repeating: 1, count: 3 * 4096), at: 0)
        #expect(disk.counts.outOfSpace == 3)
    }

    @Test func `lets the operation fail that it is told to, once or from then on`() throws {
        let (disk, file) = try sample()
        disk.fail(change: 2, with: StorageFault(ENOSPC, isLasting: true, isShort: true))
        try file.write(bytes: [2], at: 0)
        for _ in 1...2 {
            #expect(throws: StorageError(path: "/a", operation: .write, errno: ENOSPC)) {
                try file.write(bytes: [UInt8](repeating: 3, count: 512), at: 512)
            }
        }
        #expect(disk.counts.failed == .write)
        #expect(disk.counts.faults == [.write: 2])
        #expect(disk.counts.changesAfterFailure == 1)
        disk.heal()
        disk.fail(look: 1)
        #expect(throws: StorageError(path: "/", operation: .list, errno: EIO)) {
            _ = try disk.list("/")
        }
        #expect(try disk.list("/") == ["a"])
    }

    @Test func `lets go of a lock with its owner or when its holder is killed`() throws {
        let disk = SimulatedStorage()
        let lock = try disk.lock(directory: "/")
        #expect(throws: LockRefusal.held(pid: nil)) { _ = try disk.lock(directory: "/") }
        _ = try disk.killed().lock(directory: "/")
        lock.release()
        let second = try disk.lock(directory: "/")
        lock.release()
        #expect(throws: LockRefusal.held(pid: nil)) { _ = try disk.lock(directory: "/") }
        withExtendedLifetime(second) {}
    }
}
