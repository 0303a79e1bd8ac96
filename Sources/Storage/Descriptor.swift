import Glibc

/// An open file descriptor; closed with its owner.
struct Descriptor: ~Copyable {
    let number: Int32

    init(
        _ path: String, _ flags: Int32, operation: StorageError.Operation
    ) throws(StorageError) {
        while true {
            // Swift ends the path with a zero for the time of the call.
            let number = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o640)
            if number >= 0 {
                self.number = number
                return
            }
            guard errno == EINTR else {
                throw StorageError(path: path, operation: operation, errno: errno)
            }
        }
    }

    deinit {
        // Nothing depends on it: what must be durable was synced, and errors were seen there.
        _ = Glibc.close(number)
    }
}
