import ByteCoding
import Storage
import Units

/// Several neighbouring files on their way into one; goes on where it stopped.
struct HistoryMerge {
    let sources: [HistoryFile]
    let draft: HistoryDraft
    private var writer: HistoryWriter
    private var cursors: [Cursor]
    /// Cursors whose next row is of another user than the one that is being written.
    private var waiting: UserQueue
    /// Next rows of the user that is being written, the one submitted last the last.
    private var current: [NextRow] = []

    private struct NextRow {
        var submitted: LSN
        let cursor: Int
    }

    init(_ sources: [HistoryFile], draft: HistoryDraft) throws(HistoryError) {
        self.sources = sources
        self.draft = draft
        cursors = sources.map { Cursor($0) }
        waiting = UserQueue(cursors: sources.count)
        writer = try draft.writer(users: Self.expectedUsers(of: sources, rows: draft.header.rows))
        for cursor in cursors.indices {
            try cursors[cursor].load()
            wait(cursor)
        }
    }

    /// How many users the filter has room for.
    ///
    /// Most have jobs in more than one of the files. Where nearly every job has a user of its own, the filter lets
    /// five in a thousand through instead of one (calculated).
    private static func expectedUsers(of sources: [HistoryFile], rows: Int) -> Int {
        min(sources.reduce(0) { $0 + $1.footer.users }, rows / 2)
    }

    /// Copies rows until `byteBudget` bytes have been written; true once all are.
    mutating func step(byteBudget: Int) throws(HistoryError) -> Bool {
        let end = writer.byteCount + UInt64(max(byteBudget, 1))
        while writer.byteCount < end {
            if current.isEmpty, try !beginUser() { return true }
            try copyRow()
        }
        // So that the last sync does not have all of it to do.
        try writer.sync()
        return false
    }

    mutating func finish() throws(HistoryError) { try writer.finish() }

    private mutating func wait(_ cursor: Int) {
        if !cursors[cursor].isAtEnd { cursors[cursor].wait(as: cursor, in: &waiting) }
    }

    /// Finds the next user and who has rows of it; false where no rows are left.
    private mutating func beginUser() throws(HistoryError) -> Bool {
        guard let first = waiting.popFirst() else { return false }
        var next: Int? = first
        while let cursor = next {
            current.append(NextRow(submitted: cursors[cursor].submitted, cursor: cursor))
            next = waiting.popFirst(ofUserOf: first)
        }
        current.sort { $0.submitted < $1.submitted }
        try cursors[first].beginUser(in: &writer)
        return true
    }

    /// Copies the user's next row: the one submitted last.
    private mutating func copyRow() throws(HistoryError) {
        var place = current.count - 1
        let cursor = current[place].cursor
        try cursors[cursor].copy(to: &writer)
        guard try cursors[cursor].advance() else {
            current.removeLast()
            return wait(cursor)
        }
        current[place].submitted = cursors[cursor].submitted
        while place > 0, current[place - 1].submitted > current[place].submitted {
            current.swapAt(place - 1, place)
            place -= 1
        }
    }
}

/// Cursors in the order of their users' bytes.
private struct UserQueue {
    /// The one whose user comes first is the last.
    private var cursors: [Int] = []
    /// The user of each cursor.
    private var users: Rooms
    /// Of each user eight bytes behind what all begin with: they tell most apart.
    private var words: [UInt64]
    private var sharedBytes = Int.max

    init(cursors count: Int) {
        users = Rooms(count: count)
        words = [UInt64](repeating: 0, count: count)
    }

    mutating func insert(_ cursor: Int, _ user: RawSpan) {
        users.put(user, cursor)
        let shared = cursors.last.map { users.sharedPrefix($0, cursor) } ?? user.byteCount
        if shared < sharedBytes {
            sharedBytes = shared
            for other in cursors { words[other] = users.word(other, from: shared) }
        }
        words[cursor] = user.word(from: sharedBytes)
        var low = 0
        var high = cursors.count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(cursors[middle], cursor) { low = middle + 1 } else { high = middle }
        }
        cursors.insert(cursor, at: low)
    }

    private func isBehind(_ left: Int, _ right: Int) -> Bool {
        if words[left] != words[right] { return words[left] > words[right] }
        return users.order(left, right) > 0
    }

    mutating func popFirst() -> Int? { cursors.popLast() }

    /// Nil where the next one is of another user than the cursor that was taken before.
    mutating func popFirst(ofUserOf cursor: Int) -> Int? {
        guard let next = cursors.last, words[next] == words[cursor],
            users.order(next, cursor) == 0
        else { return nil }
        return cursors.popLast()
    }
}

/// Names side by side, each with room for the longest.
private struct Rooms {
    private var bytes: [UInt8]
    private var byteCounts: [Int]

    private static let roomBytes = HistoryLimits.nameBytesMax

    init(count: Int) {
        bytes = [UInt8](repeating: 0, count: count * Self.roomBytes)
        byteCounts = [Int](repeating: 0, count: count)
    }

    /// - Precondition: a name of at most `HistoryLimits.nameBytesMax` bytes.
    mutating func put(_ name: RawSpan, _ room: Int) {
        byteCounts[room] = name.byteCount
        let room = range(room)
        // Two different buffers, of which the range is as long as the name.
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe name.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[room])
                    .copyMemory(from: source)
            }
        }
    }

    func word(_ room: Int, from start: Int) -> UInt64 {
        bytes.rawBytes.extracting(range(room)).word(from: start)
    }

    func sharedPrefix(_ left: Int, _ right: Int) -> Int {
        let bytes = bytes.rawBytes
        return bytes.extracting(range(left)).sharedPrefix(with: bytes.extracting(range(right)))
    }

    func order(_ left: Int, _ right: Int) -> Int {
        let bytes = bytes.rawBytes
        return bytes.extracting(range(left)).order(to: bytes.extracting(range(right)))
    }

    private func range(_ room: Int) -> Range<Int> {
        room * Self.roomBytes..<room * Self.roomBytes + byteCounts[room]
    }
}

/// The rows of a file, one after another.
///
/// What is asked for every row is stored or `mutating`: a borrowing call would copy the cursor out of its
/// array, which counts references for each of the block's own arrays.
private struct Cursor {
    private let file: HistoryFile
    private var block = RowBlock()
    private var blockNumber = 0
    private var row = 0
    private var userNumber = 0
    /// Of the row.
    private(set) var submitted = LSN.zero

    init(_ file: HistoryFile) {
        self.file = file
    }

    var isAtEnd: Bool { blockNumber >= file.directory.blockOffsets.count }

    mutating func load() throws(HistoryError) {
        row = 0
        userNumber = 0
        guard !isAtEnd else { return }
        try file.load(blockNumber, into: &block, isCached: false)
        submitted = block.rows[row].row.submitted
    }

    mutating func beginUser(in writer: inout HistoryWriter) throws(HistoryError) {
        try writer.begin(user: block.users[userNumber])
    }

    mutating func wait(as number: Int, in queue: inout UserQueue) {
        queue.insert(number, block.users[userNumber])
    }

    mutating func copy(to writer: inout HistoryWriter) throws(HistoryError) {
        try writer.append(
            block.rows[row].row,
            RowNames(
                job: block.jobs[row], type: block.types[block.rows[row].type],
                policy: block.policies[block.rows[row].policy], location: block.locations[row]))
    }

    /// Goes to the next row; false where it is of another user, or there is none.
    mutating func advance() throws(HistoryError) -> Bool {
        row += 1
        if row < block.count {
            submitted = block.rows[row].row.submitted
            guard row == block.userEnds[userNumber] else { return true }
            userNumber += 1
            return false
        }
        let last = block.users[userNumber].array
        blockNumber += 1
        try load()
        return !isAtEnd && block.users[userNumber].isEqual(to: last.rawBytes)
    }
}
