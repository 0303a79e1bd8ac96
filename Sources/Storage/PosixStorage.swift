import Glibc

/// The file system of this machine.
package struct PosixStorage: Storage {
    package init() {}

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        try PosixFile(path, mode)
    }

    package func list(_ directory: String) throws(StorageError) -> [String] {
        guard let stream = unsafe opendir(directory) else {
            throw StorageError(path: directory, operation: .list, errno: errno)
        }
        // The stream is this function's own until it returns; no other thread reads it.
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while true {
            // readdir tells its end from an error by errno alone.
            errno = 0
            guard let entry = unsafe readdir(stream) else { break }
            let name = unsafe Self.name(of: entry)
            if name != "." && name != ".." { names.append(name) }
        }
        guard errno == 0 else {
            throw StorageError(path: directory, operation: .list, errno: errno)
        }
        return names
    }

    package func createDirectory(_ path: String) throws(StorageError) {
        // Here and below Swift ends the path with a zero for the time of the call.
        guard unsafe mkdir(path, 0o750) != 0 else { return }
        let failure = errno
        guard failure == EEXIST else {
            throw StorageError(path: path, operation: .createDirectory, errno: failure)
        }
        // A file of that name is not a directory that is there already.
        _ = try Descriptor(path, O_RDONLY | O_DIRECTORY, operation: .createDirectory)
    }

    package func syncDirectory(_ path: String) throws(StorageError) {
        let directory = try Descriptor(path, O_RDONLY | O_DIRECTORY, operation: .syncDirectory)
        guard fsync(directory.number) == 0 else {
            throw StorageError(path: path, operation: .syncDirectory, errno: errno)
        }
    }

    package func rename(_ path: String, to newPath: String) throws(StorageError) {
        guard unsafe Glibc.rename(path, newPath) == 0 else {
            throw StorageError(path: path, operation: .rename, errno: errno)
        }
    }

    package func remove(_ path: String) throws(StorageError) {
        guard unsafe unlink(path) == 0 else {
            throw StorageError(path: path, operation: .remove, errno: errno)
        }
    }

    package func lock(directory: String) throws(LockRefusal) -> any DirectoryLock {
        try PosixLock(directory: directory)
    }

    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String {
        // readdir ends d_name with a zero inside the entry, which lives until the next readdir.
        unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
            unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) {
                unsafe String(cString: $0)
            }
        }
    }
}
