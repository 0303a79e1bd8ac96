import ByteCoding
package import Storage
package import Units

/// Reads a log to be written elsewhere, also while a daemon writes to it.
///
/// What is given out is the log up to the last whole group that was durable when its segment was read:
/// segments as they are, the active one cut there. Nothing is locked.
package struct LogCopy: Sendable {
    private let directory: LogDirectory

    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where it is.
    package init(directory: String, storage: any Storage) {
        self.directory = LogDirectory(path: directory, storage: storage)
    }

    /// First LSNs of the segments that are there now, in order.
    package func segments() throws(LogError) -> [LSN] { try directory.contents().firsts }

    /// What was dropped before them.
    package func dropped() throws(LogError) -> DroppedSegments { try directory.dropped() }

    /// Where it is said what was dropped.
    package var droppedPath: String { directory.droppedPath }

    /// The path of the segment that begins with this record.
    package func path(of first: LSN) -> String { directory.segment(from: first) }

    /// The directory of the segments.
    package var segmentsPath: String { directory.segments }

    /// Makes the directories and those above them that are missing, and their names durable.
    package func createDirectories() throws(LogError) { try directory.create() }

    /// The identity of the log, as the segment says that begins with this record.
    package func identity(by first: LSN) throws(LogError) -> LogIdentity {
        let path = path(of: first)
        var bytes: [UInt8] = []
        let count = try unwrap { () throws(StorageError) in
            try directory.storage.open(path, .read).read(
                SegmentHeader.byteCount, at: 0, into: &bytes)
        }
        return try SegmentHeader.decode(
            bytes.rawBytes.extracting(0..<count), file: path, expecting: first
        ).log
    }

    /// What a sealed segment's ends say; nil where the file does not end with its footer.
    package func outline(of first: LSN) throws(LogError) -> SegmentOutline? {
        try SegmentEnds(path(of: first), storage: directory.storage, expecting: first)?.outline
    }

    /// Gives out the log from the segment on that begins with `first`.
    ///
    /// - Parameters:
    ///   - first: First record of the segment to begin with.
    ///   - append: Gets the first record of a segment and the next bytes of its file.
    ///   - finish: Gets the first and the last record of a segment that is given out, and whether its
    ///     footer was.
    /// - Throws: What is wrong with the log, or what `append` or `finish` threw.
    package func run<Refusal: Error>(
        from first: LSN, append: (LSN, RawSpan) throws(Refusal) -> Void,
        finish: (LSN, LSN, _ isSealed: Bool) throws(Refusal) -> Void
    ) throws(LogCopyFault<Refusal>) {
        var segments = OfflineSegments(directory: directory.path, storage: directory.storage)
        var given = GivenSegment()
        var refusal: Refusal?
        do throws(LogError) {
            try segments.walk(
                from: first,
                visit: { header, _, step, bytes throws(LogError) in
                    // Refused at the end of the segment before.
                    guard refusal == nil else { return false }
                    refusal = GivenSegment.refusal { () throws(Refusal) in
                        try given.take(step, header, bytes, append)
                    }
                    return refusal == nil
                },
                finished: { scan throws(LogError) in
                    guard refusal == nil else { return }
                    refusal = GivenSegment.refusal { () throws(Refusal) in
                        try given.end(scan, append, finish)
                    }
                })
        } catch {
            throw .log(error)
        }
        if let refusal { throw .refused(refusal) }
    }
}

/// Why a log was not given out to its end.
package enum LogCopyFault<Refusal: Error>: Error {
    case log(LogError)
    /// Whoever it was given to refused.
    case refused(Refusal)
}

/// How far the segment that is being read was given out: always up to a whole group.
private struct GivenSegment {
    private var number: UInt64 = 0
    /// What was read of a group that has not ended yet.
    private var group = ByteWriter()
    private var lastLSN = LSN.zero
    private var isSealed = false

    static func refusal<Refusal: Error>(_ body: () throws(Refusal) -> Void) -> Refusal? {
        do throws(Refusal) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    mutating func take<Refusal: Error>(
        _ step: SegmentWalk.Step, _ header: SegmentHeader, _ bytes: RawSpan,
        _ append: (LSN, RawSpan) throws(Refusal) -> Void
    ) throws(Refusal) {
        if header.number != number {
            begin(header)
            try append(header.firstLSN, header.encoded().bytes)
        }
        group.write(bytes)
        guard endsGroup(step) else { return }
        try append(header.firstLSN, group.bytes)
        group.removeAll()
    }

    /// False within a group, whose end may never come.
    private mutating func endsGroup(_ step: SegmentWalk.Step) -> Bool {
        switch step {
        case .block(let block, _), .mark(let block, _):
            guard block.isLastOfGroup else { return false }
            lastLSN = block.isMark ? LSN(rawValue: block.firstLSN.rawValue - 1) : block.lastLSN
        case .footer(let footer, _):
            lastLSN = footer.lastLSN
            isSealed = true
        case .end: return false
        }
        return true
    }

    mutating func end<Refusal: Error>(
        _ scan: SegmentScan, _ append: (LSN, RawSpan) throws(Refusal) -> Void,
        _ finish: (LSN, LSN, _ isSealed: Bool) throws(Refusal) -> Void
    ) throws(Refusal) {
        if scan.header.number != number {
            // Made and not yet written to: no part of it was shown.
            begin(scan.header)
            try append(scan.header.firstLSN, scan.header.encoded().bytes)
        }
        try finish(scan.header.firstLSN, lastLSN, isSealed)
    }

    private mutating func begin(_ header: SegmentHeader) {
        number = header.number
        lastLSN = LSN(rawValue: header.firstLSN.rawValue - 1)
        isSealed = false
        group.removeAll()
    }
}
