import Storage
import Units

/// Opens the files of a directory and puts right what a crash or damage has left there.
struct Tidying {
    let directory: HistoryDirectory
    let cache: FrameCache
    let log: UInt64
    private(set) var floor = LSN.zero
    private(set) var report = HistoryOpening()

    init(directory: HistoryDirectory, cache: FrameCache, log: UInt64) {
        self.directory = directory
        self.cache = cache
        self.log = log
    }

    /// The files that are whole, the oldest first.
    mutating func run() throws(HistoryError) -> [HistoryFile] {
        // A killed predecessor may have named a merged file and not synced: before what it replaces
        // is removed, its name must be durable. The same holds for a floor.
        try directory.sync()
        let names = try directory.list().sorted()
        let floors = names.compactMap { HistoryDirectory.floor(ofName: $0) }
        floor = floors.max() ?? .zero
        for old in floors where old != floor { try directory.remove(directory.floor(old)) }
        for name in names where name.hasSuffix(HistoryDirectory.buildingSuffix) {
            try remove("\(directory.path)/\(name)")
        }
        let files = try open(names.compactMap { HistoryDirectory.range(ofName: $0) })
        try directory.sync()
        return files
    }

    /// Of files over the same LSNs the widest that is whole stays: the others were merged into it.
    private mutating func open(_ ranges: [ClosedRange<LSN>]) throws(HistoryError) -> [HistoryFile] {
        var files: [HistoryFile] = []
        for range in ranges.widestFirst {
            let isMerged = files.contains { $0.header.range.overlaps(range) }
            if isMerged || range.upperBound <= floor {
                try remove(directory.file(range))
            } else if let file = try open(range) {
                files.append(file)
            }
        }
        return files.sorted { $0.header.range.lowerBound < $1.header.range.lowerBound }
    }

    private mutating func open(_ range: ClosedRange<LSN>) throws(HistoryError) -> HistoryFile? {
        let path = directory.file(range)
        do throws(HistoryError) {
            let file = try HistoryFile(
                path, as: path, storage: directory.storage, cache: cache)
            guard file.header.range == range, file.header.log == log else {
                throw Flaw("of another log, or of another range").error(in: path)
            }
            return file
        } catch {
            guard case .damaged = error else { throw error }
            let aside = try directory.setAside(path)
            report.setAside.append(HistoryOpening.SetAside(path: aside, error: error))
            return nil
        }
    }

    private mutating func remove(_ path: String) throws(HistoryError) {
        try directory.remove(path)
        report.removed.append(path)
    }
}
