package import Storage
import Synchronization

/// A disk that does something else once, at the next read.
package final class InterruptedStorage: AlteredStorage {
    package let disk: any Storage
    private let interruption = Mutex<(@Sendable () -> Void)?>(nil)

    package init(disk: any Storage) {
        self.disk = disk
    }

    package func interrupt(_ body: @escaping @Sendable () -> Void) {
        interruption.withLock { $0 = body }
    }

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        InterruptedFile(try disk.open(path, mode), storage: self)
    }

    fileprivate func pass() {
        let body = interruption.withLock { $0.take() }
        body?()
    }
}

private final class InterruptedFile: AlteredFile {
    let file: any StorageFile
    private let storage: InterruptedStorage

    init(_ file: any StorageFile, storage: InterruptedStorage) {
        self.file = file
        self.storage = storage
    }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        storage.pass()
        return try file.read(count, at: offset, into: &buffer, from: position)
    }
}
