package import Units

/// What somebody noted about a log earlier: the hash up to and with a record.
package struct NotedHead: Equatable, Sendable {
    package let lsn: LSN
    package let hash: LogHash

    package init(lsn: LSN, hash: LogHash) {
        self.lsn = lsn
        self.hash = hash
    }

    /// Reads `LSN:HASH`; nil where it is anything else.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = UInt64(parts[0]), let hash = LogHash(parts[1])
        else { return nil }
        self.init(lsn: LSN(rawValue: number), hash: hash)
    }
}

extension NotedHead: CustomStringConvertible {
    /// `LSN:HASH`.
    package var description: String { "\(lsn):\(hash)" }
}

extension LogHash {
    /// Reads 64 hexadecimal digits of either case; nil where they are anything else.
    package init?(_ text: some StringProtocol) {
        let digits = text.utf8.map { Character(Unicode.Scalar($0)).hexDigitValue }
        let values = digits.compactMap(\.self)
        guard digits.count == 2 * Self.byteCount, values.count == digits.count else { return nil }
        self.init(
            bytes: stride(from: 0, to: values.count, by: 2).map {
                UInt8(values[$0] << 4 | values[$0 + 1])
            })
    }
}

/// What a log that is verified must be.
package struct LogExpectation: Equatable, Sendable {
    /// The hash of its head, with nothing behind the head, not even a torn tail; nil: any.
    package var head: LogHash?
    /// What it was when it ended at this record; nil: anything.
    package var since: NotedHead?

    package init(head: LogHash? = nil, since: NotedHead? = nil) {
        self.head = head
        self.since = since
    }
}

/// How a log whose checksums are all good differs from what was noted about it.
package enum LogContradiction: Error, Equatable, Sendable {
    /// Up to the noted record the log has another hash now.
    case otherRecords(noted: NotedHead, found: LogHash, head: NotedHead)
    /// The noted record was dropped, and is not a segment's last, whose hash is kept.
    case dropped(noted: NotedHead, through: LSN)
    /// The log ends before the noted record.
    case endsBefore(noted: NotedHead, head: NotedHead)
    case otherHead(expected: LogHash, head: NotedHead)
    /// The head is the expected one, and there is something behind it.
    case unexpectedTail(String, head: NotedHead)
}

extension LogContradiction: CustomStringConvertible {
    package var description: String {
        switch self {
        case .otherRecords(let noted, let found, let head):
            "the log is not the one that was noted: up to record \(noted.lsn) its hash is \(found), "
                + "noted was \(noted.hash). Records up to \(noted.lsn) were edited, added, dropped or "
                + "put in another order; the head is now \(head). Compare it with a copy from then."
        case .dropped(let noted, let last):
            "the noted record \(noted.lsn) was dropped by retention, as all up to \(last). Only the "
                + "archived segments can still show that nothing before it was changed: name their "
                + "directory with --archive."
        case .endsBefore(let noted, let head):
            "the log ends at \(head), before the noted record \(noted.lsn): records from "
                + "\(head.lsn.next) on are gone. Look for the newest segments in a copy."
        case .otherHead(let expected, let head):
            "the head is \(head), expected was the hash \(expected). If records were only appended "
                + "since, `--since LSN:HASH` with what was noted then will say so."
        case .unexpectedTail(let what, let head):
            "the head is \(head), as expected, but behind it: \(what). Nothing of that was "
                + "acknowledged; the next start cuts it off."
        }
    }
}
