import ByteCoding
import JobModel
import Storage
import Units

/// A finished file, open for reading by any number of threads.
///
/// Memory: the filter and the directory, about 1.4 MB for a million jobs of few users, and twice as much in a
/// file that waits to be merged. Whoever holds it can read on when its name is gone.
final class HistoryFile: Sendable {
    let path: String
    let header: HistoryHeader
    let footer: HistoryFooter
    let directory: FileDirectory
    let filter: KeyFilter
    private let seed: UInt32
    private let file: any StorageFile
    private let cache: FrameCache
    /// No other file of this set has or had it.
    let number: UInt64

    /// Opens what lies at `path`; errors and `path` speak of it as `name`, which it will have.
    init(
        _ path: String, as name: String, storage: any Storage, cache: FrameCache
    ) throws(HistoryError) {
        self.path = name
        self.cache = cache
        file = try unwrap { () throws(StorageError) in try storage.open(path, .read) }
        let parts: FileParts
        do throws(Flaw) {
            parts = try FileParts(file)
        } catch {
            throw error.error(in: name)
        }
        header = parts.header
        seed = parts.seed
        footer = parts.footer
        directory = parts.directory
        filter = parts.filter
        number = cache.numberFile()
    }

    /// Bytes of memory that the file takes as long as it is open.
    var memoryBytes: Int { filter.bytes.count + directory.byteCount }
}

/// The body of a frame, borrowed from its bytes.
struct FrameBody: ~Escapable {
    let body: RawSpan
    let count: Int

    @_lifetime(copy body)
    init(body: RawSpan, count: Int) {
        self.body = body
        self.count = count
    }
}

extension FileDirectory {
    /// Where each frame before that of the types begins, in the order of the file.
    var offsets: [UInt64] { blockOffsets + keyOffsets + userOffsets }

    /// The kind and number of the frame that begins at a place of `offsets`.
    fileprivate func frame(_ place: Int) -> (kind: Frame.Kind, number: Int) {
        let keys = place - blockOffsets.count
        let users = keys - keyOffsets.count
        if keys < 0 { return (.rows, place) }
        return users < 0 ? (.keys, keys) : (.users, users)
    }

    fileprivate func end(_ offsets: [UInt64], _ index: Int, then: [UInt64]...) -> UInt64? {
        if index + 1 < offsets.count { return offsets[index + 1] }
        return then.first { !$0.isEmpty }?.first
    }

    func end(ofBlock block: Int) -> UInt64? {
        end(blockOffsets, block, then: keyOffsets, userOffsets)
    }

    func end(ofKeys page: Int) -> UInt64? { end(keyOffsets, page, then: userOffsets) }

    func end(ofUsers page: Int) -> UInt64? { end(userOffsets, page) }
}

extension HistoryFile {
    /// Reads a frame, or finds it in the cache, and lends its body.
    private func read<T>(
        _ kind: Frame.Kind, _ number: Int, from offset: UInt64, to end: UInt64,
        isCached: Bool = true, _ use: (FrameBody) throws(Flaw) -> T
    ) throws(HistoryError) -> T {
        do throws(Flaw) {
            let key = FrameCache.Key(file: self.number, offset: offset)
            if isCached, let known = cache[key] { return try use(Self.trusted(known.rawBytes)) }
            let frame = try FileParts.bytes(file, at: offset, count: Int(end - offset))
            let result = try use(try FileParts.body(frame.rawBytes, kind, number, seed))
            if isCached { cache.insert(frame, key) }
            return result
        } catch {
            throw damage(error, at: offset)
        }
    }

    /// A flaw in what begins at an offset of the file.
    private func damage(_ flaw: Flaw, at offset: UInt64) -> HistoryError {
        var placed = flaw
        placed.offsetBytes = max(placed.offsetBytes, offset)
        return placed.error(in: path)
    }

    /// A frame that was checked before it went into the cache.
    @_lifetime(copy frame)
    private static func trusted(_ frame: RawSpan) throws(Flaw) -> FrameBody {
        FrameBody(
            body: frame.extracting(Frame.headBytes...), count: try Frame(head: frame).count)
    }

    /// Fills `rows` with a block; after an error they are of no use.
    func load(_ block: Int, into rows: inout RowBlock, isCached: Bool = true) throws(HistoryError) {
        let end = directory.end(ofBlock: block) ?? footer.typesOffset
        try read(
            .rows, block, from: directory.blockOffsets[block], to: end, isCached: isCached
        ) { frame throws(Flaw) in
            let wanted = min(RowBlock.rowsMax, header.rows - block * RowBlock.rowsMax)
            guard frame.count == wanted else { throw Flaw("count of rows") }
            try rows.decode(frame.body, count: frame.count)
        }
    }

    func users(_ page: Int, isCached: Bool = true) throws(HistoryError) -> UserPage {
        let end = directory.end(ofUsers: page) ?? footer.typesOffset
        return try read(
            .users, page, from: directory.userOffsets[page], to: end, isCached: isCached
        ) { frame throws(Flaw) in try UserPage(decoding: frame.body, count: frame.count) }
    }

    /// False where surely none of the file's jobs has a key of this hash.
    func mayHold(_ key: UInt64) -> Bool { header.rows > 0 && filter.mayContain(key) }

    /// The newest of the file's jobs with this key, whose hash is `key`.
    func find(
        _ key: UInt64, user: RawSpan, job: RawSpan
    ) throws(HistoryError) -> FinishedJob? {
        guard mayHold(key) else { return nil }
        var found: FinishedJob?
        for block in try blocks(of: key) {
            var rows = RowBlock()
            try load(block, into: &rows)
            for row in 0..<rows.count where rows.jobs[row].isEqual(to: job) {
                guard rows.users[rows.user(of: row)].isEqual(to: user) else { continue }
                if let found, found.row.submitted > rows.rows[row].row.submitted { continue }
                found = rows.job(row)
            }
        }
        return found
    }

    private func blocks(of key: UInt64) throws(HistoryError) -> [Int] {
        let page = KeyIndex.page(of: key, pages: directory.keyOffsets.count)
        let end = directory.end(ofKeys: page) ?? footer.typesOffset
        return try read(.keys, page, from: directory.keyOffsets[page], to: end) {
            frame throws(Flaw) in
            try KeyIndex.blocks(
                of: key, in: frame.body, count: frame.count, blocks: directory.blockOffsets.count)
        }
    }

    /// A user's rows and how they ended; nil if there are none.
    ///
    /// `key` is the hash of the user's name.
    func rows(
        of user: RawSpan, _ key: UInt64
    ) throws(HistoryError) -> (rows: Range<Int>, counts: EndCounts)? {
        guard filter.mayContain(key),
            let page = directory.page(of: user)
        else { return nil }
        let found = try users(page).find(user, firstRow: directory.firstRows[page])
        guard let found else { return nil }
        guard found.rows.upperBound <= header.rows else {
            throw Flaw("rows of a user").error(in: path)
        }
        return found
    }

    /// Every type with how its jobs ended, in the order of bytes.
    func typeCounts(
        isCached: Bool = true
    ) throws(HistoryError) -> [(type: JobType, counts: EndCounts)] {
        try read(
            .types, 0, from: footer.typesOffset, to: footer.filterOffset, isCached: isCached
        ) { frame throws(Flaw) in
            var reader = ByteReader(frame.body)
            var types: [(type: JobType, counts: EndCounts)] = []
            do {
                for _ in 0..<(try reader.readCount(max: header.rows)) {
                    let length = try reader.readCount(max: HistoryLimits.nameBytesMax)
                    let type = try reader.read(count: length).text
                    types.append((JobType(unchecked: type), try reader.readEndCounts()))
                }
                guard reader.remaining == 0 else { throw Flaw("bytes behind the last type") }
            } catch let flaw as Flaw {
                throw flaw
            } catch {
                throw Flaw("\(error)")
            }
            return types
        }
    }

    /// Reads every frame past the cache; what does not throw is as it was written, and all of it can be read.
    func verify() throws(HistoryError) {
        var rows = RowBlock()
        for block in directory.blockOffsets.indices {
            try load(block, into: &rows, isCached: false)
        }
        try verifyKeys()
        try verifyUsers()
        _ = try typeCounts(isCached: false)
    }

    /// As `verify`, but believes the checksums of rows, keys and users instead of decoding them.
    func verifyChecksums() throws(HistoryError) {
        let offsets = directory.offsets + [footer.typesOffset]
        var first = 0
        while first + 1 < offsets.count {
            var next = first + 1
            while next + 1 < offsets.count,
                offsets[next + 1] - offsets[first] <= Self.verifiedBytesMax
            { next += 1 }
            try verifyChecksums(first..<next, offsets)
            first = next
        }
        _ = try typeCounts(isCached: false)
    }

    private static let verifiedBytesMax: UInt64 = 256 << 10

    /// Reads neighbouring frames at once.
    private func verifyChecksums(_ frames: Range<Int>, _ offsets: [UInt64]) throws(HistoryError) {
        let start = offsets[frames.lowerBound]
        var offset = start
        do throws(Flaw) {
            let bytes = try FileParts.bytes(
                file, at: start, count: Int(offsets[frames.upperBound] - start))
            for frame in frames {
                offset = offsets[frame]
                let (kind, number) = directory.frame(frame)
                let range = Int(offset - start)..<Int(offsets[frame + 1] - start)
                _ = try FileParts.body(bytes.rawBytes.extracting(range), kind, number, seed)
            }
        } catch {
            throw damage(error, at: offset)
        }
    }

    /// Their rows follow each other from the first to the last.
    private func verifyUsers() throws(HistoryError) {
        var row = 0
        for page in directory.userOffsets.indices {
            guard directory.firstRows[page] == row else {
                throw Flaw("first row of a page of users").error(in: path)
            }
            row += try users(page, isCached: false).rowCount
        }
        guard row == header.rows else { throw Flaw("rows of all users").error(in: path) }
    }

    private func verifyKeys() throws(HistoryError) {
        for page in directory.keyOffsets.indices {
            let end = directory.end(ofKeys: page) ?? footer.typesOffset
            try read(.keys, page, from: directory.keyOffsets[page], to: end, isCached: false) {
                frame throws(Flaw) in
                try KeyIndex.check(
                    frame.body, count: frame.count, blocks: directory.blockOffsets.count)
            }
        }
    }
}
