import BenchmarkKit
import ByteCoding
import EventLog
import JobCoding
import JobModel
import Storage
import Units

/// How fast a log is read back, in one thread, from the page cache.
struct ReplayBenchmark {
    let directory: String
    let stream: SampleStream

    private static let records = 5_000_000
    private static let groups = [1, 16, 256, 4096]
    private static let jobEventGroup = 256
    private static let segmentBytes = 64 << 20
    private static let rounds = 5
    /// Events decoded over and over without a log.
    private static let decodedEvents = 100_000

    func run() throws {
        let table = Table(
            "replay: \(decimal(Double(Self.records), 0)) events from the page cache; million "
                + "events per second of processor time, median (lowest–highest) of \(Self.rounds)",
            columns: [
                "events, group", "read", "million events/s of one core", "ns/event", "MB/s, raw",
            ])
        for group in Self.groups {
            let log = try write(group: group) { lsn, bytes in
                let range = SampleStream.range(ofRecord: Int(lsn.rawValue))
                bytes.write(stream.bytes.rawBytes.extracting(range))
            }
            let name = "200 bytes, \(group)"
            try measure(log, "\(name) | checksums", table) { try scan($0) }
            try measure(log, "\(name) | checksums and hash chain", table) { try verify($0) }
            try remove(log.directory)
        }
        try measureJobEvents(table)
        try measureDecoding()
    }

    private func measureJobEvents(_ table: Table) throws {
        let events = JobEvents(stream: stream)
        let log = try write(group: Self.jobEventGroup) { events.event(at: $0).encode(into: &$1) }
        let name = "job events, \(Self.jobEventGroup)"
        try measure(log, "\(name) | checksums", table) { try scan($0) }
        try measure(log, "\(name) | checksums, decoded", table) { try decode($0) }
        try measure(log, "\(name) | checksums and hash chain", table) { try verify($0) }
        try remove(log.directory)
    }

    private func write(
        group: Int, record: (LSN, inout ByteWriter) -> Void
    ) throws -> WrittenLog {
        progress("replay: writing \(Self.records) events in groups of \(group)")
        return try WrittenLog(
            "\(directory)/replay", records: Self.records, groupRecords: group,
            segmentBytes: Self.segmentBytes, rewritesSegments: false, record: record)
    }

    /// `read` gives the records and the raw bytes it went through.
    private func measure(
        _ log: WrittenLog, _ name: String, _ table: Table,
        read: (String) throws -> (records: Int, rawBytes: Int)
    ) throws {
        var costs: [Double] = []
        var rawBytes = 0
        // The first time warms the caches up and is not counted.
        for round in 0...Self.rounds {
            let cost = try Cost.of {
                let found = try read(log.directory)
                precondition(found.records == Self.records, "\(found.records) records were read")
                rawBytes = found.rawBytes
            }
            if round > 0 { costs.append(cost.processorSeconds / Double(Self.records)) }
        }
        let cost = Rounds(costs).median
        table.row([
            name, Rounds(costs.map { 1e-6 / $0 }).cell(1), decimal(cost * 1e9, 0),
            decimal(Double(rawBytes) / Double(Self.records) / cost / 1e6, 0),
        ])
    }

    private func scan(_ directory: String) throws -> (records: Int, rawBytes: Int) {
        var (records, bytes) = (0, 0)
        try LogScan.run(directory: directory, storage: PosixStorage()) {
            _, _, record throws(RecordRefusal) in
            records += 1
            bytes += record.byteCount
            return true
        }
        return (records, bytes)
    }

    private func verify(_ directory: String) throws -> (records: Int, rawBytes: Int) {
        let found = try LogVerification.run(directory: directory, storage: PosixStorage())
        return (Int(found.records), Int(found.rawBytes))
    }

    private func decode(_ directory: String) throws -> (records: Int, rawBytes: Int) {
        var (records, bytes, newest) = (0, 0, WallTime.earliest)
        try LogScan.run(directory: directory, storage: PosixStorage()) {
            _, _, record throws(RecordRefusal) in
            do throws(EventFault) {
                newest = max(newest, try Event(decoding: record).time)
            } catch {
                throw RecordRefusal(reason: "\(error)")
            }
            records += 1
            bytes += record.byteCount
            return true
        }
        precondition(newest > .earliest, "no event had a time")
        return (records, bytes)
    }

    /// Decoding alone, from bytes in memory.
    private func measureDecoding() throws {
        progress("replay: decoding")
        let events = JobEvents(stream: stream)
        var bytes = ByteWriter(capacity: Self.decodedEvents * 128)
        var ends: [Int] = [0]
        for number in 1...Self.decodedEvents {
            events.event(at: LSN(rawValue: UInt64(number))).encode(into: &bytes)
            ends.append(bytes.count)
        }
        let table = Table(
            "decode: \(decimal(Double(Self.decodedEvents), 0)) job events in memory",
            columns: ["event", "bytes/event", "CPU, ns/event"])
        for (kind, name) in [
            (nil, "all"), (0, "Submitted"), (1, "Claimed"), (2, "Processing"), (3, "Succeeded"),
        ] {
            // The last thousands only: the first steps submit jobs instead of working on them.
            let numbers = (Self.decodedEvents / 2..<Self.decodedEvents).filter {
                kind == nil || $0 % 4 == kind
            }
            table.row([name] + (try decodingCells(bytes, ends, numbers)))
        }
    }

    private func decodingCells(
        _ bytes: ByteWriter, _ ends: [Int], _ numbers: [Int]
    ) throws -> [String] {
        var costs: [Double] = []
        var byteCount = 0
        for _ in 0..<Self.rounds * 3 {
            byteCount = 0
            var newest = WallTime.earliest
            let cost = try Cost.of {
                for number in numbers {
                    let range = ends[number]..<ends[number + 1]
                    newest = max(newest, try Event(decoding: bytes.bytes.extracting(range)).time)
                    byteCount += range.count
                }
            }
            precondition(newest > .earliest, "no event had a time")
            costs.append(cost.processorSeconds / Double(numbers.count) * 1e9)
        }
        return [
            decimal(Double(byteCount) / Double(numbers.count), 0), Rounds(costs).cell(0),
        ]
    }
}
