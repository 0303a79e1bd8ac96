import ByteCoding
import Storage
package import Units

/// What a segment's file says of itself, in a few words.
package struct SegmentOutline: Equatable, Sendable {
    package let log: LogIdentity
    /// Counted from 1.
    package let number: UInt64
    package let firstLSN: LSN
    /// Before `firstLSN` where there are no records.
    package let lastLSN: LSN
    /// Of the segment's raw stream: it vouches for every record up to its last.
    package let hash: LogHash
    /// Whether a footer ends it: nothing is ever added then.
    package let isSealed: Bool

    package var head: NotedHead { NotedHead(lsn: lastLSN, hash: hash) }
}

/// The ends of a sealed segment, read without what is between them.
struct SegmentEnds {
    let header: SegmentHeader
    let footer: SegmentFooter
    let byteCount: UInt64

    /// Nil where the file does not end with its footer.
    init?(_ path: String, storage: any Storage, expecting lsn: LSN) throws(LogError) {
        let file = try unwrap { () throws(StorageError) in try storage.open(path, .read) }
        byteCount = try unwrap { () throws(StorageError) in try file.size() }
        var bytes: [UInt8] = []
        let headerBytes = try unwrap { () throws(StorageError) in
            try file.read(SegmentHeader.byteCount, at: 0, into: &bytes)
        }
        header = try .decode(
            bytes.rawBytes.extracting(0..<headerBytes), file: path, expecting: lsn)
        let footerBytes = SegmentFooter.byteCount
        guard byteCount >= UInt64(SegmentHeader.byteCount + footerBytes) else { return nil }
        let offset = byteCount - UInt64(footerBytes)
        let count = try unwrap { () throws(StorageError) in
            try file.read(footerBytes, at: offset, into: &bytes)
        }
        let tail = bytes.rawBytes.extracting(0..<count)
        guard count == footerBytes, tail.fixed(at: 0, as: UInt32.self) == SegmentFooter.frameMagic
        else { return nil }
        do throws(Defect) {
            footer = try SegmentFooter.decode(tail, at: 0, seed: header.seed)
        } catch {
            // A block may end with the footer's first word.
            return nil
        }
    }

    var outline: SegmentOutline {
        SegmentOutline(
            log: header.log, number: header.number, firstLSN: header.firstLSN,
            lastLSN: footer.lastLSN, hash: footer.hash, isSealed: true)
    }

    /// What the next segment must say that it follows.
    var end: SegmentEnd {
        SegmentEnd(
            byteCount: header.isPacked ? header.unpackedBytes : byteCount,
            lastLSN: footer.lastLSN, lastGroup: footer.lastGroup, hash: footer.hash)
    }
}
