import Glibc
package import Storage
package import Units

/// The names in history's directory.
package struct HistoryDirectory: Sendable {
    package let path: String
    let storage: any Storage

    static let suffix = ".history"
    static let buildingSuffix = ".building"
    private static let floorSuffix = ".floor"

    package init(path: String, storage: any Storage) {
        self.path = path
        self.storage = storage
    }

    /// Where the file over a range of the log is.
    package func file(_ range: ClosedRange<LSN>) -> String {
        "\(path)/\(Self.digits(range.lowerBound))-\(Self.digits(range.upperBound))\(Self.suffix)"
    }

    /// Where a file is made before it takes its name.
    func building(_ range: ClosedRange<LSN>) -> String { file(range) + Self.buildingSuffix }

    /// An empty file whose name says that nothing up to this LSN is kept any more.
    func floor(_ lsn: LSN) -> String { "\(path)/\(Self.digits(lsn))\(Self.floorSuffix)" }

    /// What is there, for whoever copies it beside the engine that changes it; nothing where there is no
    /// directory.
    package func listing() throws(StorageError) -> HistoryListing {
        do throws(StorageError) {
            let names = try storage.list(path)
            return HistoryListing(
                floor: names.compactMap { Self.floor(ofName: $0) }.max() ?? .zero,
                ranges: names.compactMap { Self.range(ofName: $0) }.widestFirst)
        } catch {
            guard error.errno == ENOENT else { throw error }
            return HistoryListing()
        }
    }

    /// Has it said that nothing up to this LSN is kept; the name is for the caller to sync.
    package func makeFloor(_ lsn: LSN) throws(StorageError) {
        try storage.open(floor(lsn), .create).sync()
    }

    func list() throws(HistoryError) -> [String] {
        try unwrap { () throws(StorageError) in try storage.list(path) }
    }

    func sync() throws(HistoryError) {
        try unwrap { () throws(StorageError) in try storage.syncDirectory(path) }
    }

    func remove(_ file: String) throws(HistoryError) {
        try unwrap { () throws(StorageError) in try storage.remove(file) }
    }

    static func range(ofName name: String) -> ClosedRange<LSN>? {
        guard name.hasSuffix(suffix) else { return nil }
        let parts = name.dropLast(suffix.utf8.count).split(
            separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let first = lsn(parts[0]), let last = lsn(parts[1]), first <= last
        else { return nil }
        return first...last
    }

    static func floor(ofName name: String) -> LSN? {
        guard name.hasSuffix(floorSuffix) else { return nil }
        return lsn(name.dropLast(floorSuffix.utf8.count))
    }

    /// Gives a damaged file a name that nobody takes for a whole one; durable on return.
    func setAside(_ file: String) throws(HistoryError) -> String {
        let names = Set(try list())
        var number = 1
        let prefix = file + ".damaged-"
        while names.contains(where: { prefix + "\(number)" == "\(path)/\($0)" }) { number += 1 }
        let aside = prefix + "\(number)"
        try unwrap { () throws(StorageError) in try storage.rename(file, to: aside) }
        try sync()
        return aside
    }

    private static func digits(_ lsn: LSN) -> String {
        let digits = String(lsn.rawValue)
        return String(repeating: "0", count: 20 - digits.utf8.count) + digits
    }

    private static func lsn(_ digits: Substring) -> LSN? {
        guard digits.utf8.count == 20, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        return UInt64(digits).map(LSN.init(rawValue:))
    }
}

/// What a directory of history holds.
package struct HistoryListing: Equatable, Sendable {
    /// Nothing up to here is kept.
    package var floor = LSN.zero
    /// Of each file, the widest first; those that were merged may still be there beside the file that has
    /// replaced them.
    package var ranges: [ClosedRange<LSN>] = []

    /// Nothing.
    package init() {}

    init(floor: LSN, ranges: [ClosedRange<LSN>]) {
        self.floor = floor
        self.ranges = ranges
    }
}

extension [ClosedRange<LSN>] {
    /// Of files over the same LSNs the widest first: the others were merged into it.
    var widestFirst: [ClosedRange<LSN>] {
        sorted {
            ($1.upperBound.rawValue - $1.lowerBound.rawValue, $0.lowerBound)
                < ($0.upperBound.rawValue - $0.lowerBound.rawValue, $1.lowerBound)
        }
    }
}
