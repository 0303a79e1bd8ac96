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
        Self.noteHolder(descriptor)
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

    /// Notes who holds the lock, for the message of whoever comes second.
    ///
    /// The lock is `flock`'s: on a full disk the note may fail, and the daemon that is to make room
    /// must start all the same. Written over the old note first, which needs no new block.
    private static func noteHolder(_ descriptor: borrowing Descriptor) {
        let bytes = Array("\(getpid())\n".utf8)
        // The buffer and its length belong together.
        guard unsafe pwrite(descriptor.number, bytes, bytes.count, 0) == bytes.count else { return }
        _ = ftruncate(descriptor.number, off_t(bytes.count))
    }
}
