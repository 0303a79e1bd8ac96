import ByteCoding
package import Storage
package import Units

/// Checks everything that a log can be checked for, without opening it.
package struct LogVerification: Equatable, Sendable {
    /// Last record whose checksums and hash were found good.
    package var headLSN = LSN.zero
    /// Hash of the raw stream of the segment that holds the head, up to the head.
    ///
    /// It covers all segments before, because each one's stream begins with the hash of the one before it.
    package var headHash = LogHash.zero
    package var segments = 0
    package var blocks: UInt64 = 0
    package var records: UInt64 = 0
    package var rawBytes: UInt64 = 0
    package var storedBytes: UInt64 = 0
    /// What is wrong with the bytes after the last whole group; nil where they are zeros.
    package var tornTail: String?

    package init() {}

    /// Reads every byte: checksums, LSNs, records, the joins between segments and the hashes.
    ///
    /// Ends with `LogError.corrupt` at the first thing that is wrong.
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - progress: Called after each segment with the bytes read so far and in all.
    /// - Returns: Where the log ends and what it holds.
    /// - Throws: `LogError.corrupt`, `.newerFormat` or `.io`.
    package static func run(
        directory: String, storage: any Storage,
        progress: (_ bytesRead: UInt64, _ bytesTotal: UInt64) -> Void = { _, _ in }
    ) throws(LogError) -> LogVerification {
        var segments = OfflineSegments(directory: directory, storage: storage)
        var result = LogVerification()
        var hashing = HashCheck()
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
        return result
    }

    private mutating func add(_ scan: SegmentScan, hash: LogHash) {
        headLSN = scan.walk.lastLSN
        headHash = hash
        segments += 1
        blocks += scan.walk.blockCount
        records = headLSN.rawValue
        rawBytes += scan.walk.rawBytes
        storedBytes += UInt64(scan.walk.offset)
        if case .torn(let defect) = scan.ending { tornTail = defect.what }
    }
}

/// Runs the hash over each segment's raw stream and holds it against the footer's.
struct HashCheck {
    private var number: UInt64 = 0
    private var hash = RunningHash()
    private var records = BlockRecords()

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
            case .block(let block, let offset, let frame):
                try take(
                    block, offset: offset, frame: bytes.extracting(frame), version: header.version)
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
        hash = RunningHash()
        hash.update(header.opening.encoded().bytes)
    }

    private mutating func take(
        _ block: BlockHeader, offset: Int, frame: RawSpan, version: UInt32
    ) throws(Defect) {
        try records.load(frame, header: block, at: offset, version: version)
        records.withRaw { hash.update($0) }
        do throws(RecordFault<Never>) {
            _ = try records.forEach(header: block, at: offset) { _, _ throws(Never) in true }
        } catch {
            guard case .defect(let defect) = error else { return }
            throw defect
        }
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
