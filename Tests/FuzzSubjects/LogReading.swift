import ByteCoding
import EventLog
import Storage
import Units

/// What the read-only ways into a log make of it.
struct LogReading: Equatable {
    /// Its failure where verification refuses the log: a scan then has nothing to be held against.
    let scan: Result<RecordDigest, LogError>
    let verification: Result<LogVerification, LogError>

    init(_ storage: any Storage) {
        verification = Result { () throws(LogError) in
            try LogVerification.run(directory: memoryDirectory, storage: storage)
        }
        scan = verification.flatMap { _ in
            Result { () throws(LogError) in
                var records = RecordDigest()
                try LogScan.run(directory: memoryDirectory, storage: storage) { lsn, _, record in
                    records.add(lsn, record)
                    return true
                }
                return records
            }
        }
    }

    /// What verification finds good, every scan reads to the same end.
    func check() throws(Finding) {
        guard case .success(let whole) = verification else { return }
        guard case .success(let records) = scan else {
            throw Finding("verified up to \(whole.headLSN), but a scan says \(scan)")
        }
        try require(
            records.count == 0 || records.last == whole.headLSN,
            "verified up to \(whole.headLSN), but the last record is \(records.last)")
    }

    /// One input in sixteen is read a second time, which must give the same.
    func checkAgain(_ storage: any Storage, _ input: [UInt8]) throws(Finding) {
        guard crc32c(input.rawBytes) % 16 == 0 else { return }
        try require(self == LogReading(storage), "read twice, it is not the same")
    }

    /// True where every checksum and hash was found good.
    var isWhole: Bool {
        if case .success = verification { true } else { false }
    }

    var verdict: Verdict {
        switch (verification, scan) {
        case (.failure(let error), _), (_, .failure(let error)): .refused("\(error)")
        case (.success(let whole), .success(let records)):
            whole.tornTail == nil
                ? .accepted(records: records.count) : .torn(records: records.count)
        }
    }
}

/// Records that were read, in order, held as a checksum.
struct RecordDigest: Equatable {
    private(set) var count: UInt64 = 0
    private(set) var last = LSN.zero
    private var checksum: UInt32 = 0

    mutating func add(_ lsn: LSN, _ record: RawSpan) {
        count += 1
        last = lsn
        checksum = crc32c(record, continuing: checksum ^ UInt32(truncatingIfNeeded: lsn.rawValue))
        // So that records cut elsewhere differ.
        checksum ^= UInt32(truncatingIfNeeded: record.byteCount)
    }
}

let memoryDirectory = "/data"
