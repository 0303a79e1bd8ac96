import ByteCoding
package import Storage
package import Units

/// What retention has dropped from the front of a log: where each segment that is gone ended.
///
/// Lines of text in `log/dropped`, each with a checksum that goes on from the one before; they are only ever
/// added to. A segment is removed once its line is durable, so a line that a crash tore, and all behind it,
/// speak of segments that are still there.
package struct DroppedSegments: Equatable, Sendable {
    /// A segment that is gone.
    struct Entry: Equatable {
        var number: UInt64
        var firstLSN: LSN
        /// What the next segment says that it follows.
        var end: SegmentEnd
        /// When it was dropped.
        var time: WallTime
    }

    private(set) var log: LogIdentity?
    /// Neighbours, the oldest first.
    private(set) var entries: [Entry] = []
    /// Bytes of the file that are whole lines.
    private(set) var byteCount = 0
    /// Of the last of them.
    private var checksum: UInt32 = 0

    package static let name = "dropped"
    private static let opening = "daybook dropped 1"

    /// Nothing was dropped.
    package init() {}

    /// The last record that was dropped; zero where none was.
    package var lastLSN: LSN { entries.last?.end.lastLSN ?? .zero }

    /// Nothing was dropped.
    package var isEmpty: Bool { entries.isEmpty }

    /// What a segment must follow that begins with this record: a dropped one, or nothing.
    func join(before first: LSN) -> SegmentJoin {
        guard let entry = entries.last(where: { $0.end.lastLSN.next == first }) else {
            return SegmentJoin()
        }
        return SegmentJoin(end: entry.end, number: entry.number, log: log)
    }

    /// The hashes of the log up to and with a record that was a segment's last; none for any other.
    func hashes(at lsn: LSN?) -> [LogHash] {
        guard let log, let entry = entries.first(where: { $0.end.lastLSN == lsn }) else {
            return []
        }
        return entry.hashes(of: log)
    }

    /// The lines about segments before this record: what a log that begins there needs.
    package func encoded(before first: LSN) -> [UInt8] {
        let kept = entries.filter { $0.end.lastLSN < first }
        guard let log, !kept.isEmpty else { return [] }
        return DroppedSegments().lines(for: kept, of: log)
    }

    /// The lines to be added for these segments; with the file's first line where it has none yet.
    func lines(for added: [Entry], of log: LogIdentity) -> [UInt8] {
        var texts = added.map { Self.text(of: $0) }
        if byteCount == 0 { texts.insert("\(Self.opening) \(log.text)", at: 0) }
        var lines: [UInt8] = []
        var checksum = checksum
        for text in texts {
            checksum = Self.checksum(of: Array(text.utf8), after: checksum)
            lines += Array("\(text) \(String(checksum, radix: 16))\n".utf8)
        }
        return lines
    }
}

// MARK: - Text

extension DroppedSegments {
    /// Reads the lines up to the first that is not whole.
    ///
    /// What is missing then, though it was whole once, is seen by the first segment that is there: it follows
    /// none of these.
    init(_ bytes: [UInt8]) {
        // Behind the last line feed there is no line.
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for line in lines.dropLast() {
            guard let (text, found) = checked(line), take(text) else { return }
            checksum = found
            byteCount += line.count + 1
        }
    }

    /// False where the line is not one that may stand here.
    private mutating func take(_ text: Substring) -> Bool {
        guard let log else {
            guard text.hasPrefix(Self.opening + " "),
                let found = LogIdentity(text.dropFirst(Self.opening.count + 1))
            else { return false }
            self.log = found
            return true
        }
        guard let entry = Entry(text) else { return false }
        var join = SegmentJoin()
        if let last = entries.last {
            join = SegmentJoin(end: last.end, number: last.number, log: log)
        }
        guard entry.number == join.number + 1, entry.firstLSN == join.end.lastLSN.next else {
            return false
        }
        entries.append(entry)
        return true
    }

    private static func text(of entry: Entry) -> String {
        let end = entry.end
        return "segment \(entry.number) \(entry.firstLSN) \(end.lastLSN) \(end.lastGroup) "
            + "\(end.byteCount) \(end.hash) \(entry.time)"
    }

    /// The text before a line's checksum, and that; nil where it is another.
    private func checked(_ line: ArraySlice<UInt8>) -> (Substring, UInt32)? {
        guard let space = line.lastIndex(of: UInt8(ascii: " ")) else { return nil }
        let text = Array(line[..<space])
        let expected = Self.checksum(of: text, after: checksum)
        guard line[(space + 1)...].elementsEqual(String(expected, radix: 16).utf8) else {
            return nil
        }
        return (Substring(decoding: text, as: UTF8.self), expected)
    }

    private static func checksum(of bytes: [UInt8], after last: UInt32) -> UInt32 {
        crc32c(bytes.rawBytes, continuing: last)
    }
}

extension DroppedSegments.Entry {
    fileprivate init?(_ text: Substring) {
        let fields = text.split(separator: " ")
        guard fields.count == 8, fields[0] == "segment", let hash = LogHash(fields[6]),
            let time = WallTime(rfc3339: fields[7])
        else { return nil }
        let numbers = fields[1...5].compactMap { UInt64($0) }
        guard numbers.count == 5, let largest = numbers.max(), largest <= SegmentHeader.numberMax,
            numbers[1] <= numbers[2]
        else { return nil }
        number = numbers[0]
        firstLSN = LSN(rawValue: numbers[1])
        end = SegmentEnd(
            byteCount: numbers[4], lastLSN: LSN(rawValue: numbers[2]), lastGroup: numbers[3],
            hash: hash)
        self.time = time
    }

    /// The heads that an auditor may have noted at its last record: its own hash, and those behind the next
    /// segment's opening.
    func hashes(of log: LogIdentity) -> [LogHash] {
        let openings = (1...SegmentHeader.newestVersion).map { version in
            RunningHash(
                Opening(
                    version: version, log: log, number: number + 1, firstLSN: end.lastLSN.next,
                    previousHash: end.hash)
            ).value
        }
        return [end.hash] + openings
    }
}

// MARK: - The file

extension DroppedSegments {
    /// Reads the file; nothing was dropped where there is none.
    ///
    /// - Throws: `LogError.io`.
    package init(from path: String, storage: any Storage) throws(LogError) {
        self.init(
            try unwrap { () throws(StorageError) in try storage.contents(of: path) ?? [] })
    }
}

extension LogDirectory {
    var droppedPath: String { segments + "/" + DroppedSegments.name }

    /// What was dropped from the front of this log.
    func dropped() throws(LogError) -> DroppedSegments {
        try DroppedSegments(from: droppedPath, storage: storage)
    }
}
