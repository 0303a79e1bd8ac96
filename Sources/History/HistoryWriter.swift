import ByteCoding
import JobModel
import Storage
import Units

/// Writes a file from its first byte to its last; rows come by user, newest submit first.
///
/// Memory grows by 8 bytes a row for the key index, and by the pages of users: both are written behind the
/// rows, as the filter is.
struct HistoryWriter {
    private let file: any StorageFile
    private let header: HistoryHeader
    private let seed: UInt32
    private var out = ByteWriter(capacity: Self.chunkBytes + 64 << 10)
    /// Bytes that have left `out` already.
    private var flushed: UInt64 = 0
    private var block = RowBlock()
    private var directory = FileDirectory()
    private var filter: KeyFilter
    /// A filter of other files that gets the keys of this one, too.
    private(set) var shared: KeyFilter?
    private var hash: HistoryHash
    private var keys: [UInt64] = []
    /// Of the users of the block, and of the keys of its rows.
    private var userProbes: [FilterProbe] = []
    private var keyProbes: [FilterProbe] = []
    private var user: [UInt8] = []
    private var userCounts = EndCounts()
    private var userPages: UserPages
    private var rowsOfUsers = 0
    private var typeCounts: [[UInt8]: EndCounts] = [:]
    private var footer = HistoryFooter()

    private static let chunkBytes = 256 << 10
    /// A day of 100 million jobs has 25 files of the largest size: all together let one key in thirty through for
    /// nothing (calculated).
    private static let filterBits = 16

    /// - Precondition: as many rows as `header` says will follow; of about `users` users.
    init(_ file: any StorageFile, header: HistoryHeader, users: Int, shared: KeyFilter?) {
        self.file = file
        self.header = header
        seed = header.seed
        filter = KeyFilter(elements: header.rows + users, bitsEach: Self.filterBits)
        self.shared = shared
        hash = HistoryHash(log: header.log)
        userPages = UserPages(seed: seed)
        keys.reserveCapacity(header.rows)
        header.encode(to: &out)
    }

    /// Bytes of the file so far.
    var byteCount: UInt64 { flushed + UInt64(out.count) }

    private var offset: UInt64 { byteCount }

    /// Rows that follow belong to `user`.
    ///
    /// - Precondition: in the order of bytes it comes after the user before.
    mutating func begin(user name: RawSpan) throws(HistoryError) {
        precondition(
            footer.users == 0 || user.rawBytes.order(to: name) < 0, "users are out of order")
        endUser()
        user.removeAll(keepingCapacity: true)
        user.append(name)
        footer.users += 1
        if block.count < RowBlock.rowsMax { block.begin(user: name) }
        userProbes.append(FilterProbe(hash.hash(user: name)))
        hash.begin(user: name)
    }

    /// - Precondition: submitted before the row before, where that is of the same user.
    mutating func append(
        _ row: HistoryRow, _ names: borrowing RowNames
    ) throws(HistoryError) {
        if block.count == RowBlock.rowsMax { try endBlock() }
        if block.users.count == 0 {
            let user = user
            block.begin(user: user.rawBytes)
        }
        if block.count == 0 { directory.firstSubmitted.append(row.submitted.rawValue) }
        block.append(row, names)
        let key = hash.hash(job: names.job)
        keyProbes.append(FilterProbe(key))
        keys.append(KeyIndex.element(hash: key, block: directory.blockOffsets.count))
        userCounts[row.end] &+= 1
        footer.newestFinish = max(footer.newestFinish, row.finishedAt)
        footer.oldestFinish = min(footer.oldestFinish, row.finishedAt)
        footer.newestSubmitted = max(footer.newestSubmitted, row.submitted)
    }

    /// Writes what follows the rows and makes all of it durable.
    mutating func finish() throws(HistoryError) {
        precondition(keys.count == header.rows, "\(keys.count) rows, \(header.rows) announced")
        endUser()
        if block.count > 0 { try endBlock() }
        try writeKeys()
        try writeUserPages()
        footer.typesOffset = offset
        writeTypes()
        footer.filterOffset = offset
        _ = Frame(.filter, number: 0, count: 0).write(to: &out, seed: seed) {
            $0.write(filter.bytes)
        }
        footer.directoryOffset = offset
        _ = Frame(.directory, number: 0, count: 0).write(to: &out, seed: seed) {
            directory.encode(to: &$0)
        }
        footer.fileBytes = offset + UInt64(HistoryFooter.byteCount)
        footer.encode(to: &out, seed: seed)
        try sync()
    }

    private mutating func endBlock() throws(HistoryError) {
        block.closeUser()
        var mark = BlockMark()
        var counts = [EndCounts](repeating: EndCounts(), count: block.types.count)
        for row in block.rows.indices {
            let end = block.rows[row].row.end
            mark.add(end)
            counts[block.rows[row].type][end] &+= 1
        }
        for type in counts.indices {
            mark.add(type: block.types[type])
            typeCounts[block.types[type].array, default: EndCounts()].add(counts[type])
        }
        let frame = Frame(.rows, number: directory.blockOffsets.count, count: block.count)
        directory.marks.append(mark)
        directory.blockOffsets.append(offset)
        _ = frame.write(to: &out, seed: seed) { block.encode(to: &$0) }
        block.removeAll()
        filter.insert(userProbes)
        filter.insert(keyProbes)
        shared?.insert(keyProbes)
        userProbes.removeAll(keepingCapacity: true)
        keyProbes.removeAll(keepingCapacity: true)
        try flushIfFull()
    }

    private mutating func writeKeys() throws(HistoryError) {
        let pages = KeyIndex.pages(rows: keys.count)
        let (sorted, starts) = KeyIndex.sorted(keys, pages: pages)
        let blockBytes = KeyIndex.blockBytes(blocks: directory.blockOffsets.count)
        for page in 0..<pages {
            let elements = sorted[starts[page]..<starts[page + 1]]
            directory.keyOffsets.append(offset)
            _ = Frame(.keys, number: page, count: elements.count).write(to: &out, seed: seed) {
                KeyIndex.encode(elements, blockBytes: blockBytes, to: &$0)
            }
            try flushIfFull()
        }
    }

    private mutating func endUser() {
        guard footer.users > 0 else { return }
        block.closeUser()
        let user = user
        if userPages.append(user.rawBytes, userCounts) {
            directory.firstUsers.append(user)
            directory.firstRows.append(rowsOfUsers)
        }
        rowsOfUsers += Int(userCounts.total)
        footer.ends.add(userCounts)
        userCounts = EndCounts()
    }

    private mutating func writeUserPages() throws(HistoryError) {
        let (frames, starts) = userPages.finish()
        directory.userOffsets = starts.map { offset + UInt64($0) }
        try flush()
        try unwrap { () throws(StorageError) in try file.write(frames.bytes, at: flushed) }
        flushed += UInt64(frames.count)
    }

    private mutating func writeTypes() {
        let sorted = typeCounts.sorted { $0.key.rawBytes.order(to: $1.key.rawBytes) < 0 }
        _ = Frame(.types, number: 0, count: 0).write(to: &out, seed: seed) { out in
            out.writeVarint(UInt64(sorted.count))
            for (type, counts) in sorted {
                out.writeVarint(UInt64(type.count))
                out.write(type)
                out.write(counts)
            }
        }
    }

    /// Makes durable what has been written so far.
    mutating func sync() throws(HistoryError) {
        try flush()
        try unwrap { () throws(StorageError) in try file.sync() }
    }

    private mutating func flushIfFull() throws(HistoryError) {
        if out.count >= Self.chunkBytes { try flush() }
    }

    private mutating func flush() throws(HistoryError) {
        try unwrap { () throws(StorageError) in try file.write(out.bytes, at: flushed) }
        flushed += UInt64(out.count)
        out.removeAll()
    }
}
