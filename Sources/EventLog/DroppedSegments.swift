import ByteCoding
import Glibc
package import Storage
package import Units

/// What retention has dropped from the front of a log: where each segment that is gone ended.
///
/// Lines of text in `log/dropped`, each with a checksum of its own; they are only ever added to. A segment
/// is removed once its line is durable, so a line that a crash tore speaks of one that is still there.
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
        guard let log else { return [] }
        let lines = entries.filter { $0.end.lastLSN < first }.map { Self.line(of: $0) }
        guard !lines.isEmpty else { return [] }
        return Array((Self.head(of: log) + lines.joined()).utf8)
    }

    /// The lines to be added for these segments; with the file's first lines where it has none yet.
    func lines(for added: [Entry], of log: LogIdentity) -> [UInt8] {
        let head = byteCount == 0 ? Self.head(of: log) : ""
        return Array((head + added.map { Self.line(of: $0) }.joined()).utf8)
    }
}

// MARK: - Text

extension DroppedSegments {
    /// Reads the lines up to the first that is not whole, as a crash may leave the last one.
    ///
    /// - Throws: A defect where whole lines follow one that is not, or do not follow each other.
    init(_ bytes: [UInt8]) throws(Defect) {
        var isTorn = false
        var offset = 0
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            let end = offset + line.count + 1
            // The last piece has no line feed behind it.
            let text = end <= bytes.count ? Self.checked(line) : nil
            if let text {
                guard !isTorn, take(text) else { throw Self.defect(at: offset) }
                byteCount = end
            } else {
                isTorn = true
            }
            offset = end
        }
    }

    private static func defect(at offset: Int) -> Defect {
        Defect(
            at: offset, "list of dropped segments", expected: "a line that follows the one before",
            found: "another", isTearable: false)
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

    private static func head(of log: LogIdentity) -> String { sealed("\(opening) \(log.text)") }

    private static func line(of entry: Entry) -> String {
        let end = entry.end
        return sealed(
            "segment \(entry.number) \(entry.firstLSN) \(end.lastLSN) \(end.lastGroup) "
                + "\(end.byteCount) \(end.hash) \(entry.time)")
    }

    private static func sealed(_ text: String) -> String {
        "\(text) \(checksum(of: Array(text.utf8)))\n"
    }

    /// The text before the checksum; nil where that is not its.
    private static func checked(_ line: ArraySlice<UInt8>) -> Substring? {
        guard let space = line.lastIndex(of: UInt8(ascii: " ")) else { return nil }
        let text = Array(line[..<space])
        guard line[(space + 1)...].elementsEqual(checksum(of: text).utf8) else { return nil }
        return Substring(decoding: text, as: UTF8.self)
    }

    private static func checksum(of bytes: [UInt8]) -> String {
        String(crc32c(bytes.rawBytes), radix: 16)
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
            var hash = RunningHash()
            hash.update(
                Opening(
                    version: version, log: log, number: number + 1, firstLSN: end.lastLSN.next,
                    previousHash: end.hash
                ).encoded().bytes)
            return hash.value
        }
        return [end.hash] + openings
    }
}

// MARK: - The file

extension DroppedSegments {
    /// Reads the file; nothing was dropped where there is none.
    ///
    /// - Throws: `LogError.corrupt` where it is not what was written, `.io`.
    package init(from path: String, storage: any Storage) throws(LogError) {
        var bytes: [UInt8] = []
        do throws(StorageError) {
            let file = try storage.open(path, .read)
            let count = try file.read(Int(try file.size()), at: 0, into: &bytes)
            bytes.removeLast(bytes.count - count)
        } catch {
            guard error.errno == ENOENT else { throw .io(error) }
            bytes = []
        }
        do throws(Defect) {
            try self.init(bytes)
        } catch {
            throw error.corruption(in: path, from: LSN(rawValue: 1))
        }
    }
}

extension LogDirectory {
    var droppedPath: String { segments + "/" + DroppedSegments.name }

    /// What was dropped from the front of this log.
    func dropped() throws(LogError) -> DroppedSegments {
        try DroppedSegments(from: droppedPath, storage: storage)
    }
}
