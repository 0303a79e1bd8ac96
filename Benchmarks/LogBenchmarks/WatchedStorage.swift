import BenchmarkKit
import ByteCoding
import Storage
import Synchronization

/// The disk, and when it was last used: a limit is measured only while the log's own threads rest.
final class WatchedStorage: Storage {
    private let disk = PosixStorage()
    private let watch = DiskWatch()
    private let isSyncing: Bool

    /// Not syncing: nothing is made durable, for logs that are only read back.
    init(isSyncing: Bool = true) { self.isSyncing = isSyncing }

    /// Waits until nothing has been asked of the disk for a fifth of a second.
    func waitUntilQuiet() { watch.waitUntilQuiet() }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        watch.touch()
        return WatchedFile(try disk.open(path, mode), watch, isSyncing: isSyncing)
    }

    func list(_ directory: String) throws(StorageError) -> [String] {
        try disk.list(directory)
    }

    func createDirectory(_ path: String) throws(StorageError) {
        try disk.createDirectory(path)
    }

    func syncDirectory(_ path: String) throws(StorageError) {
        watch.touch()
        if isSyncing { try disk.syncDirectory(path) }
    }

    func rename(_ path: String, to newPath: String) throws(StorageError) {
        watch.touch()
        try disk.rename(path, to: newPath)
    }

    func remove(_ path: String) throws(StorageError) {
        watch.touch()
        try disk.remove(path)
    }

    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        try disk.lock(directory: directory)
    }
}

/// When the disk was last used.
private final class DiskWatch: Sendable {
    private let lastUse = Atomic<UInt64>(0)
    private static let quietNanoseconds: UInt64 = 200_000_000

    func touch() { lastUse.store(monotonicNanoseconds(), ordering: .relaxed) }

    func waitUntilQuiet() {
        while true {
            let idle = monotonicNanoseconds() - lastUse.load(ordering: .relaxed)
            guard idle < Self.quietNanoseconds else { return }
            pause(nanoseconds: Self.quietNanoseconds - idle)
        }
    }
}

private final class WatchedFile: StorageFile {
    private let file: any StorageFile
    private let watch: DiskWatch
    private let isSyncing: Bool

    init(_ file: any StorageFile, _ watch: DiskWatch, isSyncing: Bool) {
        self.file = file
        self.watch = watch
        self.isSyncing = isSyncing
    }

    var path: String { file.path }

    func size() throws(StorageError) -> UInt64 { try file.size() }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        watch.touch()
        return try file.read(count, at: offset, into: &buffer, from: position)
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        watch.touch()
        try file.write(bytes, at: offset)
    }

    func reserve(_ byteCount: UInt64) throws(StorageError) {
        watch.touch()
        try file.reserve(byteCount)
    }

    func startWriting(_ range: Range<UInt64>) { file.startWriting(range) }

    func sync() throws(StorageError) {
        if isSyncing { try file.sync() }
        watch.touch()
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        watch.touch()
        try file.truncate(to: byteCount)
    }
}
