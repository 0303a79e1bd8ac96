import ByteCoding
package import JobModel
import Synchronization
package import Units

/// One page of a listing.
package struct HistoryPage: Equatable, Sendable {
    package var jobs: [FinishedJob] = []
    /// Where the next page goes on: before this LSN; nil at the end.
    package var next: LSN?

    /// A last page with nothing on it.
    package init() {}
}

extension HistorySet {
    /// The newest finished job with this key; nil: none is kept.
    package func find(_ key: JobKey) throws(HistoryError) -> FinishedJob? {
        let user = Array(key.user.text.utf8)
        let job = Array(key.job.text.utf8)
        var hash = hash
        return try find(
            hash.key(user: user.rawBytes, job: job.rawBytes), user: user.rawBytes,
            job: job.rawBytes, after: .zero)
    }

    /// The same, of a key whose hash is known.
    ///
    /// - Parameters:
    ///   - key: What `hash` gives for the names.
    ///   - user: Bytes of the user's name.
    ///   - job: Bytes of the job's.
    ///   - known: Files that end here or before are left out.
    /// - Returns: The newest finished job with this key; nil: none is kept.
    /// - Throws: `HistoryError` if a file cannot be read, or is damaged, or was and is not built again.
    package func find(
        _ key: KeyHash, user: RawSpan, job: RawSpan, after known: LSN
    ) throws(HistoryError) -> FinishedJob? {
        try reading { () throws(HistoryError) in
            // Together: a gap is either lost or covered by a file.
            let (files, lost) = state.withLock { ($0.files, $0.lost) }
            for file in files.reversed() where file.header.range.upperBound > known {
                if let found = try file.find(key.value, user: user, job: job) { return found }
            }
            if let lost = lost.first(where: { $0.mayHold(key.value) }) {
                throw .missing(lost.range)
            }
            return nil
        }
    }

    /// Hashes keys, to look for them here.
    package var hash: HistoryHash { HistoryHash(log: log) }

    /// Places among `keys` of those that may be here; reads no disk.
    package func suspects(among keys: [KeyHash]) -> [Int] {
        let (filters, lost) = state.withLock { ($0.filters, $0.lost) }
        let probes = keys.map { FilterProbe($0.value) }
        var isSuspect = [Bool](repeating: false, count: keys.count)
        for filter in filters { filter.mark(probes, in: &isSuspect) }
        return keys.indices.filter { index in
            isSuspect[index] || lost.contains { $0.mayHold(keys[index].value) }
        }
    }

    /// How the user's finished jobs ended; all zero if none is kept.
    package func counts(of user: UserID) throws(HistoryError) -> EndCounts {
        let name = Array(user.text.utf8)
        let key = HistoryHash(log: log).hash(user: name.rawBytes)
        return try reading { () throws(HistoryError) in
            var counts = EndCounts()
            for file in files {
                if let found = try file.rows(of: name.rawBytes, key) { counts.add(found.counts) }
            }
            return counts
        }
    }

    /// Reads all that there is; the first file that is not whole is set aside, and the error says so.
    package func verify() throws(HistoryError) {
        try reading { () throws(HistoryError) in
            for file in files { try file.verify() }
        }
    }

    /// Every type with how its jobs ended, in the order of the names' bytes.
    package func typeCounts() throws(HistoryError) -> [(type: JobType, counts: EndCounts)] {
        try reading { () throws(HistoryError) in
            var types: [JobType: EndCounts] = [:]
            for file in files {
                for (type, counts) in try file.typeCounts() {
                    types[type, default: EndCounts()].add(counts)
                }
            }
            return types.map { (type: $0.key, counts: $0.value) }.sorted {
                Array($0.type.text.utf8).rawBytes.order(to: Array($1.type.text.utf8).rawBytes) < 0
            }
        }
    }

    /// One page of a user's finished jobs, newest submit first.
    ///
    /// A cursor stays good whatever is merged or dropped meanwhile: it is a place in the log.
    /// - Parameters:
    ///   - user: Whose jobs.
    ///   - ends: How they ended; empty: anyhow.
    ///   - type: Nil: of any type.
    ///   - endedThrough: Only jobs that had ended by this event.
    ///   - before: Only jobs submitted before; nil: from the newest.
    ///   - limit: Jobs on the page, at most.
    ///   - looksMax: So many rows are looked at; a page may be short, even empty, and not the last.
    /// - Returns: The page, with the cursor of the next one.
    /// - Throws: `HistoryError` if a file cannot be read, or is damaged.
    package func page(
        of user: UserID, ends: Set<HistoryEnd> = [], type: JobType? = nil,
        endedThrough: LSN = LSN(rawValue: .max), before: LSN? = nil, limit: Int, looksMax: Int
    ) throws(HistoryError) -> HistoryPage {
        let name = Array(user.text.utf8)
        let key = HistoryHash(log: log).hash(user: name.rawBytes)
        let wantedType = type.map { Array($0.text.utf8) }
        return try reading { () throws(HistoryError) in
            var merge = RunMerge(
                files: files,
                wanted: Wanted(
                    user: name, key: key, ends: ends, type: wantedType, endedThrough: endedThrough),
                before: before ?? LSN(rawValue: .max))
            return try merge.page(limit: limit, looksMax: looksMax)
        }
    }
}

/// What a key is found by in the history of one log.
package struct KeyHash: Hashable, Sendable {
    let value: UInt64
}

/// What a listing shows.
struct Wanted {
    let user: [UInt8]
    /// Hash of the user's name.
    let key: UInt64
    let type: [UInt8]?
    let endedThrough: LSN
    let mark: BlockMark

    init(
        user: [UInt8], key: UInt64, ends: Set<HistoryEnd>, type: [UInt8]?, endedThrough: LSN
    ) {
        self.endedThrough = endedThrough
        self.user = user
        self.key = key
        self.type = type
        if let type {
            mark = BlockMark(ends: ends, type: type.rawBytes)
        } else {
            mark = BlockMark(ends: ends, type: nil)
        }
    }

    func matches(_ row: Int, of rows: RowBlock) -> Bool {
        if rows.rows[row].row.last > endedThrough { return false }
        guard mark.holds(rows.rows[row].row.end) else { return false }
        guard let type else { return true }
        return rows.types[rows.rows[row].type].isEqual(to: type.rawBytes)
    }
}

/// Merges a user's rows of all files into one order.
///
/// A file is looked into only when the listing has come down to the newest job that it may hold.
private struct RunMerge {
    private var unopened: [HistoryFile]
    private var runs: [UserRun] = []
    private let wanted: Wanted
    private let before: LSN

    init(files: [HistoryFile], wanted: Wanted, before: LSN) {
        // The newest last, to be taken from the end.
        unopened = files.sorted { $0.footer.newestSubmitted < $1.footer.newestSubmitted }
        self.wanted = wanted
        self.before = before
    }

    mutating func page(limit: Int, looksMax: Int) throws(HistoryError) -> HistoryPage {
        var page = HistoryPage()
        var looks = 0
        var last = before
        while let run = try newest() {
            guard page.jobs.count < limit, looks < looksMax else {
                page.next = last
                return page
            }
            looks += 1
            last = runs[run].submitted
            if runs[run].matches { page.jobs.append(runs[run].job) }
            if try !runs[run].advance() { runs.remove(at: run) }
        }
        return page
    }

    /// The run whose next row was submitted last of all.
    private mutating func newest() throws(HistoryError) -> Int? {
        while true {
            let newest = runs.indices.max { runs[$0].submitted < runs[$1].submitted }
            guard let file = unopened.last else { return newest }
            if let newest, runs[newest].submitted > file.footer.newestSubmitted { return newest }
            unopened.removeLast()
            if let run = try UserRun(file, wanted: wanted, before: before) {
                runs.append(run)
            }
        }
    }
}

/// A user's rows in one file, from a place on down.
private struct UserRun {
    private let file: HistoryFile
    private let rows: Range<Int>
    private let wanted: Wanted
    private var block = RowBlock()
    private var blockNumber = 0
    private var row = 0
    // Stored, as is what a cursor of a merge is asked for every row.
    /// Of the row.
    private(set) var submitted = LSN.zero
    /// The row is wanted.
    private(set) var matches = false

    /// Nil where nothing that may be wanted was submitted before `before`.
    init?(
        _ file: HistoryFile, wanted: Wanted, before: LSN
    ) throws(HistoryError) {
        guard let found = try file.rows(of: wanted.user.rawBytes, wanted.key),
            !found.rows.isEmpty
        else { return nil }
        self.file = file
        self.wanted = wanted
        rows = found.rows
        row = rows.lowerBound
        // The last block of the run that begins at or above the cursor may hold rows below it.
        var low = rows.lowerBound / RowBlock.rowsMax
        var high = (rows.upperBound - 1) / RowBlock.rowsMax
        while low < high {
            let middle = (low + high + 1) / 2
            if file.directory.firstSubmitted[middle] >= before.rawValue {
                low = middle
            } else {
                high = middle - 1
            }
        }
        row = max(row, low * RowBlock.rowsMax)
        guard try settle() else { return nil }
        while submitted >= before {
            guard try advance() else { return nil }
        }
    }

    private var inBlock: Int { row - blockNumber * RowBlock.rowsMax }

    var job: FinishedJob { block.job(inBlock) }

    /// Goes to the next row; false behind the last.
    mutating func advance() throws(HistoryError) -> Bool {
        row += 1
        return try settle()
    }

    /// Comes to rest at the row, or at the first behind it that may be wanted; false behind the last.
    private mutating func settle() throws(HistoryError) -> Bool {
        guard try loadBlock() else { return false }
        submitted = block.rows[inBlock].row.submitted
        matches = wanted.matches(inBlock, of: block)
        return true
    }

    /// Loads the block that the row is in, or the next one that may hold what is wanted.
    private mutating func loadBlock() throws(HistoryError) -> Bool {
        var number = row / RowBlock.rowsMax
        guard row < rows.upperBound else { return false }
        if block.count > 0, number == blockNumber { return true }
        while !file.directory.marks[number].mayHold(wanted.mark) {
            number += 1
            row = number * RowBlock.rowsMax
            guard row < rows.upperBound else { return false }
        }
        try file.load(number, into: &block)
        blockNumber = number
        return true
    }
}
