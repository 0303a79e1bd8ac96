import EventLog
import Glibc
import History
import Storage
import Units

// The files of history: without them a restored daemon would not know who had ended until it had built
// them again from the log, and never of those who had ended before its oldest snapshot.
extension Backup {
    /// Copies the files that the backup does not have yet.
    ///
    /// Done before the log is copied, so that they tell of nothing newer, and once more afterwards: who
    /// has left a later snapshot's memory meanwhile is in a later file.
    mutating func copyHistory() throws(BackupError) {
        let there = HistoryDirectory(path: sourcePath + "/history", storage: storage)
        var isComplete = false
        // Files that go while they are copied have been merged or dropped: what has replaced them is listed.
        while !isComplete {
            let listing = try unwrap { () throws(StorageError) in try there.listing() }
            historyFloor = historyFloor ?? listing.floor
            isComplete = true
            for range in listing.ranges where range.upperBound > listing.floor {
                guard try copyHistory(there.file(range)) else {
                    isComplete = false
                    break
                }
            }
        }
    }

    /// What the manifest says of the files copied: of those that tell of nothing behind `last`, and were not
    /// merged into others.
    func historyFiles(upTo last: LSN) -> [BackupManifest.History] {
        HistoryOutline.withoutMerged(history.filter { $0.range.upperBound <= last })
            .map(BackupManifest.History.init)
    }

    /// False where the file is gone; one that is damaged is left out, because its daemon builds it again.
    private mutating func copyHistory(_ source: String) throws(BackupError) -> Bool {
        do throws(HistoryError) {
            let outline = try HistoryOutline(of: source, log: log.low, storage: storage)
            guard !history.contains(outline) else { return true }
            let path = target.file(of: BackupManifest.History(outline))
            if !holds(outline, at: path) {
                guard try copyHistory(source, to: path) else { return true }
            }
            history.append(outline)
            return true
        } catch {
            switch error {
            case .io(let refusal) where refusal.errno == ENOENT: return false
            case .io(let refusal): throw .io(refusal)
            case .damaged(let file, _, let what) where file != source:
                throw .damaged(file: file, what: what)
            case .damaged, .missing: return true
            }
        }
    }

    /// Copies a file and reads it back before it gets its name; false where it was damaged already.
    private mutating func copyHistory(
        _ source: String, to path: String
    ) throws(HistoryError) -> Bool {
        let writing = path + BackupDirectory.writingSuffix
        let byteCount = try copying { () throws(StorageError) in
            try FileWriter.write(source, to: writing, storage: storage)
        }
        guard try isWhole(writing) else {
            try copying { () throws(StorageError) in try storage.remove(writing) }
            // What was damaged before is its daemon's to build again; what the disk made of it is told.
            guard try isWhole(source) else { return false }
            throw .damaged(path: path, offsetBytes: 0, what: "it reads back otherwise")
        }
        try copying { () throws(StorageError) in try storage.rename(writing, to: path) }
        bytesCopied += byteCount
        return true
    }

    private func isWhole(_ path: String) throws(HistoryError) -> Bool {
        do throws(HistoryError) {
            _ = try HistoryOutline(checking: path, log: log.low, storage: storage)
            return true
        } catch {
            guard case .damaged = error else { throw error }
            return false
        }
    }

    /// It was read back whole when it got its name, so its ends are enough.
    private func holds(_ outline: HistoryOutline, at path: String) -> Bool {
        do throws(HistoryError) {
            return try HistoryOutline(of: path, log: log.low, storage: storage) == outline
        } catch {
            // Copied again, and so repaired.
            return false
        }
    }
}

private func copying<T>(_ call: () throws(StorageError) -> T) throws(HistoryError) -> T {
    do throws(StorageError) {
        return try call()
    } catch {
        throw .io(error)
    }
}
