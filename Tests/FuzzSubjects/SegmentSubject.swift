import ByteCoding
import EventLog
import Storage
import Units

/// Segment files as they may lie in a log's directory: verified, scanned, opened, written on.
///
/// What verification finds good can be opened with the same records; what can be opened can be
/// written on and is then good as a whole; what cannot is left as it was, and once repaired it can.
enum SegmentSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let storage = MemoryStorage(files(in: input))
        let reading = LogReading(storage)
        try reading.check()
        try reading.checkAgain(storage, input)
        let before = storage.contents
        let opening = Opening(storage)
        switch opening.result {
        case .failure(let error):
            try require(!reading.isWhole, "verified, but not opened: \(error)")
            try require(storage.contents == before, "refused and yet changed: \(error)")
            if case .corrupt = error { try checkRepair(storage) }
        case .success(let log):
            try checkOpened(log, opening, reading, storage)
        }
        return reading.verdict
    }

    /// The second is too large for the room that is left: it seals what was there.
    private static let additions: [[UInt8]] = [[7], [UInt8](repeating: 8, count: 3_000)]

    /// Each file begins where the first words of a header stand, and has the name that fits it.
    private static func files(in input: [UInt8]) -> [(path: String, bytes: [UInt8])] {
        SegmentParts.splitFiles(input).map { bytes in
            let first: UInt64 = bytes.count >= 80 ? bytes.rawBytes.fixed(at: 72) : 1
            let digits = String(first)
            let name = String(repeating: "0", count: 20 - digits.count) + digits
            return ("\(memoryDirectory)/log/\(name).lz4", bytes)
        }
    }

    private static func checkOpened(
        _ log: EventLog, _ opening: Opening, _ before: LogReading, _ storage: MemoryStorage
    ) throws(Finding) {
        let replayed = opening.replayed
        try require(
            before.scan == .success(replayed) || !before.isWhole,
            "the opening replayed other records than a scan shows")
        try readBack(log, replayed)
        var expected = replayed
        for record in additions {
            log.append(record.rawBytes)
            log.commit(now: WallTime(microseconds: 3_000_000))
            expected.add(log.lastLSN, record.rawBytes)
        }
        log.close()
        try require(opening.failures.isEmpty, "writing on failed: \(opening.failures)")
        guard before.isWhole else { return }
        let after = LogReading(storage)
        try require(
            after.isWhole && after.scan == .success(expected),
            "written on, it is not whole: \(after)")
    }

    /// All records, or the first and the last of many, each asked for by its number.
    private static func readBack(_ log: EventLog, _ replayed: RecordDigest) throws(Finding) {
        let reader = log.reader()
        let first = replayed.last.rawValue - replayed.count + 1
        var digest = RecordDigest()
        for number in first..<first + min(replayed.count, readsMax) {
            try read(LSN(rawValue: number), from: reader, into: &digest)
        }
        guard replayed.count > readsMax else {
            return try require(digest == replayed, "a record read back is not the one replayed")
        }
        try read(replayed.last, from: reader, into: &digest)
    }

    /// Each read walks its block from the first record on, and a block may hold two million.
    private static let readsMax: UInt64 = 256

    private static func read(
        _ lsn: LSN, from reader: LogReader, into digest: inout RecordDigest
    ) throws(Finding) {
        let found: Void?
        do throws(LogError) {
            found = try reader.read(lsn) { record in digest.add(lsn, record) }
        } catch {
            throw Finding("record \(lsn) was replayed and cannot be read: \(error)")
        }
        try require(found != nil, "record \(lsn) was replayed and is not there")
    }

    /// Repair finds what the opening found, and leaves a log that opens with what it said it keeps.
    private static func checkRepair(_ storage: MemoryStorage) throws(Finding) {
        let repaired = Result { () throws(LogError) -> LSN? in
            let repair = try LogRepair.find(directory: memoryDirectory, storage: storage)
            _ = try repair?.run()
            return repair?.keptLSN
        }
        let opening = Opening(storage)
        guard case .success(.some(let kept)) = repaired, case .success = opening.result else {
            throw Finding("damaged; repair says \(repaired), then the opening \(opening.result)")
        }
        try require(
            opening.replayed.last == kept, "repair keeps up to \(kept), not \(opening.replayed)")
    }
}
