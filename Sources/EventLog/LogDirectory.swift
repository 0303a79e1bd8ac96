import Storage
import Units

/// The names in a log's directory.
struct LogDirectory: Sendable {
    /// The data directory; the segments are in `log` below it.
    let path: String
    let storage: any Storage
    /// Where dropped segments were archived; read as if they were still there.
    let archive: String?
    /// How much of a segment is read at a time.
    let windowBytes: Int

    init(
        path: String, storage: any Storage, archive: String? = nil,
        windowBytes: Int = LogOptions.windowBytes
    ) {
        self.path = path
        self.storage = storage
        self.archive = archive
        self.windowBytes = windowBytes
    }

    var segments: String { path + "/log" }
    var preparing: String { segments + "/" + Self.preparingName }

    static let packingSuffix = ".packing"
    static let preparingName = "next.preparing"
    static let suffix = ".lz4"

    func segment(from first: LSN) -> String { segments + "/" + Self.name(from: first) }

    /// What the file of the segment is called that begins with this record.
    static func name(from first: LSN) -> String {
        let digits = String(first.rawValue)
        return String(repeating: "0", count: 20 - digits.count) + digits + suffix
    }

    /// Where a segment is rewritten before it takes its name.
    func packing(_ path: String) -> String { path + Self.packingSuffix }

    /// Removes half-made files that a crash or a failure has left behind.
    func removeLeftovers(suffix: String) throws(LogError) {
        for name in try list() where name.hasSuffix(suffix) {
            try unwrap { () throws(StorageError) in try storage.remove("\(segments)/\(name)") }
        }
    }

    /// First LSNs of the segments that are there, in order, and what was dropped before them.
    func contents() throws(LogError) -> LogContents {
        // First: what is dropped meanwhile is not in the list then, or was not dropped yet.
        let names = try list()
        let dropped = try dropped()
        let all = names.compactMap { Self.firstLSN(ofName: $0) }.sorted()
        // Only what is listed by name: any other file before the log's beginning is damage.
        let listed = Set(dropped.entries.map(\.firstLSN))
        var contents = LogContents(
            firsts: all.filter { !listed.contains($0) },
            leftovers: all.filter { listed.contains($0) }, dropped: dropped)
        guard let archive else { return contents }
        let archived = try unwrap { () throws(StorageError) in try storage.list(archive) }
        for first in archived.compactMap({ Self.firstLSN(ofName: $0) })
        where first <= dropped.lastLSN {
            contents.archived[first] = "\(archive)/\(Self.name(from: first))"
        }
        contents.firsts = contents.archived.keys.sorted() + contents.firsts
        return contents
    }

    func list() throws(LogError) -> [String] {
        try unwrap { () throws(StorageError) in try storage.list(segments) }
    }

    /// Makes the directories and their names durable, and those above them that are missing.
    func create() throws(LogError) {
        do throws(StorageError) {
            try makeWithParents(path)
            try storage.createDirectory(segments)
            // A killed predecessor may have made them and not synced.
            try storage.syncDirectory(Self.parent(of: path))
            try storage.syncDirectory(path)
        } catch {
            throw .notWritable(error)
        }
    }

    func lock() throws(LogError) -> any DirectoryLock {
        do throws(LockRefusal) {
            return try storage.lock(directory: path)
        } catch {
            switch error {
            case .held(let pid): throw .directoryInUse(directory: path, pid: pid)
            case .io(let error): throw .notWritable(error)
            }
        }
    }

    private func makeWithParents(_ path: String) throws(StorageError) {
        var missing: [String] = []
        var next = path
        // Ends: each round takes one name off, and "/" and "." are always there.
        while next != "/" && next != "." {
            do throws(StorageError) {
                _ = try storage.list(next)
                break
            } catch {
                missing.append(next)
                next = Self.parent(of: next)
            }
        }
        for directory in missing.reversed() {
            try storage.createDirectory(directory)
            try storage.syncDirectory(Self.parent(of: directory))
        }
    }

    static func parent(of path: String) -> String {
        let names = path.split(separator: "/")
        let parent = names.dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return "/" + parent }
        return parent.isEmpty ? "." : parent
    }

    private static func firstLSN(ofName name: String) -> LSN? {
        guard name.utf8.count == 20 + suffix.utf8.count, name.hasSuffix(suffix) else { return nil }
        let digits = name.dropLast(suffix.utf8.count)
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return UInt64(digits).map(LSN.init(rawValue:))
    }
}

/// The segments of a log.
struct LogContents {
    /// First LSNs, in order.
    var firsts: [LSN]
    /// Dropped, and there still: a crash came before they were removed, or undid that.
    var leftovers: [LSN]
    var dropped: DroppedSegments
    /// Where those lie that are in the archive.
    var archived: [LSN: String] = [:]

    /// What the first segment must follow.
    var join: SegmentJoin { firsts.first.map { dropped.join(before: $0) } ?? SegmentJoin() }
}

/// Calls storage and turns its refusal into the log's.
func unwrap<T>(_ call: () throws(StorageError) -> T) throws(LogError) -> T {
    do throws(StorageError) {
        return try call()
    } catch {
        throw .io(error)
    }
}
