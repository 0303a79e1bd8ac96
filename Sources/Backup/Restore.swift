import ByteCoding
import EventLog
import Glibc
import History
import Snapshots
package import Storage
import Units

/// Makes a data directory of a backup.
package enum Restore {
    /// Reads a whole backup: every checksum, the chain of hashes up to the head of its manifest.
    ///
    /// - Throws: `BackupError.damaged` where anything is not what the manifest says.
    package static func verify(
        _ backup: String, storage: any Storage,
        progress: (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) -> BackupManifest {
        let directory = BackupDirectory(path: backup, storage: storage)
        guard let manifest = try directory.readManifest() else {
            throw .noBackup(directory: backup)
        }
        let (first, dropped) = try beginning(of: manifest, in: directory)
        var chain = LogChain(storage: storage, from: first, after: dropped)
        for (index, segment) in manifest.segments.enumerated() {
            let path = directory.file(of: segment)
            let found = try checking { () throws(LogError) in
                try chain.read(path, from: segment.firstLSN)
            }
            guard BackupManifest.Segment(found) == segment, found.log == manifest.log else {
                throw .damaged(file: path, what: "it is not the segment that the manifest names")
            }
            progress(manifest.progress(index + 1, bytesCopied: 0))
        }
        for snapshot in manifest.snapshots {
            try check(directory.snapshots.path(of: snapshot), snapshot, manifest, storage)
        }
        for file in manifest.history {
            try check(directory.file(of: file), file, manifest, storage)
        }
        return manifest
    }

    /// The first record that is there, and what was dropped before it.
    private static func beginning(
        of manifest: BackupManifest, in directory: BackupDirectory
    ) throws(BackupError) -> (LSN, DroppedSegments) {
        let dropped = try checking { () throws(LogError) in
            try DroppedSegments(from: directory.dropped, storage: directory.storage)
        }
        return (manifest.segments.first?.firstLSN ?? LSN(rawValue: 1), dropped)
    }

    /// Verifies a backup and makes the data directory, which must be empty or not be there.
    ///
    /// Snapshots and history come first and the log's first segment last: a restore that was killed leaves
    /// a directory that no daemon takes for a log.
    /// - Parameters:
    ///   - backup: The directory of the backup.
    ///   - data: The data directory to be.
    ///   - storage: Where both are.
    ///   - progress: Called after each segment, once when it is verified and once when it is copied.
    /// - Returns: What was restored.
    /// - Throws: `BackupError`.
    package static func run(
        from backup: String, to data: String, storage: any Storage,
        progress: (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) -> BackupManifest {
        try checkEmpty(data, storage)
        let manifest = try verify(backup, storage: storage, progress: progress)
        let target = LogCopy(directory: data, storage: storage)
        try checking { () throws(LogError) in try target.createDirectories() }
        // From here on no daemon can begin a log there.
        let lock = try BackupDirectory.lock(data, storage)
        defer { lock.release() }
        let source = BackupDirectory(path: backup, storage: storage)
        try copySnapshots(manifest, source, data)
        try copyHistory(manifest, source, data)
        try copyDropped(manifest, source, target)
        try copySegments(manifest, source, target, progress)
        try verifyRestored(manifest, data, storage)
        return manifest
    }

    private static func checkEmpty(
        _ data: String, _ storage: any Storage
    ) throws(BackupError) {
        var names: [String] = []
        do throws(StorageError) {
            names = try storage.list(data)
        } catch {
            // It is made where it is not there.
            guard error.errno == ENOENT else { throw .io(error) }
        }
        guard names.isEmpty else { throw .notEmpty(directory: data) }
    }

    /// What the log had dropped, up to where this backup begins.
    private static func copyDropped(
        _ manifest: BackupManifest, _ source: BackupDirectory, _ target: LogCopy
    ) throws(BackupError) {
        let (first, dropped) = try beginning(of: manifest, in: source)
        let lines = dropped.encoded(before: first)
        guard !lines.isEmpty else { return }
        try unwrap { () throws(StorageError) in
            let file = try source.storage.open(target.droppedPath, .create)
            try file.write(lines.rawBytes, at: 0)
            try file.sync()
            try source.storage.syncDirectory(target.segmentsPath)
        }
    }

    private static func copySnapshots(
        _ manifest: BackupManifest, _ source: BackupDirectory, _ data: String
    ) throws(BackupError) {
        guard !manifest.snapshots.isEmpty else { return }
        let storage = source.storage
        let target = BackupDirectory(path: data, storage: storage)
        try unwrap { () throws(StorageError) in
            try storage.createDirectory(target.snapshotsPath)
            try storage.syncDirectory(data)
            for lsn in manifest.snapshots {
                _ = try FileWriter.copy(
                    source.snapshots.path(of: lsn), to: target.snapshots.path(of: lsn),
                    storage: storage)
            }
            try storage.syncDirectory(target.snapshotsPath)
        }
    }

    private static func copyHistory(
        _ manifest: BackupManifest, _ source: BackupDirectory, _ data: String
    ) throws(BackupError) {
        let storage = source.storage
        let target = restoredHistory(data, storage)
        try unwrap { () throws(StorageError) in
            try storage.createDirectory(target.path)
            try storage.syncDirectory(data)
            if manifest.historyFloor > .zero { try target.makeFloor(manifest.historyFloor) }
            for file in manifest.history {
                _ = try FileWriter.copy(
                    source.file(of: file), to: target.file(file.range), storage: storage)
            }
            try storage.syncDirectory(target.path)
        }
    }

    private static func restoredHistory(
        _ data: String, _ storage: any Storage
    ) -> HistoryDirectory {
        HistoryDirectory(path: data + "/history", storage: storage)
    }

    private static func copySegments(
        _ manifest: BackupManifest, _ source: BackupDirectory, _ target: LogCopy,
        _ progress: (BackupProgress) -> Void
    ) throws(BackupError) {
        var bytesCopied: UInt64 = 0
        for (index, segment) in manifest.segments.reversed().enumerated() {
            try unwrap { () throws(StorageError) in
                bytesCopied += try FileWriter.copy(
                    source.file(of: segment), to: target.path(of: segment.firstLSN),
                    storage: source.storage)
                // Before the next one has its name: the first must be the last to be there.
                try source.storage.syncDirectory(target.segmentsPath)
            }
            progress(manifest.progress(index + 1, bytesCopied: bytesCopied))
        }
    }

    /// What a daemon will find is the log of the manifest, and nothing behind its head.
    private static func verifyRestored(
        _ manifest: BackupManifest, _ data: String, _ storage: any Storage
    ) throws(BackupError) {
        try checking { () throws(LogError) in
            _ = try LogVerification.run(
                directory: data, storage: storage,
                expecting: LogExpectation(head: manifest.head.hash, since: manifest.head))
        }
        for snapshot in manifest.snapshots {
            let path = SnapshotDirectory(data, storage: storage).path(of: snapshot)
            try check(path, snapshot, manifest, storage)
        }
        for file in manifest.history {
            try check(restoredHistory(data, storage).file(file.range), file, manifest, storage)
        }
    }

    private static func check(
        _ path: String, _ file: BackupManifest.History, _ manifest: BackupManifest,
        _ storage: any Storage
    ) throws(BackupError) {
        do throws(HistoryError) {
            let outline = try HistoryOutline(
                checking: path, log: manifest.log.low, storage: storage)
            guard BackupManifest.History(outline) == file else {
                throw .damaged(
                    path: path, offsetBytes: 0, what: "it is not the file that the manifest names")
            }
        } catch {
            switch error {
            case .io(let refusal) where refusal.errno == ENOENT:
                throw .damaged(file: path, what: "it is not there")
            case .io(let refusal): throw .io(refusal)
            case .damaged(let file, let offset, let what):
                throw .damaged(file: file, what: "\(what), at offset \(offset)")
            case .missing: preconditionFailure("a whole file that lacks something")
            }
        }
    }

    private static func check(
        _ path: String, _ lsn: LSN, _ manifest: BackupManifest, _ storage: any Storage
    ) throws(BackupError) {
        do throws(SnapshotError) {
            try SnapshotFile.check(path, of: manifest.log, at: lsn, storage: storage)
        } catch {
            switch error {
            case .io(let refusal): throw .io(refusal)
            case .damaged(let file, let offset, let what):
                throw .damaged(file: file, what: "\(what), at offset \(offset)")
            case .newerFormat(let file, _): throw .newerFormat(file: file)
            }
        }
    }
}

extension BackupManifest {
    fileprivate func progress(_ done: Int, bytesCopied: UInt64) -> BackupProgress {
        BackupProgress(
            segmentsDone: done, segmentsTotal: segments.count, bytesCopied: bytesCopied)
    }
}
