import Glibc
package import Storage
import Synchronization

/// A disk in memory that can lose power, fill up and fail, the same way from the same seed.
///
/// Knows for each file and each name what was synced and what each change since has made of it.
/// `watch` sees the disk before every change: each is a point where the power may be cut, and a
/// `PowerCut` gives as many disks as one likes of those that could be found afterwards. A *change*
/// is a create, write, sync, truncate, reserve, rename, remove, createDirectory or syncDirectory;
/// a *look* is an open of a file that is there, a read, a list or a question for the size.
package final class SimulatedStorage: Storage {
    struct Contents {
        var disk: SimulatedDisk
        var generator: SeededGenerator
        var changes = 0
        var looks = 0
        var changeFault: ScheduledFault?
        var lookFault: ScheduledFault?
        var standingFault: StandingFault?
        var counts = StorageCounts()
        var watcher: (@Sendable (PowerCut) -> Void)?

        /// What strikes the operation that was counted last; nil: it goes well.
        func fault(of operation: StorageError.Operation, on path: String) -> StorageFault? {
            if let standing = standingFault, standing.strikes(operation, path) {
                return standing.fault
            }
            let scheduled = operation.isLook ? lookFault : changeFault
            let number = operation.isLook ? looks : changes
            return scheduled.flatMap { $0.strikes(number) ? $0.fault : nil }
        }
    }

    private let contents: Mutex<Contents>

    /// An empty disk; `seed` decides how much of a short write is written.
    package convenience init(seed: UInt64 = 0) {
        self.init(disk: SimulatedDisk(), seed: seed)
    }

    init(disk: SimulatedDisk, seed: UInt64 = 0) {
        contents = Mutex(Contents(disk: disk, generator: SeededGenerator(seed: seed)))
    }

    /// What was done so far and what failed.
    package var counts: StorageCounts { contents.withLock { $0.counts } }

    /// Calls `body` before every change from now on, in the thread that makes it; nil: no longer.
    package func watch(_ body: (@Sendable (PowerCut) -> Void)?) {
        contents.withLock { $0.watcher = body }
    }

    /// Lets the N-th change from now on fail, counted from 1.
    package func fail(change number: Int, with fault: StorageFault = StorageFault()) {
        contents.withLock { contents in
            contents.changeFault = ScheduledFault(fault: fault, first: contents.changes + number)
            contents.counts.forgetFault()
        }
    }

    /// Lets the N-th look from now on fail, counted from 1.
    package func fail(look number: Int, with fault: StorageFault = StorageFault()) {
        contents.withLock { contents in
            contents.lookFault = ScheduledFault(fault: fault, first: contents.looks + number)
            contents.counts.forgetFault()
        }
    }

    /// Lets every operation of a kind fail on paths that end so, until `heal`.
    package func refuse(
        _ operation: StorageError.Operation, of suffix: String,
        with fault: StorageFault = StorageFault()
    ) {
        contents.withLock { contents in
            contents.standingFault = StandingFault(
                fault: fault, operation: operation, suffix: suffix)
            contents.counts.forgetFault()
        }
    }

    /// Lets nothing fail any more.
    package func heal() {
        contents.withLock { contents in
            contents.changeFault = nil
            contents.lookFault = nil
            contents.standingFault = nil
        }
    }

    /// Bounds what all files may take up together, in whole pages of 4096 bytes; nil: no bound.
    package func limit(toBytes capacityBytes: Int?) {
        contents.withLock { $0.disk.capacityBytes = capacityBytes }
    }

    /// What all files take up together, in bytes.
    package var usedBytes: Int { contents.withLock { $0.disk.usedBytes } }

    /// The disk if the power were cut now.
    package func cutPower() -> PowerCut {
        contents.withLock { PowerCut(changes: $0.changes, prevented: nil, disk: $0.disk) }
    }

    /// The disk after a power cut that took all that was not synced.
    package func crashed() -> SimulatedStorage { cutPower().synced() }

    /// The same disk, for a program that was killed while the machine went on.
    package func killed() -> SimulatedStorage { cutPower().killed() }

    /// Paths of all files, in order.
    package var filePaths: [String] { contents.withLock { $0.disk.filePaths } }

    /// What programs see of a file; nil where there is none.
    package func bytes(of path: String) -> [UInt8]? {
        contents.withLock { contents in
            contents.disk.fileNumber(path).map { contents.disk.nodes[$0].visible.bytes }
        }
    }

    /// Puts bytes into a file, as damage does: behind everyone's back.
    package func replace(_ path: String, with bytes: [UInt8]) {
        contents.withLock { contents in
            guard let number = contents.disk.fileNumber(path) else { return }
            contents.disk.replace(number, with: SimulatedContent(bytes))
        }
    }

    /// Turns one bit of a file over; `bit` counts from the file's first.
    package func flip(bit: Int, of path: String) {
        guard var bytes = bytes(of: path) else { return }
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        replace(path, with: bytes)
    }

    /// A number for what programs see: other names or other bytes give, in all likelihood, another.
    package var fingerprint: UInt64 {
        contents.withLock { contents in
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for path in contents.disk.directoryPaths + contents.disk.filePaths {
                for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
                guard let number = contents.disk.fileNumber(path) else { continue }
                contents.disk.nodes[number].visible.mix(into: &hash)
            }
            return hash
        }
    }
}

extension SimulatedStorage {
    /// Makes a change, or lets it fail; `failing` is what a refused one leaves behind.
    ///
    /// `body` gives the errno of the disk's own refusal, or nil.
    func change(
        _ operation: StorageError.Operation, _ path: String,
        failing: (inout Contents, StorageFault) -> Void = { _, _ in },
        _ body: (inout SimulatedDisk) -> Int32?
    ) throws(StorageError) {
        showWatcher(operation)
        let refusal = contents.withLock { contents -> Int32? in
            contents.changes += 1
            contents.counts.note(operation)
            if let fault = contents.fault(of: operation, on: path) {
                failing(&contents, fault)
                contents.counts.noteFault(operation, on: path)
                return fault.errno
            }
            let refusal = body(&contents.disk)
            if refusal == ENOSPC { contents.counts.outOfSpace += 1 }
            return refusal
        }
        if let refusal { throw StorageError(path: path, operation: operation, errno: refusal) }
    }

    /// Looks at the disk, or lets that fail; `body` gives nil for what is not there.
    func look<T>(
        _ operation: StorageError.Operation, _ path: String, _ body: (SimulatedDisk) -> T?
    ) throws(StorageError) -> T {
        var errno = ENOENT
        let found = contents.withLock { contents -> T? in
            contents.looks += 1
            contents.counts.note(operation)
            if let fault = contents.fault(of: operation, on: path) {
                contents.counts.noteFault(operation, on: path)
                errno = fault.errno
                return nil
            }
            return body(contents.disk)
        }
        guard let found else { throw StorageError(path: path, operation: operation, errno: errno) }
        return found
    }

    /// False where a program holds it already.
    func holdLock(on directory: String) -> Bool {
        contents.withLock { $0.disk.locked.insert(directory).inserted }
    }

    func releaseLock(on directory: String) {
        contents.withLock { _ = $0.disk.locked.remove(directory) }
    }

    /// Outside the lock, because the watcher may ask this disk for something.
    private func showWatcher(_ operation: StorageError.Operation) {
        let watching = contents.withLock { contents in
            contents.watcher.map { watcher in
                let cut = PowerCut(
                    changes: contents.changes, prevented: operation, disk: contents.disk)
                return (watcher, cut)
            }
        }
        if let (watcher, cut) = watching { watcher(cut) }
    }
}
