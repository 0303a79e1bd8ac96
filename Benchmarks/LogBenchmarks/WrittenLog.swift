import ByteCoding
import EventLog
import Storage
import Units

/// A log made to be read back: in groups of one size, never synced, in this process's page cache.
struct WrittenLog {
    let directory: String

    /// Writes `records` records in groups of `groupRecords`; `record` gives each.
    init(
        _ directory: String, records: Int, groupRecords: Int, segmentBytes: Int,
        rewritesSegments: Bool, record: (LSN, inout ByteWriter) -> Void
    ) throws {
        self.directory = directory
        var options = LogOptions()
        options.isThreaded = false
        options.segmentBytes = segmentBytes
        options.rewritesSegments = rewritesSegments
        let log = try openLog(directory, WatchedStorage(isSyncing: false), options: options)
        var bytes = ByteWriter()
        for number in 1...records {
            bytes.removeAll()
            record(LSN(rawValue: UInt64(number)), &bytes)
            log.append(bytes.bytes)
            if number % groupRecords == 0 || number == records {
                log.commit(now: WallTime(microseconds: Int64(number)))
            }
        }
        log.close()
    }
}
