package import Storage
import Synchronization

extension SimulatedStorage {
    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        if case .create = mode {
            try change(.create, path) { $0.createFile(path) }
        }
        let number = try look(.open, path) { $0.fileNumber(path) }
        return SimulatedFile(storage: self, path: path, number: number)
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        try look(.list, directory) { $0.names(in: directory) }
    }

    package func createDirectory(_ path: String) throws(StorageError) {
        try change(.createDirectory, path) { $0.createDirectory(path) }
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        try change(.syncDirectory, path) { $0.syncDirectory(path) }
    }

    package func rename(_ path: String, to newPath: String) throws(StorageError) {
        try change(.rename, path) { $0.rename(path, to: newPath) }
    }

    package func remove(_ path: String) throws(StorageError) {
        try change(.remove, path) { $0.remove(path) }
    }

    package func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        guard holdLock(on: directory) else { throw .held(pid: nil) }
        return SimulatedLock(storage: self, directory: directory)
    }
}

/// A lock on a directory of a simulated disk, let go with its owner.
private final class SimulatedLock: DirectoryLock {
    private let storage: SimulatedStorage
    private let directory: String
    private let isHeld = Atomic(true)

    init(storage: SimulatedStorage, directory: String) {
        self.storage = storage
        self.directory = directory
    }

    deinit { release() }

    func release() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        storage.releaseLock(on: directory)
    }
}

/// An open file of a simulated disk.
private final class SimulatedFile: StorageFile {
    let path: String
    private let storage: SimulatedStorage
    private let number: Int

    init(storage: SimulatedStorage, path: String, number: Int) {
        self.storage = storage
        self.path = path
        self.number = number
    }

    func size() throws(StorageError) -> UInt64 {
        UInt64(try storage.look(.size, path) { $0.nodes[number].visible.byteCount })
    }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        let content = try storage.look(.read, path) { $0.nodes[number].visible }
        return content.read(count, at: Int(offset), into: &buffer, from: position)
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        // The pointer does not leave the closure.
        let bytes = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
        try storage.change(.write, path) { contents, fault in
            guard fault.isShort else { return }
            let part = Array(bytes.prefix(contents.generator.number(below: bytes.count + 1)))
            _ = contents.disk.write(part, at: Int(offset), to: number)
        } _: { disk in
            disk.write(bytes, at: Int(offset), to: number)
        }
    }

    func reserve(_ byteCount: UInt64) throws(StorageError) {
        try storage.change(.reserve, path) { $0.reserve(Int(byteCount), for: number) }
    }

    func sync() throws(StorageError) {
        try storage.change(.sync, path) { contents, _ in
            contents.disk.failToSync(number)
        } _: { disk in
            disk.sync(number)
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        try storage.change(.truncate, path) { $0.truncate(number, to: Int(byteCount)) }
    }
}
