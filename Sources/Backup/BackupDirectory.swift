import ByteCoding
import EventLog
import Snapshots
import Storage
import Units

/// The names in a directory that holds a backup.
///
/// A segment's file never changes: a sealed one is named by its first record, an active one also by
/// its last, so that a longer one takes another name and the manifest's files stay as they are.
struct BackupDirectory: Sendable {
    let path: String
    let storage: any Storage

    static let manifestName = "MANIFEST"
    static let writingSuffix = ".writing"
    /// Not `log`: no daemon can be started on a backup by mistake.
    private static let segmentsName = "segments"
    private static let snapshotsName = "snapshots"
    private static let historyName = "history"
    private static let lockName = "LOCK"
    private static let segmentSuffix = ".lz4"
    private static let activeMark = ".up-to-"

    var segments: String { path + "/" + Self.segmentsName }
    var snapshots: SnapshotDirectory { SnapshotDirectory(path, storage: storage) }
    var snapshotsPath: String { path + "/" + Self.snapshotsName }
    var historyPath: String { path + "/" + Self.historyName }
    var dropped: String { segments + "/" + DroppedSegments.name }
    var manifest: String { path + "/" + Self.manifestName }

    func file(of segment: BackupManifest.Segment) -> String {
        let sealed = self.sealed(segment.firstLSN)
        return segment.isSealed
            ? sealed : sealed + Self.activeMark + Self.digits(segment.lastLSN)
    }

    /// By its mark, too: a file that was built again does not replace the one that a former manifest names.
    func file(of history: BackupManifest.History) -> String {
        let (first, last) = (history.range.lowerBound, history.range.upperBound)
        return "\(historyPath)/\(Self.digits(first))-\(Self.digits(last)).\(history.mark)"
    }

    private static func isHistory(_ name: String) -> Bool {
        let parts = name.split { $0 == "-" || $0 == "." }
        return parts.count == 3 && parts.allSatisfy { UInt64($0) != nil }
    }

    /// Where a segment is that has its footer.
    func sealed(_ first: LSN) -> String {
        "\(segments)/\(Self.digits(first))\(Self.segmentSuffix)"
    }

    /// Where a segment is written before it is read back and takes its name.
    func writing(_ first: LSN) -> String { sealed(first) + Self.writingSuffix }

    /// Makes the directories and their names durable; the one above must be there.
    ///
    /// - Throws: `BackupError.notEmpty` where something else is in it.
    func create() throws(BackupError) {
        try unwrap { () throws(StorageError) in try storage.createDirectory(path) }
        let own = [
            Self.manifestName, Self.segmentsName, Self.snapshotsName, Self.historyName,
            Self.lockName,
        ]
        let names = try unwrap { () throws(StorageError) in try storage.list(path) }
        let isOwn = names.contains { $0 == Self.manifestName || $0 == Self.segmentsName }
        guard isOwn || names.allSatisfy(own.contains) else { throw .notEmpty(directory: path) }
        try unwrap { () throws(StorageError) in
            for directory in [segments, snapshotsPath, historyPath] {
                try storage.createDirectory(directory)
            }
            try storage.syncDirectory(Self.parent(of: path))
            try storage.syncDirectory(path)
        }
    }

    /// Keeps other backups out.
    func lock() throws(BackupError) -> any DirectoryLock {
        try Self.lock(path, storage)
    }

    static func lock(
        _ path: String, _ storage: any Storage
    ) throws(BackupError) -> any DirectoryLock {
        do throws(LockRefusal) {
            return try storage.lock(directory: path)
        } catch {
            switch error {
            case .held(let pid): throw .inUse(directory: path, pid: pid)
            case .io(let refusal): throw .io(refusal)
            }
        }
    }

    /// What the backup says it is; nil where there is none.
    func readManifest() throws(BackupError) -> BackupManifest? {
        let bytes = try unwrap { () throws(StorageError) in try storage.contents(of: manifest) }
        guard let bytes else { return nil }
        if let found = BackupManifest(bytes) { return found }
        if BackupManifest.isNewer(bytes) { throw .newerFormat(file: manifest) }
        throw .damaged(file: manifest, what: "its checksum, or a line of it")
    }

    /// Makes the backup what it says: all that it names must be durable.
    func write(_ new: BackupManifest) throws(StorageError) {
        try replace(manifest, with: new.encoded())
        try storage.syncDirectory(path)
    }

    /// Says what the log had dropped before its first segment; a former manifest finds there what it needs, too.
    func write(dropped lines: [UInt8]) throws(StorageError) {
        if !lines.isEmpty { try replace(dropped, with: lines) }
    }

    /// The name is for the caller to sync.
    private func replace(_ path: String, with bytes: [UInt8]) throws(StorageError) {
        try storage.replace(path, with: bytes.rawBytes, writing: path + Self.writingSuffix)
    }

    /// Removes what a killed backup left half written.
    func removeLeftovers() throws(StorageError) {
        for directory in [segments, historyPath] {
            for name in try storage.list(directory) where name.hasSuffix(Self.writingSuffix) {
                try storage.remove("\(directory)/\(name)")
            }
        }
        try snapshots.removeLeftovers()
    }

    /// Removes the files that those of the manifest have replaced.
    func removeReplaced(by manifest: BackupManifest) throws(StorageError) {
        let kept = Set(manifest.segments.map { file(of: $0) })
        for name in try storage.list(segments) where name.contains(Self.activeMark) {
            if !kept.contains("\(segments)/\(name)") { try storage.remove("\(segments)/\(name)") }
        }
        let history = Set(manifest.history.map { file(of: $0) })
        for name in try storage.list(historyPath) where Self.isHistory(name) {
            let path = "\(historyPath)/\(name)"
            if !history.contains(path) { try storage.remove(path) }
        }
        guard let newest = manifest.snapshots.first else { return }
        for lsn in try snapshots.list() where lsn < newest && !manifest.snapshots.contains(lsn) {
            try storage.remove(snapshots.path(of: lsn))
        }
    }

    private static func digits(_ lsn: LSN) -> String {
        let digits = String(lsn.rawValue)
        return String(repeating: "0", count: 20 - digits.count) + digits
    }

    private static func parent(of path: String) -> String {
        let names = path.split(separator: "/").dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return "/" + names }
        return names.isEmpty ? "." : names
    }
}
