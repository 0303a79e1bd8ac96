import ByteCoding
import Storage
import Units

/// The end of the log: writes groups into the active segment, seals it and begins the next.
///
/// Not Sendable by itself: it belongs to whichever thread is syncing; GroupCommit lets only one at
/// a time. After a thrown error it must not be used again.
final class SegmentTail: @unchecked Sendable {
    // Sendable: handed from thread to thread under GroupCommit's lock, never shared.
    private let directory: LogDirectory
    private let options: LogOptions
    private let preparer: SegmentPreparer
    private let rewriter: SegmentRewriter
    private let catalogue: Catalogue
    private let epoch: UInt64

    private var file: any StorageFile
    private var header: SegmentHeader
    /// Where the next group goes.
    private var offset: Int
    /// Bytes of the file: at least `offset`.
    private var fileBytes: Int
    private var lastLSN: LSN
    private var group: UInt64
    private var previousChecksum: UInt32
    private var blockCount: UInt64
    private var rawBytes: UInt64
    /// By how much the segment's blocks are shorter than their raw bytes and all overhead.
    private(set) var saved: SavedBytes
    private var lastTime: WallTime
    private var out: ByteWriter
    private var places: [(BlockHeader, offset: Int)] = []
    /// A group so long takes as long to hash as the disk needs to begin with it.
    private static let startedBytesMin = 8 << 10

    /// Goes on where recovery found the end of the log.
    init(
        _ end: RecoveredEnd, epoch: UInt64, directory: LogDirectory,
        options: LogOptions, preparer: SegmentPreparer, rewriter: SegmentRewriter,
        catalogue: Catalogue
    ) {
        self.directory = directory
        self.options = options
        self.preparer = preparer
        self.rewriter = rewriter
        self.catalogue = catalogue
        self.epoch = epoch
        file = end.file
        header = end.walk.header
        offset = end.walk.offset
        fileBytes = end.fileBytes
        lastLSN = end.walk.lastLSN
        group = end.walk.group
        previousChecksum = end.walk.previousChecksum
        blockCount = end.walk.blockCount
        rawBytes = end.walk.rawBytes
        saved = SavedBytes(segment: end.walk.header.number)
        lastTime = end.walk.lastTime
        out = ByteWriter(capacity: 2 * options.groupBytesMax)
    }

    /// Writes and syncs the blocks, as one group for each segment that they belong to.
    ///
    /// `meanwhile` is called while the disk works on the last group.
    func write(_ blocks: [RawBlock], meanwhile: () -> Void) throws(StorageError) {
        var rest = blocks[...]
        while let first = rest.first {
            if let hash = first.previousHash { try roll(hash: hash) }
            let next = rest.dropFirst().firstIndex { $0.previousHash != nil } ?? rest.endIndex
            let end = min(next, rest.startIndex + Int(UInt16.max))
            try writeGroup(rest[..<end], meanwhile: end == rest.endIndex ? meanwhile : {})
            rest = rest[end...]
        }
    }

    /// Writes and syncs a mark: all before it is whole.
    func mark(_ flag: UInt32) throws(StorageError) {
        out.removeAll()
        group += 1
        appendBlock(
            BlockHeader(
                flags: flag, firstLSN: lastLSN.next, group: group, epoch: epoch, time: lastTime,
                previousChecksum: previousChecksum))
        try flush()
    }

    private func writeGroup(
        _ blocks: ArraySlice<RawBlock>, meanwhile: () -> Void
    ) throws(StorageError) {
        out.removeAll()
        group += 1
        for (index, block) in blocks.enumerated() {
            lastTime = block.time
            appendBlock(
                BlockHeader(
                    rawBytes: UInt32(block.byteCount), firstLSN: block.firstLSN,
                    recordCount: block.recordCount, indexInGroup: UInt16(index),
                    blocksInGroup: UInt16(blocks.count), group: group, epoch: epoch,
                    time: block.time, previousChecksum: previousChecksum),
                raw: block)
            lastLSN = block.firstLSN.advanced(by: UInt64(block.recordCount) - 1)
        }
        try flush(meanwhile: meanwhile)
    }

    private func appendBlock(_ unfinished: BlockHeader, raw: RawBlock? = nil) {
        var header = unfinished
        let start = out.count
        // Room for the header; encode writes over all of it.
        unsafe out.write(upTo: BlockHeader.byteCount) { _ in BlockHeader.byteCount }
        if let raw {
            let stored = raw.withBytes { LZ4Frame.write($0, to: &out) }
            header.storedBytes = UInt32(stored.storedBytes)
            if stored.isPlain { header.flags |= BlockHeader.plainFlag }
            let frame = start + BlockHeader.byteCount..<out.count
            header.bodyChecksum = out.withBytes { crc32c($0.extracting(frame)) }
            rawBytes += UInt64(raw.byteCount)
            blockCount += 1
            saved.byteCount += raw.byteCount + RawBlock.overheadBytes - (out.count - start)
        }
        header.encode(over: &out, at: start, seed: self.header.seed)
        previousChecksum = header.checksum
        places.append((header, offset: offset + start))
    }

    /// One write, one sync; then the group is durable and readers may see it.
    private func flush(meanwhile: () -> Void = {}) throws(StorageError) {
        let groupBytes = out.count
        let end = offset + groupBytes
        writeRest(after: end)
        do throws(StorageError) {
            try writeOut()
        } catch {
            guard error.isOutOfSpace else { throw error }
            try retreat()
            out.truncate(to: groupBytes)
            try writeOut()
            fileBytes = end
        }
        if groupBytes >= Self.startedBytesMin {
            file.startWriting(UInt64(offset)..<UInt64(end))
        }
        meanwhile()
        try file.sync()
        offset = end
        preparer.noteUse(end)
        catalogue.publish(places, storedBytes: end)
        places.removeAll(keepingCapacity: true)
    }

    private func writeOut() throws(StorageError) {
        let start = UInt64(offset)
        try out.withBytes { bytes throws(StorageError) in try file.write(bytes, at: start) }
    }

    /// Goes back to the synced end after a write that found the disk full.
    ///
    /// Nothing of the group stays, and what the rest of the file held is free for a second try.
    /// Space was claimed ahead, so this happens only where the file system breaks its word.
    private func retreat() throws(StorageError) {
        try file.truncate(to: UInt64(offset))
        try file.sync()
    }

    /// Covers what is left of the file; lengthens it where too little is left for a frame.
    private func writeRest(after end: Int) {
        let restBytes = fileBytes > end ? max(fileBytes - end, RestFrame.headerBytes) : 0
        RestFrame.write(over: restBytes, to: &out)
        fileBytes = end + restBytes
    }

    /// Seals the segment and begins the next: footer, sync, new file, sync, its name, sync.
    private func roll(hash: LogHash) throws(StorageError) {
        out.removeAll()
        SegmentFooter(
            blockCount: blockCount,
            recordCount: lastLSN.distance(from: header.firstLSN) + 1, rawBytes: rawBytes,
            lastLSN: lastLSN, lastGroup: group, epoch: epoch, previousChecksum: previousChecksum,
            hash: hash
        ).encode(to: &out, seed: header.seed)
        try flush()
        let sealed = file
        let end = SegmentEnd(
            byteCount: UInt64(offset), lastLSN: lastLSN, lastGroup: group, hash: hash)
        let next = try NewSegment.make(
            after: end, number: header.number + 1, epoch: epoch, log: header.log,
            directory: directory, options: options, preparer: preparer)
        begin(next)
        // Only now: until the next one stands, the rest of this file is left as it is.
        try sealed.truncate(to: end.byteCount)
        rewriter.want()
    }

    private func begin(_ next: NewSegment) {
        file = next.file
        header = next.header
        offset = SegmentHeader.byteCount
        preparer.noteUse(offset)
        fileBytes = next.fileBytes
        previousChecksum = header.checksum
        blockCount = 0
        rawBytes = UInt64(Opening.byteCount)
        saved = SavedBytes(segment: header.number)
        catalogue.append(Catalogue.Segment(path: next.path, header: header))
    }
}
