import Storage

/// The real file system, with syncs left out where a test is to see what that costs.
struct CarelessStorage: Storage {
    let syncsFiles: Bool
    let syncsDirectories: Bool
    private let real = PosixStorage()

    init(syncsFiles: Bool, syncsDirectories: Bool) {
        self.syncsFiles = syncsFiles
        self.syncsDirectories = syncsDirectories
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let file = try real.open(path, mode)
        return syncsFiles ? file : UnsyncedFile(real: file)
    }

    func list(_ directory: String) throws(StorageError) -> [String] {
        try real.list(directory)
    }

    func createDirectory(_ path: String) throws(StorageError) {
        try real.createDirectory(path)
    }

    func syncDirectory(_ path: String) throws(StorageError) {
        if syncsDirectories { try real.syncDirectory(path) }
    }

    func rename(_ path: String, to newPath: String) throws(StorageError) {
        try real.rename(path, to: newPath)
    }

    func remove(_ path: String) throws(StorageError) { try real.remove(path) }

    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        try real.lock(directory: directory)
    }
}

private final class UnsyncedFile: StorageFile {
    private let real: any StorageFile

    init(real: any StorageFile) {
        self.real = real
    }

    var path: String { real.path }

    func size() throws(StorageError) -> UInt64 { try real.size() }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        try real.read(count, at: offset, into: &buffer, from: position)
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        try real.write(bytes, at: offset)
    }

    func reserve(_ byteCount: UInt64) throws(StorageError) { try real.reserve(byteCount) }

    /// Says that it has, and has not.
    func sync() {}

    func truncate(to byteCount: UInt64) throws(StorageError) {
        try real.truncate(to: byteCount)
    }
}
