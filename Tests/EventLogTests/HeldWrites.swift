import ByteCoding
import Glibc
import Storage
import Synchronization
import TestKit

/// A disk on which the write with a mark in it waits until it is let go.
final class HeldWrites: AlteredStorage {
    let disk: any Storage
    private let mark: [UInt8]
    private let isHeld = Atomic(false)
    private let isLetGo = Atomic(false)

    /// The mark is to be bytes that do not compress.
    init(disk: any Storage, mark: [UInt8]) {
        self.disk = disk
        self.mark = mark
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        HeldFile(try disk.open(path, mode), storage: self)
    }

    /// Returns once the write waits.
    func arrival() { while !isHeld.load(ordering: .acquiring) { sched_yield() } }

    func letGo() { isLetGo.store(true, ordering: .releasing) }

    fileprivate func pass(_ bytes: RawSpan) {
        guard bytes.array.firstRange(of: mark) != nil else { return }
        isHeld.store(true, ordering: .releasing)
        while !isLetGo.load(ordering: .acquiring) { sched_yield() }
    }
}

private final class HeldFile: AlteredFile {
    let file: any StorageFile
    private let storage: HeldWrites

    init(_ file: any StorageFile, storage: HeldWrites) {
        self.file = file
        self.storage = storage
    }

    func write(_ bytes: RawSpan, at offset: UInt64) throws(StorageError) {
        storage.pass(bytes)
        try file.write(bytes, at: offset)
    }
}
