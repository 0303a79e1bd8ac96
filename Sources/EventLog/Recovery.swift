import ByteCoding
import Storage
import Units

/// Reads a log back when it is opened: syncs what it trusts, replays it, cuts a torn tail.
struct Recovery {
    let directory: LogDirectory
    let options: LogOptions
    private(set) var report = LogRecovery()
    private(set) var segments: [Catalogue.Segment] = []
    private(set) var join = SegmentJoin()
    /// Highest seen; the opening raises it.
    private(set) var epoch: UInt64 = 0
    /// The active segment; nil where there is none yet or the last one is sealed.
    private(set) var end: RecoveredEnd?
    /// The log's own, or the one that its first segment is going to have.
    private(set) var identity: LogIdentity
    private var buffer: [UInt8] = []
    private var records = BlockRecords()

    init(directory: LogDirectory, options: LogOptions) {
        self.directory = directory
        self.options = options
        identity = LogIdentity(high: options.randomNumber(), low: options.randomNumber())
    }

    /// Reads everything; `begin` is called once, before the first record.
    mutating func run(
        begin: (LogIdentity) -> Void, replay: (LSN, RawSpan) throws(RecordRefusal) -> Void,
        progress: (LogRecovery) -> Void
    ) throws(LogError) {
        try directory.removeLeftovers(suffix: LogDirectory.preparingName)
        try directory.removeLeftovers(suffix: LogDirectory.packingSuffix)
        let firsts = try directory.listSegments()
        try syncAll(firsts)
        for (index, first) in firsts.enumerated() {
            let path = directory.segment(from: first)
            let file = try unwrap { () throws(StorageError) in
                try directory.storage.open(path, .readWrite)
            }
            try recover(
                file, first: first, isLast: index == firsts.count - 1,
                begin: { if index == 0 { begin($0) } }, replay: replay)
            progress(report)
        }
        if firsts.isEmpty { begin(identity) }
    }

    /// Syncs everything before any of it is shown.
    ///
    /// A killed predecessor's bytes can be read and yet not be durable: a record shown now could
    /// vanish later.
    private mutating func syncAll(_ firsts: [LSN]) throws(LogError) {
        var bytesTotal: UInt64 = 0
        try unwrap { () throws(StorageError) in
            for first in firsts {
                let file = try directory.storage.open(directory.segment(from: first), .readWrite)
                try file.sync()
                bytesTotal += try file.size()
            }
            try directory.storage.syncDirectory(directory.segments)
        }
        report.bytesTotal = bytesTotal
    }

    private mutating func recover(
        _ file: any StorageFile, first: LSN, isLast: Bool, begin: (LogIdentity) -> Void,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        let fileBytes = try directory.load(file, into: &buffer, expecting: join.end.lastLSN.next)
        let bytes = buffer
        buffer = []
        defer { buffer = bytes }
        let span = bytes.rawBytes.extracting(0..<fileBytes)
        var replayer = SegmentReplay(path: file.path, hashes: isLast, records: records)
        replayer.hash.update(span.extracting(Opening.range(in: fileBytes)))
        var isBegun = false
        let scan = try SegmentScan(span, path: file.path, join: &join, isLast: isLast) {
            header, step, bytes throws(LogError) in
            if !isBegun { begin(header.log) }
            isBegun = true
            try replayer.take(step, header, bytes, replay: replay)
            return true
        }
        guard scan.header.firstLSN == first else { throw misnamed(scan, first: first) }
        if !isBegun { begin(scan.header.log) }
        identity = scan.header.log
        records = replayer.records
        report.recordsReplayed += replayer.recordsReplayed
        report.bytesRead += UInt64(fileBytes)
        epoch = max(epoch, scan.walk.epoch)
        var segment = Catalogue.Segment(path: file.path, header: scan.header)
        segment.lastLSN = scan.walk.lastLSN
        segment.rawBytes = scan.walk.rawBytes
        segment.storedBytes = UInt64(scan.walk.offset)
        segment.blocks = replayer.places
        segments.append(segment)
        guard isLast else { return }
        try writeAgain(span.extracting(scan.walk.groupOffset..<scan.walk.offset), scan, file)
        if case .sealed = scan.ending { return try finishSealing(scan, file) }
        let repaired = try TornCut(directory: directory, file: file, scan: scan).repair(
            span, segmentBytes: options.segmentBytes)
        report.tornTail = repaired.tornTail
        if scan.header.version < SegmentHeader.newestVersion && scan.walk.blockCount == 0 {
            // Older formats are not written, and there is no record to seal: a segment of this
            // format takes the place and the name.
            join.log = scan.header.log
            segments.removeLast()
            return
        }
        end = RecoveredEnd(
            walk: scan.walk, hash: replayer.hash, fileBytes: repaired.fileBytes, file: file)
    }

    /// Writes the newest group, and a footer behind it, once more, and syncs them.
    ///
    /// If the sync of these bytes failed before the restart, the kernel may show them from its
    /// memory, take them for clean, and never write them: a sync alone would then report success.
    /// What lies before was covered by a sync that succeeded.
    private func writeAgain(
        _ bytes: RawSpan, _ scan: SegmentScan, _ file: any StorageFile
    ) throws(LogError) {
        guard bytes.byteCount > 0 else { return }
        let offset = UInt64(scan.walk.groupOffset)
        try unwrap { () throws(StorageError) in
            try file.write(bytes, at: offset)
            try file.sync()
        }
    }

    /// Cuts a sealed file behind its footer, where a crash came before that.
    private func finishSealing(
        _ scan: SegmentScan, _ file: any StorageFile
    ) throws(LogError) {
        guard scan.fileBytes > scan.walk.offset else { return }
        try unwrap { () throws(StorageError) in
            try file.truncate(to: UInt64(scan.walk.offset))
            try file.sync()
        }
    }

    private func misnamed(_ scan: SegmentScan, first: LSN) -> LogError {
        Defect(
            at: 0, "name of the segment", expected: "\(scan.header.firstLSN)", found: "\(first)",
            isTearable: false
        ).corruption(in: scan.path, from: first)
    }
}

/// Where the log goes on.
struct RecoveredEnd {
    var walk: SegmentWalk
    var hash: RunningHash
    var fileBytes: Int
    var file: any StorageFile
}

/// Gives a segment's records to the replayer, and gathers what the log needs to go on writing.
struct SegmentReplay {
    let path: String
    /// Only the active segment's hash goes on; those of sealed ones are left to verification.
    let hashes: Bool
    var records: BlockRecords
    private(set) var recordsReplayed: UInt64 = 0
    var hash = RunningHash()
    private(set) var places: [BlockPlace] = []

    init(path: String, hashes: Bool, records: BlockRecords) {
        self.path = path
        self.hashes = hashes
        self.records = records
    }

    mutating func take(
        _ step: SegmentWalk.Step, _ segment: SegmentHeader, _ bytes: RawSpan,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        guard case .block(let header, let offset, let frame) = step else { return }
        do throws(Defect) {
            try records.load(
                bytes.extracting(frame), header: header, at: offset, version: segment.version)
        } catch {
            throw error.corruption(in: path, from: header.firstLSN)
        }
        try replayAll(header, offset: offset, replay: replay)
        recordsReplayed += UInt64(header.recordCount)
        if hashes { records.withRaw { hash.update($0) } }
        if let last = places.last, offset - last.offset < BlockPlace.strideBytes { return }
        places.append(BlockPlace(firstLSN: header.firstLSN, offset: offset))
    }

    private func replayAll(
        _ header: BlockHeader, offset: Int, replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        do throws(RecordFault<RecordRefusal>) {
            _ = try records.forEach(header: header, at: offset) {
                lsn, record throws(RecordRefusal) in
                try replay(lsn, record)
                return true
            }
        } catch {
            throw error.logError(in: path, from: header.firstLSN)
        }
    }
}

extension RecordFault<RecordRefusal> {
    func logError(in path: String, from lsn: LSN) -> LogError {
        switch self {
        case .defect(let defect): defect.corruption(in: path, from: lsn)
        case .refused(let lsn, let refusal): .refusedRecord(lsn, reason: refusal.reason)
        }
    }
}
