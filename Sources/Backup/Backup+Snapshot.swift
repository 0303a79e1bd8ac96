import EventLog
import Snapshots
import Storage
import Units

// The snapshots.
extension Backup {
    /// Copies the newest good snapshot that is not newer than the copied log, and where the log's first
    /// events were dropped the oldest that follows them; gives their events.
    mutating func copySnapshots(upTo last: LSN) throws(BackupError) -> [LSN] {
        let there = SnapshotDirectory(sourcePath, storage: storage)
        let candidates = try unwrap { () throws(StorageError) in
            try there.list().filter { $0 <= last && $0 >= dropped.lastLSN }
        }
        let newest = try copyFirst(of: candidates, in: there)
        guard !dropped.isEmpty else { return newest.map { [$0] } ?? [] }
        guard let newest, let oldest = try copyFirst(of: candidates.reversed(), in: there) else {
            throw .log(.noFoundation(through: dropped.lastLSN))
        }
        return oldest == newest ? [newest] : [newest, oldest]
    }

    private mutating func copyFirst(
        of candidates: [LSN], in there: SnapshotDirectory
    ) throws(BackupError) -> LSN? {
        for lsn in candidates {
            if isGood(lsn, in: target.snapshots) { return lsn }
            // One that is damaged, or that a newer one has just replaced.
            guard isGood(lsn, in: there) else { continue }
            let path = target.snapshots.path(of: lsn)
            bytesCopied += try unwrap { () throws(StorageError) in
                try FileWriter.copy(there.path(of: lsn), to: path, storage: storage)
            }
            guard isGood(lsn, in: target.snapshots) else {
                throw .damaged(file: path, what: "it reads back otherwise")
            }
            return lsn
        }
        return nil
    }

    private func isGood(_ lsn: LSN, in directory: SnapshotDirectory) -> Bool {
        do throws(SnapshotError) {
            try SnapshotFile.check(directory.path(of: lsn), of: log, at: lsn, storage: storage)
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
