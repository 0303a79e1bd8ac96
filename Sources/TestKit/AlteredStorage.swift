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
