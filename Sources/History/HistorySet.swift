import ByteCoding
import JobModel
package import Storage
import Synchronization
package import Units

/// All finished jobs that are kept: files over neighbouring ranges of the log, newest last.
///
/// Any thread may call, but none of the Swift pool: a call may wait for the disk. Readers take the
/// list of files under a lock and read without it: a file that is merged or dropped meanwhile stays
/// readable for them. Nobody else may use the directory.
///
/// Invariant: the ranges of the listed files ascend and do not overlap.
package final class HistorySet: Sendable {
    struct State {
        var files: [HistoryFile] {
            didSet { arrangeFilters() }
        }
        var shared: [SharedFilter] = []
        /// Each key of the files is in one of them.
        var filters: [KeyFilter] = []
        /// Gaps that were covered once, until they are again.
        var lost: [LostRange] = []
        /// Nothing up to here is kept.
        var floor: LSN

        init(files: [HistoryFile], floor: LSN) {
            self.files = files
            self.floor = floor
            arrangeFilters()
        }
    }

    let directory: HistoryDirectory
    let log: UInt64
    let options: HistoryOptions
    let cache: FrameCache
    let state: Mutex<State>
    /// What no merged file exceeds.
    private let mergeBounds = Mutex(MergeBounds())
    /// The merge that is under way; held by the thread that takes it a step further.
    let merge = Mutex<HistoryMerge?>(nil)
    /// What was found at opening and put right.
    package let opening: HistoryOpening

    /// Opens the directory, and makes it if need be; puts right what a crash left behind.
    ///
    /// - Parameters:
    ///   - path: The directory; the one it is in must be there.
    ///   - log: Identity of the log: a file of another one is damaged for us.
    ///   - storage: Where files are.
    ///   - options: Sizes and bounds.
    /// - Throws: `HistoryError` if the directory cannot be made, read or put right.
    package init(
        _ path: String, log: UInt64, storage: any Storage, options: HistoryOptions
    ) throws(HistoryError) {
        directory = HistoryDirectory(path: path, storage: storage)
        self.log = log
        self.options = options
        cache = FrameCache(bytesMax: options.cacheBytesMax)
        try unwrap { () throws(StorageError) in
            try storage.createDirectory(path)
            try storage.syncDirectory(Self.parent(of: path))
        }
        var tidy = Tidying(directory: directory, cache: cache, log: log)
        let files = try tidy.run()
        state = Mutex(State(files: files, floor: tidy.floor))
        opening = tidy.report
    }

    /// Files that readers see now, the oldest first.
    var files: [HistoryFile] { state.withLock { $0.files } }

    /// What there is.
    package var size: HistorySize {
        var size = HistorySize()
        let files = state.withLock { state in
            size.filters = state.filters.count
            size.memoryBytes = state.shared.reduce(0) { $0 + $1.filter.bytes.count }
            return state.files
        }
        for file in files {
            size.files += 1
            size.jobs.add(file.footer.ends)
            size.bytes += file.footer.fileBytes
            size.memoryBytes += file.memoryBytes
        }
        return size
    }

    /// Bounds what is merged from now on, so that what is dropped later goes in parts.
    package func bound(merges bounds: MergeBounds) { mergeBounds.withLock { $0 = bounds } }

    var bounds: MergeBounds { mergeBounds.withLock { $0 } }

    /// Nobody has ended yet who is kept, or was.
    package var isEmpty: Bool { state.withLock { $0.files.isEmpty && $0.lost.isEmpty } }

    /// Where the newest file ends, or what retention has dropped does.
    package var coveredThrough: LSN {
        state.withLock { max($0.floor, $0.files.last?.header.range.upperBound ?? .zero) }
    }

    /// Up to here no file is missing.
    package var wholeThrough: LSN {
        let covered = coveredThrough
        let gap = gaps(through: covered).first
        return gap.map { LSN(rawValue: $0.lowerBound.rawValue - 1) } ?? covered
    }

    /// Sets files aside that tell of events which the log does not have: it was cut by a repair.
    package func setAside(after end: LSN) throws(HistoryError) {
        for file in files where file.header.range.upperBound > end {
            try setAside(file.path, isLost: false)
        }
    }

    /// Ranges up to `last` that no file covers and retention has not dropped: to be built from the log.
    package func gaps(through last: LSN) -> [ClosedRange<LSN>] {
        state.withLock { $0.gaps(through: last) }
    }

    /// Has everybody who may have ended in these gaps be asked for again later, until they are built.
    package func expect(_ gaps: [ClosedRange<LSN>]) {
        state.withLock { $0.lost += gaps.map { LostRange(range: $0, file: nil) } }
    }

    /// Asks nobody any more to wait for what was gone at the start, because it cannot be built.
    package func giveUpExpected() {
        state.withLock { state in state.lost = state.lost.filter { $0.file != nil } }
    }

    /// Writes a file of what the builder has collected and shows it to readers; durable on return.
    ///
    /// A failure leaves everything as it was; it may be tried again.
    /// - Precondition: no file covers any of the builder's range.
    package func publish(_ builder: HistoryBuilder) throws(HistoryError) {
        precondition(
            state.withLock { !$0.files.contains { $0.header.range.overlaps(builder.range) } },
            "a file covers part of \(builder.range)")
        let header = HistoryHeader(
            log: log, range: builder.range, salt: options.makeSalt(), rows: builder.count)
        let draft = draft(header)
        let shared = state.withLock {
            $0.sharedFilter(rows: builder.count, rowsMax: options.sharedRowsMax)
        }
        do throws(HistoryError) {
            let users = builder.numberUsers()
            var writer = try draft.writer(users: users.count, shared: shared?.filter)
            try builder.write(users, to: &writer)
            try writer.finish()
            let file = try draft.checked()
            try draft.name()
            try directory.sync()
            state.withLock { state in
                state.insert(
                    file, sharing: writer.shared.flatMap { shared?.adding($0, of: file) })
                state.forgetCovered()
            }
        } catch {
            draft.removeLeftover()
            throw error
        }
    }

    func draft(_ header: HistoryHeader) -> HistoryDraft {
        HistoryDraft(directory: directory, header: header, cache: cache)
    }

    /// Calls `body`; a file that turns out to be damaged is set aside, and its range is a gap.
    func reading<T>(_ body: () throws(HistoryError) -> T) throws(HistoryError) -> T {
        do throws(HistoryError) {
            return try body()
        } catch {
            if case .damaged(let path, _, _) = error { try setAside(path, isLost: true) }
            throw error
        }
    }

    private func setAside(_ path: String, isLost: Bool) throws(HistoryError) {
        let wasListed = state.withLock { state in
            let place = state.files.firstIndex { $0.path == path }
            guard let place else { return false }
            let file = state.files.remove(at: place)
            if isLost { state.lost.append(LostRange(range: file.header.range, file: file)) }
            return true
        }
        // Another reader was first.
        guard wasListed else { return }
        _ = try directory.setAside(path)
    }

    private static func parent(of path: String) -> String {
        let names = path.split(separator: "/").dropLast().joined(separator: "/")
        if path.hasPrefix("/") { return "/" + names }
        return names.isEmpty ? "." : names
    }
}

/// How history is kept.
package struct HistoryOptions: Sendable {
    /// So many neighbours of about one size are merged into one.
    package var fanIn = 64
    /// Merged files have no more rows than this; merging takes 8 bytes of memory for each.
    package var rowsMax = 4 << 20
    /// New files share a filter until they have as many rows together: a row takes 20 bits of memory in it.
    package var sharedRowsMax = 1 << 20
    package var cacheBytesMax = 4 << 20
    /// Gives the salt of each file: part of the seed of its checksums.
    package var makeSalt: @Sendable () -> UInt64

    package init(makeSalt: @escaping @Sendable () -> UInt64 = { .random(in: .min ... .max) }) {
        self.makeSalt = makeSalt
    }

    /// A file of half the largest size is never merged again.
    func mayMerge(rows: Int) -> Bool { rows < rowsMax / 2 }
}

/// What no merged file exceeds.
package struct MergeBounds: Equatable, Sendable {
    /// Between the first job in it that ended and the last; nil: any.
    package var span: TimeSpan?
    /// Nil: any.
    package var bytesMax: UInt64?

    package init(span: TimeSpan? = nil, bytesMax: UInt64? = nil) {
        self.span = span
        self.bytesMax = bytesMax
    }
}

/// What there is in history.
package struct HistorySize: Equatable, Sendable {
    package internal(set) var files = 0
    package internal(set) var jobs = EndCounts()
    package internal(set) var bytes: UInt64 = 0
    /// So many are asked for a key.
    package internal(set) var filters = 0
    package internal(set) var memoryBytes = 0
}

/// What was found at opening and put right.
package struct HistoryOpening: Equatable, Sendable {
    /// Half-made, merged or dropped files that a crash left behind.
    package internal(set) var removed: [String] = []
    /// Damaged files, under the names they were given, and why.
    package internal(set) var setAside: [SetAside] = []

    /// All was well.
    package init() {}

    package struct SetAside: Equatable, Sendable {
        package let path: String
        package let error: HistoryError
    }
}

extension HistorySet.State {
    func gaps(through last: LSN) -> [ClosedRange<LSN>] {
        var gaps: [ClosedRange<LSN>] = []
        var next = floor.next
        for file in files {
            if next < file.header.range.lowerBound {
                gaps.append(next...LSN(rawValue: file.header.range.lowerBound.rawValue - 1))
            }
            next = max(next, file.header.range.upperBound.next)
        }
        if next <= last { gaps.append(next...last) }
        return gaps
    }

    /// What was lost counts no longer once it is covered again, or kept no longer.
    mutating func forgetCovered() {
        let gaps = gaps(through: lost.map(\.range.upperBound).max() ?? .zero)
        lost = lost.filter { lost in gaps.contains { $0.overlaps(lost.range) } }
    }
}

/// A range of the log of which no file tells at the moment who ended in it.
struct LostRange {
    let range: ClosedRange<LSN>
    /// The damaged file, whose filter still tells who was surely not in it.
    ///
    /// Nil: it was gone at the start.
    let file: HistoryFile?

    func mayHold(_ key: UInt64) -> Bool { file?.mayHold(key) ?? true }
}
