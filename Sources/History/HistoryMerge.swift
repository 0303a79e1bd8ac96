import ByteCoding
import Storage
import Units

/// Several neighbouring files on their way into one; goes on where it stopped.
struct HistoryMerge {
    let sources: [HistoryFile]
    let draft: HistoryDraft
    private var writer: HistoryWriter
    private var cursors: [Cursor]
    /// Those whose next row is of the user that is being written.
    private var current: [Int] = []

    init(_ sources: [HistoryFile], draft: HistoryDraft) throws(HistoryError) {
        self.sources = sources
        self.draft = draft
        cursors = sources.map { Cursor($0) }
        writer = try draft.writer(usersMax: sources.reduce(0) { $0 + $1.footer.users })
        for cursor in cursors.indices { try cursors[cursor].load() }
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

    /// Finds the next user and who has rows of it; false where no rows are left.
    private mutating func beginUser() throws(HistoryError) -> Bool {
        for cursor in cursors.indices where !cursors[cursor].isAtEnd {
            guard let first = current.first else {
                current = [cursor]
                continue
            }
            let order = cursors[cursor].order(to: cursors[first])
            if order < 0 { current = [cursor] }
            if order == 0 { current.append(cursor) }
        }
        guard let first = current.first else { return false }
        try cursors[first].beginUser(in: &writer)
        return true
    }

    /// Copies the user's next row: the one submitted last.
    private mutating func copyRow() throws(HistoryError) {
        var place = 0
        for other in current.indices.dropFirst()
        where cursors[current[other]].submitted > cursors[current[place]].submitted {
            place = other
        }
        let cursor = current[place]
        try cursors[cursor].copy(to: &writer)
        if try !cursors[cursor].advance() { current.remove(at: place) }
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

    var user: RawSpan {
        @_lifetime(borrow self)
        get { block.users[userNumber] }
    }

    mutating func load() throws(HistoryError) {
        row = 0
        userNumber = 0
        guard !isAtEnd else { return }
        try file.load(blockNumber, into: &block, isCached: false)
        submitted = block.rows[row].submitted
    }

    /// How the two users stand in the order of bytes.
    func order(to other: Cursor) -> Int { user.order(to: other.user) }

    func beginUser(in writer: inout HistoryWriter) throws(HistoryError) {
        try writer.begin(user: user)
    }

    mutating func copy(to writer: inout HistoryWriter) throws(HistoryError) {
        try writer.append(
            block.rows[row],
            RowNames(
                job: block.jobs[row], type: block.types[block.typeNumbers[row]],
                policy: block.policies[block.policyNumbers[row]], location: block.locations[row]))
    }

    /// Goes to the next row; false where it is of another user, or there is none.
    mutating func advance() throws(HistoryError) -> Bool {
        row += 1
        if row < block.count {
            submitted = block.rows[row].submitted
            guard row == block.userEnds[userNumber] else { return true }
            userNumber += 1
            return false
        }
        let last = block.users[userNumber].array
        blockNumber += 1
        try load()
        return !isAtEnd && user.isEqual(to: last.rawBytes)
    }
}
