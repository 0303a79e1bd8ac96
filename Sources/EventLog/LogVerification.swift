import ByteCoding
package import Storage
package import Units

/// Checks everything that a log can be checked for, without opening it.
package struct LogVerification: Equatable, Sendable {
    /// Last record whose checksums and hash were found good.
    package var headLSN = LSN.zero
    /// Hash of the raw stream of the segment that holds the head, up to the head.
    ///
    /// It covers all segments before, dropped ones too, because each one's stream begins with the hash of the
    /// one before it.
    package var headHash = LogHash.zero
    /// Before the first record that there is: all up to here were dropped.
    package var droppedThrough = LSN.zero
    package var segments = 0
    package var blocks: UInt64 = 0
    package var records: UInt64 = 0
    package var rawBytes: UInt64 = 0
    package var storedBytes: UInt64 = 0
    /// Segments that were rewritten into large blocks, their bytes now and before.
    package var packedSegments = 0
    package var packedBytes: UInt64 = 0
    package var unpackedBytes: UInt64 = 0
    /// What is wrong with the bytes after the last whole group or footer; nil where they are zeros.
    package var tornTail: String?

    /// What to note, to hold a later state of the log against it.
    package var head: NotedHead { NotedHead(lsn: headLSN, hash: headHash) }

    package init() {}

    /// Reads every byte: checksums, LSNs, records, the joins between segments and the hashes.
    ///
    /// Ends with `LogError.corrupt` at the first thing that is wrong. What is expected is held
    /// against the log once all of it was found sound.
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - expectation: What the log must be.
    ///   - archive: Where dropped segments were archived, to be verified with the others; nil: they are not.
    ///   - progress: Called after each segment with the bytes read so far and in all.
    /// - Returns: Where the log ends and what it holds.
    /// - Throws: `LogError.corrupt`, `.contradicted`, `.newerFormat` or `.io`.
    package static func run(
        directory: String, storage: any Storage,
        expecting expectation: LogExpectation = LogExpectation(), archive: String? = nil,
        progress: (_ bytesRead: UInt64, _ bytesTotal: UInt64) -> Void = { _, _ in }
    ) throws(LogError) -> LogVerification {
        var segments = OfflineSegments(directory: directory, storage: storage, archive: archive)
        let contents = try segments.directory.contents()
        var result = LogVerification()
        result.droppedThrough = contents.join.end.lastLSN
        var hashing = HashCheck(noted: expectation.since)
        var bytesRead: UInt64 = 0
        let bytesTotal = try segments.measure()
        try segments.walk(
            visit: { header, path, step, bytes throws(LogError) in
                try hashing.take(step, header: header, path: path, bytes)
                return true
            },
            finished: { scan throws(LogError) in
                bytesRead += UInt64(scan.fileBytes)
                result.add(scan, hash: hashing.value(scan.header))
                progress(bytesRead, bytesTotal)
            })
        let passed = hashing.passed + contents.dropped.hashes(at: expectation.since?.lsn)
        if let contradiction = result.contradiction(expectation, passed: passed) {
            throw .contradicted(contradiction)
        }
        return result
    }

    /// How the log differs from what is expected; `passed` are its hashes at the noted record.
    private func contradiction(
        _ expectation: LogExpectation, passed: [LogHash]
    ) -> LogContradiction? {
        if let noted = expectation.since, !passed.contains(noted.hash) {
            if let found = passed.first {
                return .otherRecords(noted: noted, found: found, head: head)
            }
            return noted.lsn <= droppedThrough
                ? .dropped(noted: noted, through: droppedThrough)
                : .endsBefore(noted: noted, head: head)
        }
        guard let expected = expectation.head else { return nil }
        if expected != headHash { return .otherHead(expected: expected, head: head) }
        return tornTail.map { .unexpectedTail($0, head: head) }
    }

    private mutating func add(_ scan: SegmentScan, hash: LogHash) {
        headLSN = scan.walk.lastLSN
        headHash = hash
        segments += 1
        blocks += scan.walk.blockCount
        records = headLSN.distance(from: droppedThrough)
        rawBytes += scan.walk.rawBytes
        storedBytes += UInt64(scan.walk.offset)
        if scan.header.isPacked {
            packedSegments += 1
            packedBytes += UInt64(scan.walk.offset)
            unpackedBytes += scan.header.unpackedBytes
        }
        if case .torn(let defect) = scan.ending { tornTail = defect.what }
        if let leftover = scan.leftover { tornTail = leftover.what }
    }
}

/// Runs the hash over each segment's raw stream and holds it against the footer's.
struct HashCheck {
    private let noted: NotedHead?
    /// The hashes of the log up to the noted record.
    ///
    /// Two where the record is a segment's last: there is one more behind the next one's opening.
    private(set) var passed: [LogHash] = []
    private var number: UInt64 = 0
    private var hash = RunningHash()
    private var records = BlockRecords()

    init(noted: NotedHead? = nil) {
        self.noted = noted
    }

    /// The hash up to here of the segment with this header.
    mutating func value(_ header: SegmentHeader) -> LogHash {
        begin(header)
        return hash.value
    }

    mutating func take(
        _ step: SegmentWalk.Step, header: SegmentHeader, path: String, _ bytes: RawSpan
    ) throws(LogError) {
        begin(header)
        do throws(Defect) {
            switch step {
            case .block(let block, let offset):
                try take(
                    block, offset: offset, frame: SegmentWalk.frame(of: bytes),
                    version: header.version)
            case .footer(let footer, let offset):
                try check(footer, offset: offset)
            case .mark, .end: break
            }
        } catch {
            throw error.corruption(in: path, from: header.firstLSN)
        }
    }

    private mutating func begin(_ header: SegmentHeader) {
        guard header.number != number else { return }
        number = header.number
        hash = RunningHash(header.opening)
        if noted?.lsn.next == header.firstLSN { passed.append(hash.value) }
    }

    private mutating func take(
        _ block: BlockHeader, offset: Int, frame: RawSpan, version: UInt32
    ) throws(Defect) {
        try records.load(frame, header: block, at: offset, version: version)
        // Also where no record is looked for: each must have its length.
        let split = try bytesUpToNoted(block, offset: offset, version: version)
        if let split {
            records.withRaw { hash.update($0.extracting(0..<split)) }
            passed.append(hash.value)
        }
        records.withRaw { hash.update($0.extracting((split ?? 0)..<$0.byteCount)) }
    }

    /// Raw bytes of the block up to and with the noted record; nil where that is not in it.
    private func bytesUpToNoted(
        _ block: BlockHeader, offset: Int, version: UInt32
    ) throws(Defect) -> Int? {
        var upToNoted: Int?
        var byteCount = BlockMarker.byteCount(version: version)
        do throws(RecordFault<Never>) {
            if let noted, block.firstLSN <= noted.lsn, noted.lsn <= block.lastLSN {
                _ = try records.forEach(header: block, at: offset) { lsn, record throws(Never) in
                    byteCount += Self.lengthBytes(of: record) + record.byteCount
                    if lsn == noted.lsn { upToNoted = byteCount }
                    return true
                }
            } else {
                _ = try records.forEach(header: block, at: offset) { _, _ throws(Never) in true }
            }
        } catch {
            guard case .defect(let defect) = error else { return nil }
            throw defect
        }
        return upToNoted
    }

    /// Bytes of the varint before a record, seven bits each; no record is empty.
    private static func lengthBytes(of record: RawSpan) -> Int {
        (Int.bitWidth - record.byteCount.leadingZeroBitCount + 6) / 7
    }

    private func check(_ footer: SegmentFooter, offset: Int) throws(Defect) {
        let found = hash.value
        guard footer.hash == found else {
            throw Defect(
                at: offset, "hash of the segment's raw stream", expected: "\(footer.hash)",
                found: "\(found)", isTearable: false)
        }
    }
}
