import ByteCoding
import Storage
import Units

/// A segment that has just been given its name: whole, synced and without groups.
struct NewSegment {
    let path: String
    let file: any StorageFile
    let header: SegmentHeader
    let fileBytes: Int

    /// Makes the segment that follows `previous` and makes its name durable.
    static func make(
        after previous: SegmentEnd, number: UInt64, epoch: UInt64, log: LogIdentity,
        directory: LogDirectory, options: LogOptions, preparer: SegmentPreparer
    ) throws(StorageError) -> NewSegment {
        var header = SegmentHeader(
            log: log, salt: options.randomNumber(), epoch: epoch, number: number,
            firstLSN: previous.lastLSN.next, creation: options.wallClock(), previous: previous)
        var bytes = header.encoded()
        header.checksum = bytes.bytes.fixed(at: SegmentHeader.checksumOffset)
        let fileBytes = max(options.segmentBytes, SegmentHeader.byteCount + RestFrame.headerBytes)
        RestFrame.write(over: fileBytes - SegmentHeader.byteCount, to: &bytes)

        let prepared = try preparer.take()
        try prepared.write(bytes.bytes, at: 0)
        try prepared.sync()
        let path = directory.segment(from: header.firstLSN)
        try directory.storage.rename(directory.preparing, to: path)
        try directory.storage.syncDirectory(directory.segments)
        preparer.want()
        return NewSegment(
            path: path, file: try directory.storage.open(path, .readWrite), header: header,
            fileBytes: fileBytes)
    }
}
