import ByteCoding
import Storage
import Synchronization
package import Units

/// Reads durable records by LSN while the log is written; blocks while it reads the disk.
///
/// Any thread, but never one of the Swift pool: a call may wait for the disk.
package final class LogReader: Sendable {
    private let catalogue: Catalogue
    private let storage: any Storage
    /// Blocks read lately, the newest last: a timeline often finds its events side by side.
    private let cache = Mutex<[LoadedBlock]>([])
    private static let cachedBlocksMax = 16

    init(catalogue: Catalogue, storage: any Storage) {
        self.catalogue = catalogue
        self.storage = storage
    }

    /// The last record that was dropped; zero where none was.
    package var droppedThrough: LSN { catalogue.droppedThrough }

    /// Calls `body` with the record; nil where it is not durable or not there.
    ///
    /// A refusal by `body` comes back as `LogError.refusedRecord`.
    package func read<T>(
        _ lsn: LSN, _ body: (RawSpan) throws(RecordRefusal) -> T
    ) throws(LogError) -> T? {
        guard let block = try block(of: lsn) else { return nil }
        do throws(RecordFault<RecordRefusal>) {
            return try block.records.withRecord(lsn, header: block.header, at: block.offset, body)
        } catch {
            throw error.logError(in: block.path, from: lsn)
        }
    }

    private func block(of lsn: LSN) throws(LogError) -> LoadedBlock? {
        if let block = cached(lsn) { return block }
        let search = try catalogue.opening(lsn) { place throws(LogError) in
            BlockSearch(
                file: try unwrap { () throws(StorageError) in try storage.open(place.path, .read) },
                place: place)
        }
        guard let search else { return nil }
        return try load(lsn, search)
    }

    private func cached(_ lsn: LSN) -> LoadedBlock? {
        cache.withLock { blocks in
            blocks.last { $0.header.firstLSN <= lsn && lsn <= $0.header.lastLSN }
        }
    }

    private func load(_ lsn: LSN, _ begun: BlockSearch) throws(LogError) -> LoadedBlock {
        var search = begun
        let block = try search.find(lsn)
        catalogue.learn(search.passed, from: search.place)
        cache.withLock { blocks in
            if blocks.count >= Self.cachedBlocksMax { blocks.removeFirst() }
            blocks.append(block)
        }
        return block
    }
}

/// A block in memory, decompressed and checked.
struct LoadedBlock: Sendable {
    let path: String
    let header: BlockHeader
    let offset: Int
    let records: BlockRecords
}

/// Goes from header to header until it reaches the block that holds a record.
struct BlockSearch: Sendable {
    let file: any StorageFile
    let place: Catalogue.Place
    /// The block it began at, and some that it has passed.
    private(set) var passed: [BlockPlace]
    private var chunk: [UInt8] = []
    private var chunkOffset = 0
    private var chunkBytes = 0

    init(file: any StorageFile, place: Catalogue.Place) {
        self.file = file
        self.place = place
        passed = [place.block]
    }

    mutating func find(_ lsn: LSN) throws(LogError) -> LoadedBlock {
        var offset = place.block.offset
        var next = place.block.firstLSN
        // Small blocks are read many at once; of large ones nothing but their headers.
        var ahead = 0
        while offset < place.end {
            let header = try header(at: offset, expecting: next, ahead: ahead)
            let end = offset + BlockHeader.byteCount + header.frameBytes
            if !header.isMark { passed.note(header, at: offset) }
            ahead = header.frameBytes < Self.smallFrameBytes ? BlockPlace.strideBytes : 0
            if !header.isMark && lsn <= header.lastLSN {
                return try load(header, at: offset, end: end)
            }
            next = header.firstLSN.advanced(by: UInt64(header.recordCount))
            offset = end
        }
        throw Defect(
            at: offset, "place of record \(lsn)", expected: "before the durable end", found: "none",
            isTearable: false
        ).corruption(in: file.path, from: lsn)
    }

    private static let smallFrameBytes = 8 << 10

    private mutating func header(
        at offset: Int, expecting lsn: LSN, ahead: Int
    ) throws(LogError) -> BlockHeader {
        try fill(from: offset, to: offset + BlockHeader.byteCount, ahead: ahead)
        do throws(Defect) {
            let bytes = chunk.rawBytes.extracting(0..<chunkBytes)
            let header = try BlockHeader.decode(
                bytes, at: offset - chunkOffset, seed: place.header.seed)
            guard header.firstLSN == lsn else {
                throw Defect(
                    at: offset, "first LSN of the block", expected: "\(lsn)",
                    found: "\(header.firstLSN)", isTearable: false)
            }
            return header
        } catch {
            throw error.moved(to: offset).corruption(in: file.path, from: lsn)
        }
    }

    private mutating func load(
        _ header: BlockHeader, at offset: Int, end: Int
    ) throws(LogError) -> LoadedBlock {
        try fill(from: offset, to: end, ahead: 0)
        var records = BlockRecords()
        do throws(Defect) {
            let start = offset + BlockHeader.byteCount - chunkOffset
            guard end - chunkOffset <= chunkBytes else {
                throw Defect(
                    at: offset, "end of the block", expected: "\(end)",
                    found: "\(chunkOffset + chunkBytes)", isTearable: false)
            }
            let frame = chunk.rawBytes.extracting(start..<end - chunkOffset)
            let found = crc32c(frame)
            guard found == header.bodyChecksum else {
                throw Defect(
                    at: offset, "checksum of the block", expected: header.bodyChecksum, found: found
                )
            }
            try records.load(frame, header: header, at: offset, version: place.header.version)
        } catch {
            throw error.corruption(in: file.path, from: header.firstLSN, to: header.lastLSN)
        }
        return LoadedBlock(path: file.path, header: header, offset: offset, records: records)
    }

    /// Makes the bytes from `start` to `end` part of the chunk, and `ahead` more on the way.
    private mutating func fill(from start: Int, to end: Int, ahead: Int) throws(LogError) {
        if start >= chunkOffset && end <= chunkOffset + chunkBytes { return }
        let count = max(end - start, min(ahead, place.end - start))
        chunkBytes = try unwrap { () throws(StorageError) in
            try file.read(count, at: UInt64(start), into: &chunk)
        }
        chunkOffset = start
    }
}
