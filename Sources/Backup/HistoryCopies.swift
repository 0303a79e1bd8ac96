import EventLog
import History
import Storage
import Units

/// The files of history on their way into a backup.
///
/// Without them a restored daemon would not know who had ended until it had built them again from the log, and
/// never of those who had ended before its oldest snapshot. They get their names last, once the log has shown
/// that it goes on from the former backup.
struct HistoryCopies {
    private let source: HistoryDirectory
    private let target: BackupDirectory
    private let log: UInt64
    private var listing = HistoryListing()
    private var outlines: [ClosedRange<LSN>: HistoryOutline] = [:]
    /// Those of `outlines` that have no name yet.
    private var unnamed: [ClosedRange<LSN>: HistoryOutline] = [:]
    private var formerFiles: [HistoryOutline] = []
    private(set) var bytesCopied: UInt64 = 0
    private(set) var filesCopied = 0

    init(of data: String, to target: BackupDirectory, log: LogIdentity) {
        source = HistoryDirectory(path: data + "/history", storage: target.storage)
        self.target = target
        self.log = log.low
    }

    /// No history is kept up to here.
    var floor: LSN { listing.floor }

    /// What the manifest says of them.
    var files: [BackupManifest.History] {
        HistoryOutline.withoutMerged(formerFiles + listed.compactMap { outlines[$0] })
            .map(BackupManifest.History.init)
    }

    /// Files that could not be read, or were damaged, and that the former backup does not have either: their
    /// daemon builds them again where it can.
    var filesLeftOut: Int {
        listed.count { range in
            outlines[range] == nil && !formerFiles.contains { $0.range.overlaps(range) }
        }
    }

    private var listed: [ClosedRange<LSN>] {
        listing.ranges.filter { $0.upperBound > listing.floor }
    }

    /// Copies the files that the backup does not have yet.
    ///
    /// To be done behind the snapshots, because who has left their memory is in a file by then, and before
    /// the log, so that no file tells of an event that the copied log does not have.
    mutating func copy(former: BackupManifest?) throws(BackupError) {
        // Files go while they are copied, merged into others or dropped: all is there once the
        // directory is as it was before.
        while true {
            let before = listing
            listing = try unwrap { () throws(StorageError) in try source.listing() }
            guard listing != before else { break }
            for range in listed { outlines[range] = try copy(range) }
        }
        keepFormer(former)
    }

    /// Gives the copies their names; those that were merged into others meanwhile go.
    mutating func name() throws(StorageError) {
        let files = files
        for outline in unnamed.values {
            let path = path(of: outline)
            if files.contains(BackupManifest.History(outline)) {
                try target.storage.rename(path + BackupDirectory.writingSuffix, to: path)
                filesCopied += 1
            } else {
                try target.storage.remove(path + BackupDirectory.writingSuffix)
            }
        }
        unnamed = [:]
    }

    /// A file of the former backup that is gone at its source, and not because retention dropped it, was
    /// damaged there.
    private mutating func keepFormer(_ former: BackupManifest?) {
        for file in former?.history ?? [] where file.range.upperBound > floor {
            guard !listed.contains(where: { outlines[$0] != nil && $0.overlaps(file.range) }),
                let outline = outline(at: target.file(of: file)),
                BackupManifest.History(outline) == file
            else { continue }
            formerFiles.append(outline)
        }
    }

    /// Nil where the file is gone, or cannot be read.
    private mutating func copy(
        _ range: ClosedRange<LSN>
    ) throws(BackupError) -> HistoryOutline? {
        let source = source.file(range)
        guard let outline = outline(at: source) else { return nil }
        let path = path(of: outline)
        // It was read back whole before it got its name, so its ends are enough.
        if outlines[range] == outline || self.outline(at: path) == outline { return outline }
        let writing = path + BackupDirectory.writingSuffix
        do throws(StorageError) {
            bytesCopied += try FileWriter.write(source, to: writing, storage: target.storage)
        } catch {
            guard error.path == source else { throw .io(error) }
            discard(writing)
            return nil
        }
        guard isWhole(writing) else {
            discard(writing)
            guard isWhole(source) else { return nil }
            throw .damaged(file: path, what: "it reads back otherwise")
        }
        unnamed[range] = outline
        return outline
    }

    private func discard(_ path: String) {
        do throws(StorageError) {
            try target.storage.remove(path)
        } catch {
            // It was not begun, or the next run removes it.
            return
        }
    }

    private func path(of outline: HistoryOutline) -> String {
        target.file(of: BackupManifest.History(outline))
    }

    private func outline(at path: String) -> HistoryOutline? {
        do throws(HistoryError) {
            return try HistoryOutline(of: path, log: log, storage: target.storage)
        } catch {
            return nil
        }
    }

    private func isWhole(_ path: String) -> Bool {
        do throws(HistoryError) {
            _ = try HistoryOutline(checking: path, log: log, storage: target.storage)
            return true
        } catch {
            return false
        }
    }
}
