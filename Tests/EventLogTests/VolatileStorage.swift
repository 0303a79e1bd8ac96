import Glibc
import Storage
import Synchronization

/// A disk in memory that knows what was synced and fails when told to.
final class VolatileStorage: Storage {
    /// What a crash would leave of a file beside what programs see of it.
    private struct Node {
        var bytes: [UInt8] = []
        var synced: [UInt8] = []
        /// Bytes whose sync failed: programs see them, no later sync writes them, as on Linux.
        var lost: Set<Int> = []

        mutating func sync() {
            var durable = bytes
            for offset in lost where offset < durable.count {
                durable[offset] = offset < synced.count ? synced[offset] : 0
            }
            synced = durable
        }

        mutating func failToSync() {
            for (offset, byte) in bytes.enumerated()
            where offset >= synced.count || synced[offset] != byte {
                lost.insert(offset)
            }
        }
    }
    private struct State {
        var nodes: [Int: Node] = [:]
        var names: [String: Int] = [:]
        var durableNames: [String: Int] = [:]
        var directories: Set<String> = ["/"]
        var durableDirectories: Set<String> = ["/"]
        var operations = 0
        var failingOperation: Int?
        var failed: StorageError.Operation?
        var failedPath: String?
        var operationsAfterFailure = 0
        var holder: Int32?
        var refusedSuffix: String?
    }
    private let state = Mutex(State())

    /// Writes, syncs and changes of names so far.
    var operations: Int { state.withLock { $0.operations } }
    /// Writes, syncs and changes of names that came after the one that failed.
    var operationsAfterFailure: Int { state.withLock { $0.operationsAfterFailure } }
    /// What failed.
    var failed: StorageError.Operation? { state.withLock { $0.failed } }
    /// Whether what failed was the making of a next segment, which is tried again later.
    var hasFailedAhead: Bool {
        state.withLock { $0.failedPath?.hasSuffix("/next.preparing") ?? false }
    }
    var fileNames: [String] { state.withLock { $0.names.keys.sorted() } }

    /// Lets the N-th change from now on fail, counted from 1.
    func fail(operation number: Int) {
        state.withLock { state in
            state.failingOperation = state.operations + number
            state.failed = nil
            state.operationsAfterFailure = 0
        }
    }

    /// Lets the renaming of files whose names end so fail, until it is called with nil.
    func refuseRenames(of suffix: String?) {
        state.withLock { $0.refusedSuffix = suffix }
    }

    /// The disk after a power cut: only what was synced, under names that were synced.
    func crashed() -> VolatileStorage {
        let image = VolatileStorage()
        state.withLock { state in
            var copy = State()
            copy.durableDirectories = state.durableDirectories
            copy.directories = state.durableDirectories
            for (name, number) in state.durableNames
            where state.durableDirectories.contains(Self.parent(name)) {
                guard let node = state.nodes[number] else { continue }
                copy.nodes[number] = Node(bytes: node.synced, synced: node.synced)
                copy.names[name] = number
            }
            copy.durableNames = copy.names
            image.adopt(copy)
        }
        return image
    }

    /// The same disk, for a program that was killed while the machine went on.
    func killed() -> VolatileStorage {
        let image = VolatileStorage()
        state.withLock { state in
            var copy = state
            copy.holder = nil
            copy.failingOperation = nil
            image.adopt(copy)
        }
        return image
    }

    func bytes(of path: String) -> [UInt8]? {
        state.withLock { state in state.names[path].flatMap { state.nodes[$0]?.bytes } }
    }

    /// Puts bytes into a file, as damage does: behind everyone's back.
    func replace(_ path: String, with bytes: [UInt8]) {
        state.withLock { state in
            guard let number = state.names[path] else { return }
            state.nodes[number] = Node(bytes: bytes, synced: bytes)
        }
    }

    private func adopt(_ copy: consuming sending State) {
        let copy = copy
        state.withLock { $0 = copy }
    }

    static func parent(_ path: String) -> String {
        let names = path.split(separator: "/").dropLast()
        return "/" + names.joined(separator: "/")
    }
}

extension VolatileStorage {
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        if case .create = mode {
            try change(path, .create) { state in
                guard state.names[path] == nil else { return EEXIST }
                guard state.directories.contains(Self.parent(path)) else { return ENOENT }
                let number = (state.nodes.keys.max() ?? 0) + 1
                state.nodes[number] = Node()
                state.names[path] = number
                return nil
            }
        }
        guard let number = state.withLock({ $0.names[path] }) else {
            throw StorageError(path: path, operation: .open, errno: ENOENT)
        }
        return File(storage: self, path: path, number: number)
    }

    func list(_ directory: String) throws(StorageError) -> [String] {
        let names = state.withLock { state -> [String]? in
            guard state.directories.contains(directory) else { return nil }
            return (Array(state.names.keys) + Array(state.directories))
                .filter { $0 != "/" && Self.parent($0) == directory }
                .map { String($0.split(separator: "/").last ?? "") }
        }
        guard let names else {
            throw StorageError(path: directory, operation: .list, errno: ENOENT)
        }
        return names
    }

    func createDirectory(_ path: String) throws(StorageError) {
        try change(path, .createDirectory) { state in
            state.directories.insert(path)
            return nil
        }
    }

    func syncDirectory(_ path: String) throws(StorageError) {
        try change(path, .syncDirectory) { state in
            state.durableNames = state.durableNames.filter { Self.parent($0.key) != path }
            for (name, number) in state.names where Self.parent(name) == path {
                state.durableNames[name] = number
            }
            for name in state.directories where Self.parent(name) == path {
                state.durableDirectories.insert(name)
            }
            return nil
        }
    }

    func rename(_ path: String, to newPath: String) throws(StorageError) {
        try change(path, .rename) { state in
            if let suffix = state.refusedSuffix, path.hasSuffix(suffix) { return EIO }
            guard let number = state.names.removeValue(forKey: path) else { return ENOENT }
            state.names[newPath] = number
            return nil
        }
    }

    func remove(_ path: String) throws(StorageError) {
        try change(path, .remove) { state in
            state.names.removeValue(forKey: path) == nil ? ENOENT : nil
        }
    }

    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        let isHeld = state.withLock { state in
            defer { state.holder = 1 }
            return state.holder != nil
        }
        guard !isHeld else { throw .held(pid: 1) }
        return Lock(storage: self)
    }

    private func change(
        _ path: String, _ operation: StorageError.Operation,
        _ body: (inout State) -> Int32?
    ) throws(StorageError) {
        let failure = state.withLock { state -> Int32? in
            state.operations += 1
            if state.failed != nil { state.operationsAfterFailure += 1 }
            if state.operations == state.failingOperation {
                state.failed = operation
                state.failedPath = path
                return EIO
            }
            return body(&state)
        }
        if let failure { throw StorageError(path: path, operation: operation, errno: failure) }
    }

    private final class Lock: DirectoryLock {
        private let storage: VolatileStorage

        init(storage: VolatileStorage) {
            self.storage = storage
        }

        func release() {
            storage.state.withLock { $0.holder = nil }
        }
    }

    private final class File: StorageFile {
        let path: String
        private let storage: VolatileStorage
        private let number: Int

        init(storage: VolatileStorage, path: String, number: Int) {
            self.storage = storage
            self.path = path
            self.number = number
        }

        func size() throws(StorageError) -> UInt64 {
            UInt64(storage.state.withLock { $0.nodes[number]?.bytes.count ?? 0 })
        }

        func read(
            _ count: Int, at offset: UInt64, into buffer: inout [UInt8]
        ) throws(StorageError) -> Int {
            let bytes = storage.state.withLock { $0.nodes[number]?.bytes ?? [] }
            let end = min(bytes.count, Int(offset) + count)
            guard Int(offset) < end else { return 0 }
            let found = bytes[Int(offset)..<end]
            if buffer.count < count {
                buffer.append(contentsOf: repeatElement(0, count: count - buffer.count))
            }
            buffer.replaceSubrange(0..<found.count, with: found)
            return found.count
        }

        func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
            // The pointer does not leave the closure.
            let copy = unsafe bytes.withUnsafeBytes { unsafe Array($0) }
            let end = Int(offset) + copy.count
            try storage.change(path, .write) { state in
                guard var node = state.nodes.removeValue(forKey: number) else { return EBADF }
                if node.bytes.count < end {
                    node.bytes.append(contentsOf: repeatElement(0, count: end - node.bytes.count))
                }
                node.bytes.replaceSubrange(Int(offset)..<end, with: copy)
                for written in Int(offset)..<end { node.lost.remove(written) }
                state.nodes[number] = node
                return nil
            }
        }

        func sync() throws(StorageError) {
            do throws(StorageError) {
                try storage.change(path, .sync) { state in
                    state.nodes[number]?.sync()
                    return nil
                }
            } catch {
                storage.state.withLock { $0.nodes[number]?.failToSync() }
                throw error
            }
        }

        func reserve(_ byteCount: UInt64) throws(StorageError) {
            if try size() < byteCount { try truncate(to: byteCount) }
        }

        func truncate(to byteCount: UInt64) throws(StorageError) {
            try storage.change(path, .truncate) { state in
                let bytes = state.nodes[number]?.bytes ?? []
                let rest = repeatElement(UInt8(0), count: max(0, Int(byteCount) - bytes.count))
                state.nodes[number]?.bytes = Array(bytes.prefix(Int(byteCount))) + rest
                return nil
            }
        }
    }
}
