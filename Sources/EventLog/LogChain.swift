import ByteCoding
package import Storage
package import Units

/// Follows a log from segment to segment, wherever their files lie and whatever they are called.
///
/// Begins with the log's first segment, or behind what was dropped; each file that is taken must join the
/// one before.
package struct LogChain: Sendable {
    private let storage: any Storage
    private let noted: NotedHead?
    private var join: SegmentJoin
    /// The hashes of the log up to the noted record, of which there may be two.
    private var passed: [LogHash] = []
    /// The last record so far, and the hash that vouches for it.
    package private(set) var head: NotedHead?

    /// - Parameters:
    ///   - storage: Where the reads go.
    ///   - noted: A head that the log must pass.
    ///   - first: The record to begin with.
    ///   - dropped: What was dropped before it.
    package init(
        storage: any Storage, noted: NotedHead? = nil, from first: LSN = LSN(rawValue: 1),
        after dropped: DroppedSegments = DroppedSegments()
    ) {
        self.storage = storage
        self.noted = noted
        join = dropped.join(before: first)
    }

    /// Reads every byte of a segment: checksums, records, hash, and the join with the one before.
    ///
    /// It must end with its footer or with a whole group, and nothing may follow.
    package mutating func read(
        _ path: String, from first: LSN
    ) throws(LogError) -> SegmentOutline {
        let file = try unwrap { () throws(StorageError) in try storage.open(path, .read) }
        var source = try SegmentSource(file, expecting: first)
        var hashing = HashCheck(noted: noted)
        let scan = try SegmentScan(&source, join: &join, isLast: true) {
            header, step, bytes throws(LogError) in
            try hashing.take(step, header: header, path: path, bytes)
            return true
        }
        let hash = hashing.value(scan.header)
        try checkEnd(scan)
        passed += hashing.passed
        return note(
            SegmentOutline(
                log: scan.header.log, number: scan.header.number, firstLSN: scan.header.firstLSN,
                lastLSN: scan.walk.lastLSN, hash: hash, isSealed: scan.ending != .open))
    }

    /// Takes a sealed segment by its ends; nil where the file does not end with its footer.
    package mutating func pass(
        over path: String, from first: LSN
    ) throws(LogError) -> SegmentOutline? {
        guard let ends = try SegmentEnds(path, storage: storage, expecting: first) else {
            return nil
        }
        try join.check(ends.header, path: path)
        join.end = ends.end
        join.number = ends.header.number
        join.log = ends.header.log
        if noted?.lsn == ends.footer.lastLSN { passed.append(ends.footer.hash) }
        return note(ends.outline)
    }

    /// How the log so far differs from what was noted; nil where it does not, or not yet.
    ///
    /// Segments that were passed over are not looked into. At a segment's last record the hash of the
    /// next one's opening is as good as its own, so only the end of all tells.
    package func contradiction(isAtEnd: Bool) -> LogContradiction? {
        guard let noted, let head else { return nil }
        if head.lsn < noted.lsn { return isAtEnd ? .endsBefore(noted: noted, head: head) : nil }
        guard isAtEnd || head.lsn > noted.lsn, !passed.contains(noted.hash) else { return nil }
        return passed.first.map { .otherRecords(noted: noted, found: $0, head: head) }
    }

    private mutating func note(_ outline: SegmentOutline) -> SegmentOutline {
        head = outline.head
        return outline
    }

    private func checkEnd(_ scan: SegmentScan) throws(LogError) {
        let isWhole = scan.walk.offset == scan.fileBytes
        switch scan.ending {
        case .sealed where isWhole && scan.leftover == nil: return
        case .open where isWhole && scan.walk.isGroupComplete: return
        default: break
        }
        throw Defect(
            at: scan.walk.offset, "end of the segment", expected: "a footer or a whole group",
            found: "other bytes", isTearable: false
        ).corruption(in: scan.path, from: scan.walk.nextLSN)
    }
}
