import EventLog
import History
package import Storage
package import Units

/// Copies a data directory's log, the snapshots it needs and the files of history, beside a daemon that writes
/// to them.
///
/// Order, each step durable before the next: snapshots, history and segments, read back whole before they get
/// their names, those of the first two only once the log has shown that it goes on from the backup; the
/// manifest, in one step; only then are files removed that it no longer names. So a backup that is killed
/// anywhere leaves the one before, and the next run finds what it had done.
///
/// Who has left the memory that a snapshot holds is in history before, and what history tells of is in the
/// log before: copied in this order, each finds in the next what it builds on.
package struct Backup {
    let source: LogCopy
    let sourcePath: String
    let target: BackupDirectory
    let storage: any Storage
    let log: LogIdentity
    let former: BackupManifest?
    /// What the log had dropped before the first of its segments.
    let dropped: DroppedSegments
    private let names: [LSN]
    private let lock: any DirectoryLock
    private let progress: (BackupProgress) -> Void
    /// Follows the segments of the backup, those that were there and those that are written.
    var chain: LogChain
    var writer: FileWriter?
    private var segments: [BackupManifest.Segment] = []
    private var segmentsKept = 0
    private var history: HistoryCopies
    /// Of the newest events in snapshots that have no name yet.
    var unnamedSnapshots: [LSN] = []
    var bytesCopied: UInt64 = 0

    /// Takes a backup, or brings the one that is there up to date.
    ///
    /// - Parameters:
    ///   - data: The data directory.
    ///   - destination: The directory of the backup; made where it is not there.
    ///   - storage: Where both are.
    ///   - time: What the backup says of when it was taken.
    ///   - progress: Called after each segment.
    /// - Returns: What the backup holds now.
    /// - Throws: `BackupError`; the former backup, where there is one, is as it was.
    package static func run(
        of data: String, to destination: String, storage: any Storage, time: WallTime,
        progress: @escaping (BackupProgress) -> Void = { _ in }
    ) throws(BackupError) -> BackupReceipt {
        var backup = try Backup(
            data, BackupDirectory(path: destination, storage: storage), progress)
        defer { backup.lock.release() }
        return try backup.run(time: time)
    }

    private init(
        _ data: String, _ target: BackupDirectory,
        _ progress: @escaping (BackupProgress) -> Void
    ) throws(BackupError) {
        let source = LogCopy(directory: data, storage: target.storage)
        self.source = source
        self.target = target
        self.progress = progress
        sourcePath = data
        storage = target.storage
        let names = try reading { () throws(LogError) in try source.segments() }
        let dropped = try reading { () throws(LogError) in try source.dropped() }
        guard let first = names.first else { throw .noLog(directory: data) }
        (self.names, self.dropped) = (names, dropped)
        log = try reading { () throws(LogError) in try source.identity(by: first) }
        try target.create()
        lock = try target.lock()
        do throws(BackupError) {
            former = try target.readManifest()
        } catch {
            lock.release()
            throw error
        }
        history = HistoryCopies(of: data, to: target, log: log)
        chain = LogChain(
            storage: target.storage, noted: former?.head, from: first, after: dropped)
    }

    private mutating func run(time: WallTime) throws(BackupError) -> BackupReceipt {
        if let former, former.log != log {
            throw .otherLog(directory: target.path, found: former.log, wanted: log)
        }
        try unwrap { () throws(StorageError) in try target.removeLeftovers() }
        let snapshots = try copySnapshots()
        try history.copy(former: former)
        try copy(from: try keepWhatIsThere())
        if let contradiction = chain.contradiction(isAtEnd: true) { throw refusal(contradiction) }
        guard let head = chain.head else { throw .noLog(directory: sourcePath) }
        let manifest = BackupManifest(
            log: log, head: head, time: time,
            snapshots: try usable(snapshots, upTo: head.lsn), segments: segments,
            history: history.files, historyFloor: history.floor)
        try unwrap { () throws(StorageError) in
            try nameSnapshots(of: manifest)
            try history.name()
            try target.write(dropped: dropped.encoded(before: names[0]))
            try storage.syncDirectory(target.segments)
            try storage.syncDirectory(target.snapshotsPath)
            try storage.syncDirectory(target.historyPath)
            try target.write(manifest)
            try target.removeReplaced(by: manifest)
        }
        return BackupReceipt(
            log: log, head: head, snapshot: manifest.snapshots.first,
            segmentsCopied: segments.count - segmentsKept, segmentsKept: segmentsKept,
            historyFiles: manifest.history.count, historyCopied: history.filesCopied,
            historyLeftOut: history.filesLeftOut, bytesCopied: bytesCopied + history.bytesCopied)
    }

    /// Gives the first segment that must be copied; the last may be written to at this moment.
    private mutating func keepWhatIsThere() throws(BackupError) -> LSN {
        for name in names.dropLast() {
            guard try keep(name) else { return name }
        }
        return names[names.count - 1]
    }

    func refusal(_ contradiction: LogContradiction) -> BackupError {
        .otherHistory(directory: target.path, reason: contradiction.description)
    }

    /// Adds a segment to what the manifest will say; nil bytes: the backup has it already.
    mutating func add(_ outline: SegmentOutline, copiedBytes: UInt64?) {
        segments.append(BackupManifest.Segment(outline))
        segmentsKept += copiedBytes == nil ? 1 : 0
        bytesCopied += copiedBytes ?? 0
        progress(
            BackupProgress(
                segmentsDone: segments.count, segmentsTotal: max(names.count, segments.count),
                bytesCopied: bytesCopied))
    }
}
