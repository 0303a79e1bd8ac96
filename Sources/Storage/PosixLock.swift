import Glibc
import Synchronization

/// A `LOCK` file with this process's id, held by `flock`: a killed process leaves no lock behind.
final class PosixLock: DirectoryLock {
    /// The file stays when the lock goes: removing it would let two processes hold two files.
    static let fileName = "LOCK"

    private let descriptor: Descriptor
    private let isHeld = Atomic(true)

    init(directory: String) throws(LockRefusal) {
        let path = directory + "/" + Self.fileName
        do throws(StorageError) {
            descriptor = try Descriptor(path, O_RDWR | O_CREAT, operation: .lock)
        } catch {
            throw .io(error)
        }
        guard flock(descriptor.number, LOCK_EX | LOCK_NB) == 0 else {
            let failure = errno
            guard failure == EWOULDBLOCK else {
                throw .io(StorageError(path: path, operation: .lock, errno: failure))
            }
            throw .held(pid: Self.readHolder(descriptor))
        }
        guard Self.writeHolder(descriptor) else {
            throw .io(StorageError(path: path, operation: .lock, errno: errno))
        }
    }

    func release() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        _ = flock(descriptor.number, LOCK_UN)
    }

    private static func readHolder(_ descriptor: borrowing Descriptor) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        // The buffer and its length belong together.
        let count = unsafe pread(descriptor.number, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes.prefix(count).prefix { $0 != 10 }, as: UTF8.self))
    }

    private static func writeHolder(_ descriptor: borrowing Descriptor) -> Bool {
        let bytes = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor.number, 0) == 0 else { return false }
        // The buffer and its length belong together.
        return unsafe pwrite(descriptor.number, bytes, bytes.count, 0) == bytes.count
    }
}
