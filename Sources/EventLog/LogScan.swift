import ByteCoding
package import Storage
package import Units

/// Reads the records of a log in order without opening it; also while a daemon writes to it.
package enum LogScan {
    /// Calls `body` with each durable record from `first` on until it returns false.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where the reads go.
    ///   - first: First record wanted; zero: the first that there is.
    ///   - archive: Where dropped segments were archived, to be read with the others; nil: they are not.
    ///   - begin: Called once, before the first record, with the log's identity.
    ///   - body: Gets the record's LSN, the time of the newest batch in its block, and its bytes.
    /// - Throws: `LogError.dropped` where `first` was, `.corrupt`, `.io`, `.newerFormat`, or `.refusedRecord` where `body` refused.
    package static func run(
        directory: String, storage: any Storage, from first: LSN = .zero, archive: String? = nil,
        begin: (LogIdentity) -> Void = { _ in },
        _ body: (LSN, WallTime, RawSpan) throws(RecordRefusal) -> Bool
    ) throws(LogError) {
        var segments = OfflineSegments(directory: directory, storage: storage, archive: archive)
        var records = BlockRecords()
        var identity: LogIdentity?
        try segments.walk(
            from: first,
            visit: { segment, path, step, bytes throws(LogError) in
                tell(segment, &identity, begin)
                guard case .block(let header, let offset, let frame) = step,
                    header.lastLSN >= first
                else { return true }
                do throws(Defect) {
                    try records.load(
                        bytes.extracting(frame), header: header, at: offset,
                        version: segment.version)
                } catch {
                    throw error.corruption(in: path, from: header.firstLSN)
                }
                do throws(RecordFault<RecordRefusal>) {
                    return try records.forEach(header: header, at: offset) {
                        lsn, record throws(RecordRefusal) in
                        lsn < first ? true : try body(lsn, header.time, record)
                    }
                } catch {
                    throw error.logError(in: path, from: header.firstLSN)
                }
            },
            // A log without any records has an identity, too.
            finished: { scan throws(LogError) in tell(scan.header, &identity, begin) })
    }

    private static func tell(
        _ segment: SegmentHeader, _ identity: inout LogIdentity?, _ begin: (LogIdentity) -> Void
    ) {
        guard identity == nil else { return }
        identity = segment.log
        begin(segment.log)
    }
}
