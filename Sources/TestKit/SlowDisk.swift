import Glibc
package import Storage
import Synchronization

/// The real file system, whose syncs can be held back or made to fail.
package final class SlowDisk: AlteredStorage {
    package let disk: any Storage = PosixStorage()
    /// Where its syncs pass.
    package let gate = SyncGate()

    package init() {}

    package func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        GatedFile(try disk.open(path, mode), gate: gate)
    }
}

/// Where every sync of a log segment passes.
package final class SyncGate: Sendable {
    private struct Contents {
        var isShut = false
        var isBroken = false
        var held = 0
        var arrivals: [CheckedContinuation<Void, Never>] = []
    }

    private let contents = Mutex(Contents())

    /// Syncs wait from now on.
    package func shut() { contents.withLock { $0.isShut = true } }

    /// Syncs go on.
    package func open() { contents.withLock { $0.isShut = false } }

    /// Syncs fail from now on; those that wait, too.
    package func breakDown() {
        contents.withLock {
            $0.isBroken = true
            $0.isShut = false
        }
    }

    /// Returns once a sync waits at the shut gate.
    package func arrival() async {
        await withCheckedContinuation { continuation in
            let isThere = contents.withLock { contents in
                if contents.held == 0 { contents.arrivals.append(continuation) }
                return contents.held > 0
            }
            if isThere { continuation.resume() }
        }
    }

    /// Passes, after waiting as long as the gate is shut; false if the disk is broken.
    func pass() -> Bool {
        let arrivals = contents.withLock { contents -> [CheckedContinuation<Void, Never>] in
            guard contents.isShut else { return [] }
            contents.held += 1
            defer { contents.arrivals = [] }
            return contents.arrivals
        }
        for arrival in arrivals { arrival.resume() }
        while contents.withLock({ $0.isShut }) { sched_yield() }
        return contents.withLock { contents in
            contents.held = 0
            return !contents.isBroken
        }
    }
}

private final class GatedFile: AlteredFile {
    let file: any StorageFile
    private let gate: SyncGate

    init(_ file: any StorageFile, gate: SyncGate) {
        self.file = file
        self.gate = gate
    }

    func sync() throws(StorageError) {
        guard gate.pass() else { throw StorageError(path: path, operation: .sync, errno: EIO) }
        try file.sync()
    }
}
