import EventLog
import Snapshots
import Storage
import Units

// The snapshots.
extension Backup {
    /// Copies the newest good snapshot, and where the log's first events were dropped the oldest that follows
    /// them; gives their events.
    mutating func copySnapshots() throws(BackupError) -> [LSN] {
        let there = SnapshotDirectory(sourcePath, storage: storage)
        let candidates = try unwrap { () throws(StorageError) in
            try there.list().filter { $0 >= dropped.lastLSN }
        }
        let newest = try copyFirst(of: candidates, in: there)
        let oldest = dropped.isEmpty ? nil : try copyFirst(of: candidates.reversed(), in: there)
        return Set([newest, oldest].compactMap(\.self)).sorted(by: >)
    }

    /// Those that are not newer than the copied log.
    func usable(_ snapshots: [LSN], upTo last: LSN) throws(BackupError) -> [LSN] {
        let usable = snapshots.filter { $0 <= last }
        guard dropped.isEmpty || !usable.isEmpty else {
            throw .log(.noFoundation(through: dropped.lastLSN))
        }
        return usable
    }

    /// Gives those that the manifest has their names.
    mutating func nameSnapshots(of manifest: BackupManifest) throws(StorageError) {
        for lsn in unnamedSnapshots {
            if manifest.snapshots.contains(lsn) {
                try storage.rename(writing(lsn), to: target.snapshots.path(of: lsn))
            } else {
                try storage.remove(writing(lsn))
            }
        }
        unnamedSnapshots = []
    }

    private mutating func copyFirst(
        of candidates: [LSN], in there: SnapshotDirectory
    ) throws(BackupError) -> LSN? {
        for lsn in candidates {
            if unnamedSnapshots.contains(lsn) || isGood(target.snapshots.path(of: lsn), lsn) {
                return lsn
            }
            // One that is damaged, or that a newer one has just replaced.
            guard isGood(there.path(of: lsn), lsn) else { continue }
            let writing = writing(lsn)
            bytesCopied += try unwrap { () throws(StorageError) in
                try FileWriter.write(there.path(of: lsn), to: writing, storage: storage)
            }
            guard isGood(writing, lsn) else {
                throw .damaged(file: writing, what: "it reads back otherwise")
            }
            unnamedSnapshots.append(lsn)
            return lsn
        }
        return nil
    }

    private func writing(_ lsn: LSN) -> String {
        target.snapshots.path(of: lsn) + BackupDirectory.writingSuffix
    }

    private func isGood(_ path: String, _ lsn: LSN) -> Bool {
        do throws(SnapshotError) {
            try SnapshotFile.check(path, of: log, at: lsn, storage: storage)
            return true
        } catch {
            return false
        }
    }
}

extension SnapshotFile {
    /// Reads all of a snapshot; it must be of this log and of this event.
    static func check(
        _ path: String, of log: LogIdentity, at lsn: LSN, storage: any Storage
    ) throws(SnapshotError) {
        let file = try SnapshotFile(path, storage: storage)
        guard file.head.logHigh == log.high, file.head.logLow == log.low, file.head.lsn == lsn
        else { throw .damaged(file: path, offsetBytes: 0, what: "it is of another log or event") }
        try file.check()
    }
}
