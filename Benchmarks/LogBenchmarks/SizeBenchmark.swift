import BenchmarkKit
import ByteCoding
import EventLog
import Storage
import Units

/// Bytes on the disk per event, by the size of the groups.
struct SizeBenchmark {
    let directory: String
    let stream: SampleStream

    private static let records = 400_000
    private static let groups = [1, 16, 256, 4096]
    /// Small, so that nearly all of the log is sealed.
    private static let segmentBytes = 4 << 20

    func run() throws {
        let table = Table(
            "size/200B: bytes per event in sealed segments, as written and rewritten",
            columns: [
                "events, group", "raw", "as written", "times smaller", "rewritten", "times smaller",
            ])
        for group in Self.groups {
            progress("size: groups of \(group)")
            table.row(try row(group))
        }
    }

    private func row(_ group: Int) throws -> [String] {
        let log = try WrittenLog(
            "\(directory)/size", records: Self.records, groupRecords: group,
            segmentBytes: Self.segmentBytes, rewritesSegments: true
        ) { lsn, bytes in
            let range = SampleStream.range(ofRecord: Int(lsn.rawValue))
            bytes.write(stream.bytes.rawBytes.extracting(range))
        }
        var (records, rawBytes, writtenBytes, packedBytes) = (0.0, 0.0, 0.0, 0.0)
        try LogInspection.run(directory: log.directory, storage: PosixStorage()) { segment in
            guard segment.isPacked else { return }
            records += Double(segment.lastLSN.distance(from: segment.firstLSN) + 1)
            rawBytes += Double(segment.rawBytes)
            writtenBytes += Double(segment.unpackedBytes)
            packedBytes += Double(segment.storedBytes)
        }
        try remove(log.directory)
        precondition(records > 0, "no segment was rewritten")
        return ["\(group)", decimal(rawBytes / records, 1)]
            + [writtenBytes, packedBytes].flatMap {
                [decimal($0 / records, 1), decimal(rawBytes / $0, 2)]
            }
    }
}
