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
    private(set) var dropped = DroppedSegments()
    /// Highest seen; the opening raises it.
    private(set) var epoch: UInt64 = 0
    /// The active segment; nil where there is none yet or the last one is sealed.
    private(set) var end: RecoveredEnd?
    /// The log's own, or the one that its first segment is going to have.
    private(set) var identity: LogIdentity
    /// Records up to here are known to the caller.
    private var known = LSN.zero
    private var buffer: [UInt8] = []
    private var records = BlockRecords()

    init(directory: LogDirectory, options: LogOptions) {
        self.directory = directory
        self.options = options
        identity = LogIdentity(high: options.randomNumber(), low: options.randomNumber())
    }

    /// Reads everything that the caller does not know; `begin` is called once, before the first record.
    mutating func run(
        begin: (LogIdentity) -> Void, resume: (LogIdentity) -> LSN,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void, progress: (LogRecovery) -> Void
    ) throws(LogError) {
        let contents = try directory.contents()
        try removeDropped(contents)
        let firsts = contents.firsts
        (dropped, join) = (contents.dropped, contents.join)
        guard let oldest = firsts.first else {
            begin(identity)
            let known = resume(identity)
            return try checkReach(of: max(known, dropped.lastLSN), .zero, directory.segments)
        }
        identity = try openHeader(of: oldest).header.log
        begin(identity)
        let early = try earlyWalk(of: firsts)
        defer { early?.stop() }
        known = resume(identity)
        guard known >= join.end.lastLSN else { throw .noFoundation(through: join.end.lastLSN) }
        report.resumedAfter = known
        let start = firsts.lastIndex { $0 <= known.next } ?? 0
        try syncAll(firsts, from: start)
        for index in 0..<start { try passOver(firsts[index]) }
        for first in firsts[start...].dropLast() {
            try recover(try segmentFile(from: first), first: first, isLast: false, replay: replay)
            progress(report)
        }
        if let newest = firsts.last {
            try recover(
                try segmentFile(from: newest), first: newest, isLast: true,
                passed: try early?.take(through: known), replay: replay)
            progress(report)
        }
    }

    /// Nil where no thread may be had.
    private func earlyWalk(of firsts: [LSN]) throws(LogError) -> EarlyWalk? {
        guard options.isThreaded, let newest = firsts.last else { return nil }
        let file = try unwrap { () throws(StorageError) in
            try directory.storage.open(directory.segment(from: newest), .read)
        }
        return EarlyWalk(file, from: newest, windowBytes: directory.windowBytes)
    }

    private func segmentFile(from first: LSN) throws(LogError) -> any StorageFile {
        try unwrap { () throws(StorageError) in
            try directory.storage.open(directory.segment(from: first), .readWrite)
        }
    }

    /// Removes segments that were written down as dropped and are there still.
    ///
    /// The lines first: a killed predecessor's may be read and yet not be durable.
    private func removeDropped(_ contents: LogContents) throws(LogError) {
        guard !contents.leftovers.isEmpty else { return }
        let lines = contents.dropped.encoded(before: contents.dropped.lastLSN.next)
        try unwrap { () throws(StorageError) in
            let file = try directory.storage.open(directory.droppedPath, .readWrite)
            try file.write(lines.rawBytes, at: 0)
            try file.sync()
            try directory.storage.syncDirectory(directory.segments)
            for first in contents.leftovers {
                try directory.storage.remove(directory.segment(from: first))
            }
            try directory.storage.syncDirectory(directory.segments)
        }
    }

    /// Syncs everything before any of it is shown.
    ///
    /// A killed predecessor's bytes can be read and yet not be durable: a record shown now could
    /// vanish later.
    ///
    /// Not what the caller knows: it was durable before the caller could come to know it.
    private mutating func syncAll(_ firsts: [LSN], from start: Int) throws(LogError) {
        var bytesTotal: UInt64 = 0
        try unwrap { () throws(StorageError) in
            for first in firsts[start...] {
                let file = try directory.storage.open(directory.segment(from: first), .readWrite)
                try file.sync()
                bytesTotal += try file.size()
            }
            try directory.storage.syncDirectory(directory.segments)
        }
        report.bytesTotal = bytesTotal
    }

    private mutating func recover(
        _ file: any StorageFile, first: LSN, isLast: Bool, passed: EarlyWalk.Passed? = nil,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        var source = try SegmentSource(
            file, expecting: join.end.lastLSN.next, from: passed?.walk.groupOffset ?? 0,
            zerosFrom: passed?.zerosFrom ?? .max, windowBytes: directory.windowBytes,
            reusing: buffer)
        buffer = []
        let start =
            if let passed {
                passed.walk
            } else {
                SegmentWalk(try source.header(expecting: join.end.lastLSN.next))
            }
        let isHashed = isLast && !options.isThreaded
        var replayer = SegmentReplay(
            path: file.path, hashes: isHashed, known: known,
            hash: RunningHash(start.header.opening), records: records, places: passed?.places ?? [])
        let scan = try SegmentScan(&source, join: &join, from: start, isLast: isLast) {
            header, step, bytes throws(LogError) in
            try replayer.take(step, header, bytes, replay: replay)
            return true
        }
        guard scan.header.firstLSN == first else {
            throw misnamed(scan.header, file.path, first: first)
        }
        if isLast {
            try checkReach(of: known, scan.walk.lastLSN, file.path)
        }
        records = replayer.records
        report.recordsReplayed += replayer.recordsReplayed
        report.bytesRead += UInt64(scan.fileBytes)
        epoch = max(epoch, scan.walk.epoch)
        var segment = Catalogue.Segment(path: file.path, header: scan.header)
        segment.lastLSN = scan.walk.lastLSN
        segment.rawBytes = scan.walk.rawBytes
        segment.storedBytes = UInt64(scan.walk.offset)
        segment.blocks = replayer.places
        segments.append(segment)
        guard isLast else {
            buffer = source.releaseBuffer()
            return
        }
        try writeAgain(source.window.bytes(scan.walk.groupOffset..<scan.walk.offset), scan, file)
        if case .sealed = scan.ending { return try finishSealing(scan, file) }
        let repaired = try TornCut(directory: directory, file: file, scan: scan).repair(
            source.window, segmentBytes: options.segmentBytes)
        report.tornTail = repaired.tornTail
        if scan.header.version < SegmentHeader.newestVersion && scan.walk.blockCount == 0 {
            // Older formats are not written, and there is no record to seal: a segment of this
            // format takes the place and the name.
            join.log = scan.header.log
            segments.removeLast()
            return
        }
        let late =
            isHashed
            ? nil
            : LateHash(
                try segmentFile(from: first), through: scan.walk, windowBytes: directory.windowBytes
            )
        end = RecoveredEnd(
            walk: scan.walk, hash: replayer.hash, late: late, fileBytes: repaired.fileBytes,
            file: file)
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

    /// Takes a segment by its ends: header and footer are checked and join its neighbours.
    private mutating func passOver(_ first: LSN) throws(LogError) {
        let (file, header) = try openHeader(of: first)
        guard header.firstLSN == first else { throw misnamed(header, file.path, first: first) }
        let byteCount = try unwrap { () throws(StorageError) in try file.size() }
        guard let footer = try footer(of: file, header, byteCount: byteCount) else {
            return try recover(file, first: first, isLast: false, replay: { _, _ in })
        }
        try join.check(header, path: file.path)
        join.end = SegmentEnd(
            byteCount: header.isPacked ? header.unpackedBytes : byteCount, lastLSN: footer.lastLSN,
            lastGroup: footer.lastGroup, hash: footer.hash)
        join.number = header.number
        join.log = header.log
        epoch = max(epoch, footer.epoch)
        var segment = Catalogue.Segment(path: file.path, header: header)
        segment.lastLSN = footer.lastLSN
        segment.rawBytes = footer.rawBytes
        segment.storedBytes = byteCount
        segment.blocks = [BlockPlace(firstLSN: first, offset: SegmentHeader.byteCount)]
        segments.append(segment)
    }

    private func misnamed(_ header: SegmentHeader, _ path: String, first: LSN) -> LogError {
        Defect(
            at: 0, "name of the segment", expected: "\(header.firstLSN)", found: "\(first)",
            isTearable: false
        ).corruption(in: path, from: first)
    }
}

/// Where the log goes on.
struct RecoveredEnd {
    var walk: SegmentWalk
    /// Of its stream, unless that is found out later.
    var hash: RunningHash
    var late: LateHash?
    var fileBytes: Int
    var file: any StorageFile
}

/// Gives a segment's records to the replayer, and gathers what the log needs to go on writing.
struct SegmentReplay {
    let path: String
    /// Only the active segment's hash goes on, and with threads that is made up later; those of sealed
    /// ones are left to verification.
    let hashes: Bool
    /// Records up to here are not wanted.
    let known: LSN
    var records: BlockRecords
    private(set) var recordsReplayed: UInt64 = 0
    private(set) var hash: RunningHash
    private(set) var places: [BlockPlace]

    init(
        path: String, hashes: Bool, known: LSN, hash: RunningHash, records: BlockRecords,
        places: [BlockPlace]
    ) {
        self.path = path
        self.hashes = hashes
        self.known = known
        self.records = records
        self.hash = hash
        self.places = places
    }

    mutating func take(
        _ step: SegmentWalk.Step, _ segment: SegmentHeader, _ bytes: RawSpan,
        replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        guard case .block(let header, let offset) = step else { return }
        places.note(header, at: offset)
        guard hashes || header.lastLSN > known else { return }
        do throws(Defect) {
            try records.load(
                SegmentWalk.frame(of: bytes), header: header, at: offset,
                version: segment.version)
        } catch {
            throw error.corruption(in: path, from: header.firstLSN)
        }
        try replayAll(header, offset: offset, replay: replay)
        if hashes { records.withRaw { hash.update($0) } }
    }

    private mutating func replayAll(
        _ header: BlockHeader, offset: Int, replay: (LSN, RawSpan) throws(RecordRefusal) -> Void
    ) throws(LogError) {
        do throws(RecordFault<RecordRefusal>) {
            _ = try records.forEach(header: header, at: offset) {
                lsn, record throws(RecordRefusal) in
                guard lsn > known else { return true }
                try replay(lsn, record)
                recordsReplayed += 1
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
