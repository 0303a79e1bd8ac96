import Glibc
package import Storage
import Synchronization
package import Units

/// The names in the directory of snapshots.
package struct SnapshotDirectory: Sendable {
    /// The data directory.
    let dataPath: String
    package let storage: any Storage
    private let verdicts = SnapshotVerdicts()

    static let suffix = ".snapshot"
    static let writingSuffix = ".writing"
    package static let damagedSuffix = ".damaged"
    /// Of events that the log has no more.
    package static let aheadSuffix = ".set-aside"
    /// So many that are good stay in any case: where the newest is damaged later, there is the one before.
    package static let newestKept = 2

    /// - Parameters:
    ///   - dataPath: The data directory; the snapshots are in `snapshots` below it.
    ///   - storage: Where they are.
    package init(_ dataPath: String, storage: any Storage) {
        self.dataPath = dataPath
        self.storage = storage
    }

    var path: String { dataPath + "/snapshots" }

    /// Where the snapshot of an event has its place.
    package func path(of lsn: LSN) -> String {
        let digits = String(lsn.rawValue)
        return "\(path)/\(String(repeating: "0", count: 20 - digits.count))\(digits)\(Self.suffix)"
    }

    /// The events of which there are snapshots, the newest first; none where there is no directory.
    package func list() throws(StorageError) -> [LSN] {
        try names().compactMap { Self.lsn(ofName: $0) }.sorted(by: >)
    }

    /// The last event that the log may do without; zero: none.
    ///
    /// The older of the two newest snapshots that are good knows it, and no power cut takes their names back.
    package func coveredTwice() throws(StorageError) -> LSN {
        let newest = try newestGood()
        guard newest.count == Self.newestKept, let older = newest.last else { return .zero }
        // Names can be seen that are not durable: where the sync failed when they were given, or before
        // a predecessor was killed.
        try storage.syncDirectory(path)
        return older
    }

    /// Notes that a snapshot was read whole, as it was written.
    package func note(good lsn: LSN) { verdicts.note(lsn, isGood: true) }

    /// The newest snapshots that are good, the newest first; what was not read yet is read now.
    ///
    /// One that rots in its place would else count for one that a start can do with.
    private func newestGood() throws(StorageError) -> [LSN] {
        var found: [LSN] = []
        for lsn in try list() where found.count < Self.newestKept && isGood(lsn) {
            found.append(lsn)
        }
        return found
    }

    /// Whether a snapshot can be read as it was written; read once, unless the disk refused.
    package func isGood(_ lsn: LSN) -> Bool {
        if let known = verdicts.of(lsn) { return known }
        do throws(SnapshotError) {
            let file = try SnapshotFile(path(of: lsn), storage: storage)
            try file.check()
            verdicts.note(lsn, isGood: file.head.lsn == lsn)
            return file.head.lsn == lsn
        } catch {
            if case .damaged = error { verdicts.note(lsn, isGood: false) }
            return false
        }
    }

    /// Bytes of all snapshots.
    package func byteCount() throws(StorageError) -> UInt64 {
        var total: UInt64 = 0
        for lsn in try list() {
            do throws(StorageError) {
                total += try storage.open(path(of: lsn), .read).size()
            } catch {
                // A newer one has just replaced it.
                guard error.errno == ENOENT else { throw error }
            }
        }
        return total
    }

    /// Makes the directory, and its name durable.
    func create() throws(StorageError) {
        try storage.createDirectory(path)
        try storage.syncDirectory(dataPath)
    }

    /// Removes what was half written when a crash or a failure came.
    package func removeLeftovers() throws(StorageError) {
        for name in try names() where name.hasSuffix(Self.writingSuffix) {
            try storage.remove("\(path)/\(name)")
        }
    }

    /// Removes what is not to be kept, beside a snapshot that was just written and read back.
    ///
    /// The one before is read once more: it may have rotted since it was good.
    func removeOld(_ keeping: SnapshotKeeping, beside written: LSN) throws(StorageError) {
        verdicts.forget()
        note(good: written)
        let newest = try newestGood()
        guard newest.count == Self.newestKept, let newer = newest.last else { return }
        var older: [(lsn: LSN, bytes: UInt64)] = []
        for lsn in try list() where lsn < newer {
            older.append((lsn, try storage.open(path(of: lsn), .read).size()))
        }
        let kept = Set(keeping.choose(older, before: newer))
        for entry in older where !kept.contains(entry.lsn) {
            try storage.remove(path(of: entry.lsn))
        }
    }

    /// Gives a snapshot a name under which nobody reads it and it can be looked at.
    package func setAside(
        _ lsn: LSN, as suffix: String = damagedSuffix
    ) throws(StorageError) {
        verdicts.forget()
        try storage.rename(path(of: lsn), to: path(of: lsn) + suffix)
        try storage.syncDirectory(path)
    }

    private func names() throws(StorageError) -> [String] {
        do throws(StorageError) {
            return try storage.list(path)
        } catch {
            if error.errno == ENOENT { return [] }
            throw error
        }
    }

    private static func lsn(ofName name: String) -> LSN? {
        guard name.utf8.count == 20 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let digits = name.dropLast(suffix.utf8.count)
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(digits).map(LSN.init(rawValue:))
    }
}

/// Which snapshots are good, by their events, as far as somebody has looked.
private final class SnapshotVerdicts: Sendable {
    private let known = Mutex<[LSN: Bool]>([:])

    func of(_ lsn: LSN) -> Bool? { known.withLock { $0[lsn] } }

    func note(_ lsn: LSN, isGood: Bool) { known.withLock { $0[lsn] = isGood } }

    func forget() { known.withLock { $0 = [:] } }
}
