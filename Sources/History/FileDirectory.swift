import ByteCoding
import JobModel

/// Where the parts of a file are: what of a file stays in memory beside its filter.
///
/// 18 bytes a block of rows, 8 a page of keys, a name and 16 bytes a page of users.
struct FileDirectory: Sendable {
    var blockOffsets: [UInt64] = []
    /// LSN of the submit of each block's first row.
    var firstSubmitted: [UInt64] = []
    var marks: [BlockMark] = []
    var keyOffsets: [UInt64] = []
    var userOffsets: [UInt64] = []
    var firstUsers = Texts()
    var firstRows: [Int] = []

    func encode(to out: inout ByteWriter) {
        for count in [blockOffsets.count, keyOffsets.count, userOffsets.count] {
            out.writeVarint(UInt64(count))
        }
        for block in blockOffsets.indices {
            out.writeFixed(blockOffsets[block])
            out.writeFixed(firstSubmitted[block])
            out.writeFixed(marks[block].bits)
        }
        for offset in keyOffsets { out.writeFixed(offset) }
        for page in userOffsets.indices {
            out.writeFixed(userOffsets[page])
            out.writeVarint(UInt64(firstRows[page]))
            out.writeVarint(UInt64(firstUsers[page].byteCount))
            out.write(firstUsers[page])
        }
    }

    init() {}

    init(decoding body: RawSpan) throws(Flaw) {
        var reader = ByteReader(body)
        do {
            // Each takes 8 bytes at least: no count is believed beyond what the body can hold.
            let blocks = try reader.readCount(max: body.byteCount / 8)
            let keys = try reader.readCount(max: body.byteCount / 8)
            let users = try reader.readCount(max: body.byteCount / 8)
            for _ in 0..<blocks {
                blockOffsets.append(try reader.readFixed())
                firstSubmitted.append(try reader.readFixed())
                marks.append(BlockMark(bits: try reader.readFixed()))
            }
            for _ in 0..<keys { keyOffsets.append(try reader.readFixed()) }
            for _ in 0..<users {
                userOffsets.append(try reader.readFixed())
                firstRows.append(try reader.readCount(max: HistoryLimits.rowsMax))
                let byteCount = try reader.readCount(max: HistoryLimits.nameBytesMax)
                firstUsers.append(try reader.read(count: byteCount))
            }
            guard reader.remaining == 0 else { throw Flaw("bytes behind the directory") }
        } catch let flaw as Flaw {
            throw flaw
        } catch {
            throw Flaw("\(error)")
        }
    }

    /// The page that the user is in, if in any.
    func page(of user: RawSpan) -> Int? {
        var low = 0
        var high = firstUsers.count
        while low < high {
            let middle = (low + high) / 2
            if firstUsers[middle].order(to: user) <= 0 { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? nil : low - 1
    }

    /// Bytes of memory.
    var byteCount: Int {
        18 * blockOffsets.count + 8 * keyOffsets.count + 24 * userOffsets.count
            + firstUsers.bytes.count
    }
}

/// Which endings and, by a hash, which types there are in a block, so that a search passes it over.
struct BlockMark: Equatable, Sendable {
    private(set) var bits: UInt16 = 0

    init(bits: UInt16 = 0) {
        self.bits = bits
    }

    /// What a search wants: any of the endings and, if there is one, the type.
    init(ends: Set<HistoryEnd>, type: RawSpan?) {
        for end in ends.isEmpty ? Set(HistoryEnd.allCases) : ends { add(end) }
        if let type { add(type: type) } else { bits |= 0xFFF8 }
    }

    mutating func add(_ end: HistoryEnd) { bits |= 1 << UInt16(end.rawValue) }

    mutating func add(type: RawSpan) { bits |= 8 << UInt16(crc32c(type) % 13) }

    func holds(_ end: HistoryEnd) -> Bool { bits & 1 << UInt16(end.rawValue) != 0 }

    func mayHold(_ wanted: BlockMark) -> Bool {
        let both = bits & wanted.bits
        return both & 7 != 0 && both & 0xFFF8 != 0
    }
}
