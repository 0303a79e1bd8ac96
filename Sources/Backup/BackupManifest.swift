import ByteCoding
package import EventLog
import History
package import Units

/// What a backup is: which log, up to which record, and in which files.
///
/// Lines of text, the last one a checksum of those before; written last of all, in one step.
package struct BackupManifest: Equatable, Sendable {
    package struct Segment: Equatable, Sendable {
        package let firstLSN: LSN
        package let lastLSN: LSN
        package let isSealed: Bool
        /// Of the raw stream up to the last record.
        package let hash: LogHash
    }

    /// A file over a part of the log that tells which jobs ended in it.
    package struct History: Equatable, Sendable {
        package let range: ClosedRange<LSN>
        /// The checksum of its footer.
        package let mark: UInt32
    }

    package let log: LogIdentity
    /// The last record, and the hash that vouches for all up to it.
    package let head: NotedHead
    /// When the backup was taken.
    package let time: WallTime
    /// The newest events in the snapshots that go with it, the newest first: where the log's first events
    /// were dropped, the last of them is what the others are folded onto.
    package let snapshots: [LSN]
    package let segments: [Segment]
    /// The files of history, the oldest first; where one is missing, it is built again from the log.
    package let history: [History]
    /// No history is kept up to here.
    package let historyFloor: LSN

    static let opening = "daybook backup "
    static let version = "2"
    /// Versions of the manifest that can be read: the first had no history.
    private static let known = ["1", version]
    private static let checksumMark = "checksum "

    func encoded() -> [UInt8] {
        var text = Self.opening + Self.version + "\n"
        text += "log \(log.text)\n"
        text += "head \(head)\n"
        text += "time \(time)\n"
        for snapshot in snapshots { text += "snapshot \(snapshot)\n" }
        for segment in segments {
            text += "segment \(segment.firstLSN) \(segment.lastLSN) "
            text += "\(segment.isSealed ? "sealed" : "active") \(segment.hash)\n"
        }
        if historyFloor > .zero { text += "history-floor \(historyFloor)\n" }
        for file in history {
            text += "history \(file.range.lowerBound) \(file.range.upperBound) \(file.mark)\n"
        }
        return Array((text + Self.checksumMark + Self.checksum(of: text) + "\n").utf8)
    }

    /// Reads the lines; nil where they are not what was written.
    init?(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 2, lines.removeLast().isEmpty, let last = lines.popLast(),
            last.hasPrefix(Self.checksumMark)
        else { return nil }
        let checked = lines.joined(separator: "\n") + "\n"
        guard last.dropFirst(Self.checksumMark.count) == Self.checksum(of: checked),
            Self.known.contains(where: { lines[0] == Self.opening + $0 })
        else { return nil }
        self.init(fields: lines.dropFirst().map { $0.split(separator: " ") })
    }

    private init?(fields: [[Substring]]) {
        func value(of name: String) -> Substring? {
            fields.first { $0.count == 2 && $0[0] == name }?[1]
        }
        let lines = fields.filter { $0.first == "segment" }
        let segments = lines.compactMap(Segment.init(fields:))
        let historyLines = fields.filter { $0.first == "history" }
        let history = historyLines.compactMap(History.init(fields:))
        guard let log = value(of: "log").flatMap({ LogIdentity($0) }),
            let head = value(of: "head").flatMap({ NotedHead(String($0)) }),
            let time = value(of: "time").flatMap({ WallTime(rfc3339: $0) }),
            segments.count == lines.count, segments.last?.head == head,
            history.count == historyLines.count
        else { return nil }
        let snapshots = fields.filter { $0.count == 2 && $0[0] == "snapshot" }
            .compactMap { UInt64($0[1]) }.map(LSN.init(rawValue:))
        let floor = value(of: "history-floor").flatMap { UInt64($0) } ?? 0
        self.init(
            log: log, head: head, time: time, snapshots: snapshots, segments: segments,
            history: history, historyFloor: LSN(rawValue: floor))
    }

    init(
        log: LogIdentity, head: NotedHead, time: WallTime, snapshots: [LSN], segments: [Segment],
        history: [History], historyFloor: LSN
    ) {
        self.log = log
        self.head = head
        self.time = time
        self.snapshots = snapshots
        self.segments = segments
        self.history = history
        self.historyFloor = historyFloor
    }

    /// True where the lines are those of a later version.
    static func isNewer(_ bytes: [UInt8]) -> Bool {
        let first = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let line = String(decoding: first, as: UTF8.self)
        guard line.hasPrefix(opening), let own = UInt64(version),
            let found = UInt64(line.dropFirst(opening.count))
        else { return false }
        return found > own
    }

    private static func checksum(of text: String) -> String {
        let bytes = Array(text.utf8)
        return String(crc32c(bytes.rawBytes), radix: 16)
    }
}

extension BackupManifest.Segment {
    init(_ outline: SegmentOutline) {
        self.init(
            firstLSN: outline.firstLSN, lastLSN: outline.lastLSN, isSealed: outline.isSealed,
            hash: outline.hash)
    }

    fileprivate init?(fields: [Substring]) {
        guard fields.count == 5, let first = UInt64(fields[1]), let last = UInt64(fields[2]),
            ["sealed", "active"].contains(fields[3]), let hash = LogHash(fields[4])
        else { return nil }
        self.init(
            firstLSN: LSN(rawValue: first), lastLSN: LSN(rawValue: last),
            isSealed: fields[3] == "sealed", hash: hash)
    }

    var head: NotedHead { NotedHead(lsn: lastLSN, hash: hash) }
}

extension BackupManifest.History {
    init(_ outline: HistoryOutline) {
        self.init(range: outline.range, mark: outline.mark)
    }

    fileprivate init?(fields: [Substring]) {
        guard fields.count == 4, let first = UInt64(fields[1]), let last = UInt64(fields[2]),
            first <= last, let mark = UInt32(fields[3])
        else { return nil }
        self.init(range: LSN(rawValue: first)...LSN(rawValue: last), mark: mark)
    }
}
