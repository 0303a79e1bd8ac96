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
    ///   - body: Gets the record's LSN, the time of the newest batch in its block, and its bytes.
    /// - Throws: `LogError.dropped` where `first` was, `.corrupt`, `.io`, `.newerFormat`, or `.refusedRecord` where `body` refused.
    package static func run(
        directory: String, storage: any Storage, from first: LSN = .zero, archive: String? = nil,
        _ body: (LSN, WallTime, RawSpan) throws(RecordRefusal) -> Bool
    ) throws(LogError) {
        var segments = OfflineSegments(directory: directory, storage: storage, archive: archive)
        var records = BlockRecords()
        try segments.walk(
            from: first,
            visit: { segment, path, step, bytes throws(LogError) in
                guard case .block(let header, let offset) = step,
                    header.lastLSN >= first
                else { return true }
                do throws(Defect) {
                    try records.load(
                        SegmentWalk.frame(of: bytes), header: header, at: offset,
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
            })
    }
}
