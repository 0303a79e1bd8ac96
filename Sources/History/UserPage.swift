import ByteCoding

/// Users of a file in the order of their bytes, with their counts; the first row of each follows
/// from the counts of those before it.
struct UserPage: Sendable {
    var users = Texts()
    var counts: [EndCounts] = []

    static let bodyBytesMin = 4_096

    mutating func removeAll() {
        users.removeAll()
        counts.removeAll(keepingCapacity: true)
    }

    func encode(to out: inout ByteWriter) {
        for number in 0..<users.count {
            let user = users[number]
            let shared = number == 0 ? 0 : user.sharedPrefix(with: users[number - 1])
            out.writeVarint(UInt64(shared))
            out.writeVarint(UInt64(user.byteCount - shared))
            out.write(user.extracting(shared...))
            for end in HistoryEnd.allCases { out.writeVarint(counts[number][end]) }
        }
    }

    /// Rows of all users in the page.
    var rowCount: Int { counts.reduce(0) { $0 + Int($1.total) } }

    init() {}

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

extension ByteReader {
    mutating func readEndCounts() throws -> EndCounts {
        var counts = EndCounts()
        for end in HistoryEnd.allCases {
            counts[end] = UInt64(try readCount(max: HistoryLimits.rowsMax))
        }
        return counts
    }
}
