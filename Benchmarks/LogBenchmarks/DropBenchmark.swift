import BenchmarkKit
import ByteCoding
import EventLog
import Storage
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
        precondition(dropped > 0, "the log has one segment")
        let limit = try removal(of: dropped, byteCount: Int(bytes) / dropped)
        let table = Table(
            "drop: all sealed segments of a log at once, against removing as many files as large",
            columns: ["segments", "MiB", "ms", "limit, ms", "times the limit"])
        table.row([
            "\(dropped)", "\(bytes >> 20)", decimal(cost.seconds * 1e3, 1),
            decimal(limit.seconds * 1e3, 1), decimal(cost.seconds / limit.seconds, 2),
        ])
    }

    /// What the file system needs to remove so many files and sync their directory.
    private func removal(of count: Int, byteCount: Int) throws -> Cost {
        let storage = PosixStorage()
        let place = "\(directory)/limit"
        try storage.createDirectory(place)
        let paths = (0..<count).map { "\(place)/\($0)" }
        for path in paths {
            let file = try storage.open(path, .create)
            for offset in stride(from: 0, to: byteCount, by: stream.bytes.count) {
                let end = min(stream.bytes.count, byteCount - offset)
                try file.write(
                    stream.bytes.rawBytes.extracting(0..<end), at: UInt64(offset))
            }
            try file.sync()
        }
        let cost = try Cost.of { () throws(StorageError) in
            for path in paths { try storage.remove(path) }
            try storage.syncDirectory(place)
        }
        try remove(place)
        return cost
    }
}
