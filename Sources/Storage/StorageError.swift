import Glibc

/// A refusal by the operating system.
package struct StorageError: Error, Equatable, Sendable {
    package let path: String
    package let operation: Operation
    package let errno: Int32

    package init(path: String, operation: Operation, errno: Int32) {
        self.path = path
        self.operation = operation
        self.errno = errno
    }

    /// True where the disk, or this user's share of it, is full.
    package var isOutOfSpace: Bool { errno == ENOSPC || errno == EDQUOT }

    /// What was asked of the operating system.
    package enum Operation: String, Sendable {
        case open, create, read, write, sync, truncate, rename, remove, list, lock
        case createDirectory = "create directory"
        case syncDirectory = "sync directory"
        case reserve = "reserve space for"
        case size = "ask the size of"
    }
}

extension StorageError: CustomStringConvertible {
    package var description: String {
        "cannot \(operation.rawValue) \(path): \(Self.text(of: errno)) (errno \(errno))"
    }

    /// The system's words for an errno.
    package static func text(of errno: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        // The buffer outlives the call, its length goes with it, and strerror_r ends it with a zero.
        let status = unsafe strerror_r(errno, &buffer, buffer.count)
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return status == 0 ? String(decoding: bytes, as: UTF8.self) : "unknown error"
    }
}

/// Why a directory could not be locked.
package enum LockRefusal: Error, Equatable, Sendable {
    /// Another process holds it; nil where it has not written its id yet.
    case held(pid: Int32?)
    case io(StorageError)
}
