import ByteCoding

/// Users of a file in the order of their bytes, with their counts; the first row of each follows
/// from the counts of those before it.
struct UserPage: Sendable {
    var users = Texts()
    var counts: [EndCounts] = []

    /// Rows of all users in the page.
    var rowCount: Int { counts.reduce(0) { $0 + Int($1.total) } }

    init(decoding body: RawSpan, count: Int) throws(Flaw) {
        var reader = ByteReader(body)
        do {
            for number in 0..<count {
                let previous = number == 0 ? 0 : users[number - 1].byteCount
                let shared = try reader.readCount(max: previous)
                let rest = try reader.readCount(max: HistoryLimits.nameBytesMax - shared)
                let bytes = try reader.read(count: rest)
                if shared > 0 {
                    users.append(shared: shared, of: number - 1, rest: bytes)
                } else {
                    users.append(bytes)
                }
                counts.append(try reader.readEndCounts())
            }
            guard reader.remaining == 0 else { throw Flaw("bytes behind the last user") }
        } catch let flaw as Flaw {
            throw flaw
        } catch {
            throw Flaw("\(error)")
        }
    }

    /// The user's rows, if they are in this page, which begins at row `firstRow`.
    func find(_ user: RawSpan, firstRow: Int) -> (rows: Range<Int>, counts: EndCounts)? {
        var row = firstRow
        for number in 0..<users.count {
            let count = Int(counts[number].total)
            if users[number].isEqual(to: user) { return (row..<row + count, counts[number]) }
            row += count
        }
        return nil
    }
}

/// Makes the pages of a file's users, which stand behind its keys: their frames are kept until then.
struct UserPages {
    private let seed: UInt32
    private var frames = ByteWriter()
    private var starts: [Int] = []
    private var page = ByteWriter()
    private var users = 0
    /// Of names, as if none shared anything.
    private var nameBytes = 0
    private var last: [UInt8] = []

    private static let nameBytesMin = 4_096

    init(seed: UInt32) {
        self.seed = seed
    }

    /// Adds a user that comes after the one before in the order of bytes; true where a page begins with it.
    mutating func append(_ user: RawSpan, _ counts: EndCounts) -> Bool {
        if nameBytes >= Self.nameBytesMin { endPage() }
        let shared = users == 0 ? 0 : user.sharedPrefix(with: last.rawBytes)
        page.writeVarint(UInt64(shared))
        page.writeVarint(UInt64(user.byteCount - shared))
        page.write(user.extracting(shared...))
        page.write(counts)
        last.removeAll(keepingCapacity: true)
        last.append(user)
        users += 1
        nameBytes += user.byteCount + 5
        return users == 1
    }

    /// The frames of all pages, and where each begins in them.
    mutating func finish() -> (frames: ByteWriter, starts: [Int]) {
        if users > 0 { endPage() }
        return (frames, starts)
    }

    private mutating func endPage() {
        let frame = Frame(.users, number: starts.count, count: users)
        let body = page
        starts.append(frames.count)
        _ = frame.write(to: &frames, seed: seed) { $0.write(body.bytes) }
        page.removeAll()
        users = 0
        nameBytes = 0
    }
}

extension ByteWriter {
    mutating func write(_ counts: EndCounts) {
        for end in HistoryEnd.allCases { writeVarint(counts[end]) }
    }
}

extension ByteReader {
    mutating func readEndCounts() throws -> EndCounts {
        var counts = EndCounts()
        for end in HistoryEnd.allCases {
            counts[end] = UInt64(try readCount(max: HistoryLimits.rowsMax))
        }
        return counts
    }
}
