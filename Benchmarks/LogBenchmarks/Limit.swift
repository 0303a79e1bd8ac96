import BenchmarkKit
import ByteCoding
import Storage

/// What the disk gives to a program that does nothing else: overwrites zeros and syncs, in one thread.
struct Limit {
    private static let fileBytes = 64 << 20
    private let file: any StorageFile
    private var offset = 0
    private var packer = Packer()

    /// Makes a file at `path`, filled with zeros and synced.
    init(path: String) throws {
        file = try PosixStorage().open(path, .create)
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        for start in stride(from: 0, to: Self.fileBytes, by: zeros.count) {
            try file.write(zeros.rawBytes, at: UInt64(start))
        }
        try file.sync()
    }

    /// Packs the same raw bytes in groups of this mean size, each written and synced.
    mutating func append(
        _ stream: SampleStream, meanGroupRecords: Double, nanoseconds: UInt64
    ) throws -> Round {
        var round = Round()
        let end = monotonicNanoseconds() + nanoseconds
        round.cost = try Cost.of {
            var start = monotonicNanoseconds()
            while start < end {
                let total = Int((Double(round.syncs + 1) * meanGroupRecords).rounded())
                let count = max(total - round.records, 1)
                packer.removeAll()
                let range = SampleStream.range(from: round.records, count: count)
                packer.pack(stream.bytes.rawBytes, range)
                try overwrite(packer.bytes.rawBytes.extracting(0..<packer.count))
                round.records += count
                round.syncs += 1
                round.storedBytes += packer.count
                let now = monotonicNanoseconds()
                round.acks.add(now - start)
                start = now
            }
        }
        return round
    }

    /// Overwrites pages of 4 KiB, each synced.
    mutating func overwritePages(count: Int) throws -> Latencies {
        let page = [UInt8](repeating: 0x5A, count: 4096)
        offset = (offset + page.count - 1) / page.count * page.count
        var latencies = Latencies()
        for _ in 0..<count {
            let start = monotonicNanoseconds()
            try overwrite(page.rawBytes)
            latencies.add(monotonicNanoseconds() - start)
        }
        return latencies
    }

    private mutating func overwrite(_ bytes: RawSpan) throws {
        if offset + bytes.byteCount > Self.fileBytes { offset = 0 }
        try file.write(bytes, at: UInt64(offset))
        try file.sync()
        offset += bytes.byteCount
    }
}

/// What was done in one round, by the log or by the limit.
struct Round {
    var records = 0
    var syncs = 0
    var storedBytes = 0
    var cost = Cost()
    /// From a batch's submit to its acknowledgement.
    var acks = Latencies()

    var recordsPerSecond: Double { Double(records) / cost.seconds }
    var recordsPerSync: Double { Double(records) / Double(max(syncs, 1)) }
}
