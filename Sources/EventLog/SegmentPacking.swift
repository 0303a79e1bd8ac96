import ByteCoding
import Storage
import Units

/// Makes the packed file of one segment, and proves that it holds the same raw stream.
struct SegmentPacking {
    let directory: LogDirectory
    /// Asked between blocks; true ends the work.
    let isStopped: @Sendable () -> Bool
    /// Called between the steps of the work.
    let pause: @Sendable () -> Void

    struct Made {
        var header: SegmentHeader
        var places: [BlockPlace]
        var byteCount: Int
    }

    /// Reads the sealed segment at `path` and writes its raw stream to `target` in large blocks.
    ///
    /// - Parameters:
    ///   - path: The segment.
    ///   - header: Its header, as it was when it was opened.
    ///   - byteCount: Its length up to and with its footer; a crash may have left a rest behind it.
    ///   - target: Made anew.
    /// - Returns: What was made, whole and durable under the target's name; nil if stopped.
    /// - Throws: `LogError.corrupt` if the segment, or what was written, is not what it should be.
    func pack(
        _ path: String, header: SegmentHeader, byteCount: Int, into target: String
    ) throws(LogError) -> Made? {
        var source = try source(path, from: header.firstLSN, limit: byteCount)
        let packed = try begin(header, byteCount: byteCount, target: target)
        var records = BlockRecords()
        var join = SegmentJoin(before: header)
        let scan = try SegmentScan(&source, join: &join, isLast: false) {
            header, step, bytes throws(LogError) in
            guard case .block(let block, let offset) = step else { return true }
            if isStopped() { return false }
            try Self.add(
                block, SegmentWalk.frame(of: bytes), at: offset, of: header, path: path, &records,
                to: packed)
            return true
        }
        guard case .sealed(let footer) = scan.ending else { return nil }
        try check(packed.hash.value, against: footer, scan)
        return try finish(packed, footer, target: target)
    }

    private func source(
        _ path: String, from lsn: LSN, limit: Int = .max
    ) throws(LogError) -> SegmentSource {
        let file = try unwrap { () throws(StorageError) in
            try directory.storage.open(path, .read)
        }
        return try SegmentSource(
            file, expecting: lsn, limit: limit, windowBytes: directory.windowBytes)
    }

    private func begin(
        _ header: SegmentHeader, byteCount: Int, target: String
    ) throws(LogError) -> PackedSegment {
        try directory.removeLeftovers(suffix: LogDirectory.packingSuffix)
        return try unwrap { () throws(StorageError) in
            let file = try directory.storage.open(target, .create)
            return try PackedSegment(
                of: header, byteCount: UInt64(byteCount), file: file, pause: pause)
        }
    }

    static func add(
        _ block: BlockHeader, _ frame: RawSpan, at offset: Int, of header: SegmentHeader,
        path: String, _ records: inout BlockRecords, to packed: PackedSegment
    ) throws(LogError) {
        do throws(Defect) {
            try records.load(frame, header: block, at: offset, version: header.version)
        } catch {
            throw error.corruption(in: path, from: block.firstLSN)
        }
        do throws(StorageError) {
            try records.withRaw { bytes throws(StorageError) in
                try packed.append(bytes, of: block)
            }
        } catch {
            throw .io(error)
        }
    }

    private func check(
        _ hash: LogHash, against footer: SegmentFooter, _ scan: SegmentScan
    ) throws(LogError) {
        guard hash == footer.hash else {
            throw Defect(
                at: scan.walk.offset - SegmentFooter.byteCount,
                "hash of the segment's raw stream", expected: "\(footer.hash)", found: "\(hash)",
                isTearable: false
            ).corruption(in: scan.path, from: scan.header.firstLSN, to: scan.walk.lastLSN)
        }
    }

    /// Seals the file and reads it back from the disk, as a verification would.
    private func finish(
        _ packed: PackedSegment, _ footer: SegmentFooter, target: String
    ) throws(LogError) -> Made {
        let (_, byteCount) = try unwrap { () throws(StorageError) in
            try packed.seal(lastGroup: footer.lastGroup, epoch: footer.epoch)
        }
        var source = try source(target, from: packed.header.firstLSN)
        var join = SegmentJoin(before: packed.header)
        var hashing = HashCheck()
        _ = try SegmentScan(&source, join: &join, isLast: false) {
            header, step, bytes throws(LogError) in
            pause()
            try hashing.take(step, header: header, path: target, bytes)
            return true
        }
        guard join.end.hash == footer.hash, join.end.lastLSN == footer.lastLSN else {
            throw Defect(
                at: 0, "hash of the rewritten segment", expected: "\(footer.hash)",
                found: "\(join.end.hash)", isTearable: false
            ).corruption(in: target, from: packed.header.firstLSN)
        }
        return Made(header: packed.header, places: packed.places, byteCount: byteCount)
    }
}
