import CFiles
import Glibc

/// A file of this machine, read and written at explicit offsets, so threads do not disturb each other.
final class PosixFile: StorageFile {
    let path: String
    private let descriptor: Descriptor

    init(_ path: String, _ mode: OpenMode) throws(StorageError) {
        self.path = path
        switch mode {
        case .read: descriptor = try Descriptor(path, O_RDONLY, operation: .open)
        case .readWrite: descriptor = try Descriptor(path, O_RDWR, operation: .open)
        case .create:
            descriptor = try Descriptor(path, O_RDWR | O_CREAT | O_EXCL, operation: .create)
        }
    }

    func size() throws(StorageError) -> UInt64 {
        var status = stat()
        // The record is this function's own and as large as the call expects.
        guard unsafe fstat(descriptor.number, &status) == 0 else { throw failure(.size) }
        return UInt64(status.st_size)
    }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        precondition(count >= 0 && position >= 0, "cannot read \(count) bytes to \(position)")
        if buffer.count < position + count {
            buffer.append(contentsOf: repeatElement(0, count: position + count - buffer.count))
        }
        var done = 0
        while done < count {
            // In bounds: position + count <= buffer.count, and the kernel writes at most count - done.
            let got = unsafe buffer.withUnsafeMutableBytes {
                unsafe pread(
                    descriptor.number, $0.baseAddress?.advanced(by: position + done), count - done,
                    off_t(offset) + off_t(done))
            }
            if got == 0 { break }
            if got > 0 { done += got } else if errno != EINTR { throw failure(.read) }
        }
        return done
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        var done = 0
        while done < bytes.byteCount {
            // In bounds: done < byteCount, and the kernel reads at most byteCount - done.
            let put = unsafe bytes.withUnsafeBytes {
                unsafe pwrite(
                    descriptor.number, $0.baseAddress?.advanced(by: done),
                    bytes.byteCount - done, off_t(offset) + off_t(done))
            }
            // A short write goes on; where the disk is full, the next round says so.
            if put > 0 { done += put } else if put == 0 || errno != EINTR { throw failure(.write) }
        }
    }

    func startWriting(_ range: Range<UInt64>) {
        daybook_start_writing(
            descriptor.number, off_t(range.lowerBound), off_t(range.count))
    }

    func sync() throws(StorageError) {
        // Also EINTR counts as failed: whether the pages were written is not known.
        guard fdatasync(descriptor.number) == 0 else { throw failure(.sync) }
    }

    func reserve(_ byteCount: UInt64) throws(StorageError) {
        while true {
            // Gives the error instead of setting errno.
            let failure = posix_fallocate(descriptor.number, 0, off_t(byteCount))
            if failure == 0 { return }
            guard failure == EINTR else {
                throw StorageError(path: path, operation: .reserve, errno: failure)
            }
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        while ftruncate(descriptor.number, off_t(byteCount)) != 0 {
            guard errno == EINTR else { throw failure(.truncate) }
        }
    }

    private func failure(_ operation: StorageError.Operation) -> StorageError {
        StorageError(path: path, operation: operation, errno: errno)
    }
}
