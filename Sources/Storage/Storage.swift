/// What the log and the snapshots need from a file system, and nothing more.
///
/// The only door to files: whatever is written through it can be lost, torn or refused by a
/// simulated implementation. An implementation promises that
/// - bytes written to a file survive a power cut once `sync` on that file has returned;
/// - names made, moved or removed in a directory survive once `syncDirectory` on it has returned;
/// - after any failed `write` or `sync` nothing is known about the file's un-synced bytes.
/// Every call blocks. Any thread may call.
package protocol Storage: Sendable {
    /// Opens or makes the file at `path`.
    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile

    /// Names in the directory, without `.` and `..`, in no order.
    func list(_ directory: String) throws(StorageError) -> [String]

    /// Makes one directory; one that is there already is no error.
    func createDirectory(_ path: String) throws(StorageError)

    /// Makes the names in the directory durable.
    func syncDirectory(_ path: String) throws(StorageError)

    /// Gives a file another name; replaces a file of that name in one step.
    func rename(_ path: String, to newPath: String) throws(StorageError)

    /// Removes a file's name.
    func remove(_ path: String) throws(StorageError)

    /// Keeps other processes from locking the same directory until the lock is released.
    func lock(directory: String) throws(LockRefusal) -> any DirectoryLock
}

/// How a file is opened.
package enum OpenMode: Sendable {
    /// It must be there; it will only be read.
    case read
    /// It must be there.
    case readWrite
    /// It must not be there; made empty.
    case create
}

/// An open file, closed when the last reference is gone.
package protocol StorageFile: AnyObject, Sendable {
    var path: String { get }

    /// Bytes up to the end of the file.
    func size() throws(StorageError) -> UInt64

    /// Reads `count` bytes from `offset` on into `buffer` at `position`; it grows if need be.
    ///
    /// Returns how many bytes there were: fewer than `count` only at the end of the file.
    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int

    /// Writes all of `bytes` from `offset` on; not durable before `sync`.
    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError)

    /// Claims disk space up to `byteCount`, so that writes there do not run out of it later.
    ///
    /// Lengthens the file with zeros. As good as the file system's word: one that copies on write,
    /// or a thinly provisioned volume, may still refuse a write.
    func reserve(_ byteCount: UInt64) throws(StorageError)

    /// Lets the disk begin with these written bytes, so that a later `sync` has less to wait for.
    ///
    /// Promises nothing: the bytes are durable after `sync`, which also tells what went wrong.
    func startWriting(_ range: Range<UInt64>)

    /// Makes all bytes written so far durable. After an error it must not be tried again.
    func sync() throws(StorageError)

    /// Cuts the file, or lengthens it with zeros.
    func truncate(to byteCount: UInt64) throws(StorageError)
}

extension StorageFile {
    package func startWriting(_: Range<UInt64>) {}

    /// Reads into the front of `buffer`.
    package func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8]
    ) throws(StorageError) -> Int {
        try read(count, at: offset, into: &buffer, from: 0)
    }
}

/// A directory kept from other processes.
package protocol DirectoryLock: AnyObject, Sendable {
    /// Lets others have the directory; called again it does nothing.
    func release()
}
