package import Storage

/// A disk that does one thing otherwise: all that an implementation does not do itself goes to `disk`.
package protocol AlteredStorage: Storage {
    var disk: any Storage { get }
}

extension AlteredStorage {
    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        try disk.open(path, mode)
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        try disk.list(directory)
    }

    package func createDirectory(_ path: String) throws(StorageError) {
        try disk.createDirectory(path)
    }

    package func syncDirectory(_ path: String) throws(StorageError) { try disk.syncDirectory(path) }

    package func rename(_ path: String, to newPath: String) throws(StorageError) {
        try disk.rename(path, to: newPath)
    }

    package func remove(_ path: String) throws(StorageError) { try disk.remove(path) }

    package func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        try disk.lock(directory: directory)
    }
}

/// A file that does one thing otherwise: all that an implementation does not do itself goes to `file`.
package protocol AlteredFile: StorageFile {
    var file: any StorageFile { get }
}

extension AlteredFile {
    package var path: String { file.path }

    package func size() throws(StorageError) -> UInt64 { try file.size() }

    package func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        try file.read(count, at: offset, into: &buffer, from: position)
    }

    package func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        try file.write(bytes, at: offset)
    }

    package func reserve(_ byteCount: UInt64) throws(StorageError) { try file.reserve(byteCount) }

    package func startWriting(_ range: Range<UInt64>) { file.startWriting(range) }

    package func sync() throws(StorageError) { try file.sync() }

    package func truncate(to byteCount: UInt64) throws(StorageError) {
        try file.truncate(to: byteCount)
    }
}
