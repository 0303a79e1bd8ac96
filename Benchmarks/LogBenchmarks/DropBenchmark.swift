import BenchmarkKit
import EventLog
import Units

/// How long it takes to drop the front of a log.
struct DropBenchmark {
    let directory: String
    let stream: SampleStream

    private static let records = 16_000_000
    private static let segmentBytes = 64 << 20

    func run() throws {
        progress("drop: a log of \(Self.records) events")
        let written = try WrittenLog(
            "\(directory)/drop", records: Self.records, groupRecords: 4_096,
            segmentBytes: Self.segmentBytes, rewritesSegments: false
        ) { lsn, bytes in
            let range = SampleStream.range(ofRecord: Int(lsn.rawValue))
            bytes.write(stream.bytes.rawBytes.extracting(range))
        }
        var options = LogOptions()
        options.segmentBytes = Self.segmentBytes
        options.rewritesSegments = false
        let log = try openLog(
            written.directory, WatchedStorage(), options: options)
        let before = log.size.storedBytes
        var dropped = 0
        let cost = try Cost.of { () throws(LogError) in
            dropped = try log.trimmer.drop(
                through: LSN(rawValue: .max), archive: nil, now: WallTime(microseconds: 1))
        }
        let bytes = before - log.size.storedBytes
        log.close()
        try remove(written.directory)
        let table = Table(
            "drop: all sealed segments of a log at once",
            columns: ["segments", "MiB", "ms", "ms a segment"])
        table.row([
            "\(dropped)", "\(bytes >> 20)", decimal(cost.seconds * 1e3, 1),
            decimal(cost.seconds * 1e3 / Double(max(dropped, 1)), 2),
        ])
    }
}
