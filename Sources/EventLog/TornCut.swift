import ByteCoding
import Storage
import Units

/// Makes the end of an unsealed segment fit to be written on: cuts a torn tail and keeps its bytes.
struct TornCut {
    let directory: LogDirectory
    let file: any StorageFile
    let scan: SegmentScan

    struct Repaired {
        var fileBytes: Int
        var tornTail: TornTail?
    }

    /// Also lengthens a file that is shorter than a segment should be.
    ///
    /// Or so full of the marks of openings that its footer would not fit: what is written on a full disk must have had
    /// its space before. Where the disk is full already, that is left as it is: there is no space for a next segment
    /// either, and the log says so.
    ///
    /// - Parameters:
    ///   - window: Where the tail is torn, all of it.
    ///   - segmentBytes: How long the file should be.
    /// - Returns: How long the file is now, and what was cut.
    /// - Throws: `LogError.io`.
    func repair(_ window: SegmentWindow, segmentBytes: Int) throws(LogError) -> Repaired {
        let end = scan.walk.offset
        var tornTail: TornTail?
        var tornEnd = end
        if case .torn(let defect) = scan.ending {
            let tail = window.bytes(end..<window.fileBytes)
            tornEnd = end + lastNonZero(tail) + 1
            tornTail = try keep(tail.extracting(0..<tornEnd - end), defect: defect)
        }
        let wanted = max(segmentBytes, end + RawStream.reservedBytes)
        if window.fileBytes < wanted, try lengthens(window.fileBytes, to: wanted, segmentBytes) {
            return Repaired(fileBytes: wanted, tornTail: tornTail)
        }
        try zero(from: end, to: tornEnd)
        return Repaired(fileBytes: window.fileBytes, tornTail: tornTail)
    }

    /// Fills the file with zeros from its last block on; false where only room for a footer was wanted and the disk is
    /// full.
    private func lengthens(
        _ fileBytes: Int, to wanted: Int, _ segmentBytes: Int
    ) throws(LogError) -> Bool {
        do throws(LogError) {
            try zero(from: scan.walk.offset, to: wanted)
            return true
        } catch {
            guard case .io(let reason) = error, reason.isOutOfSpace, fileBytes >= segmentBytes
            else { throw error }
        }
        try unwrap { () throws(StorageError) in
            try file.truncate(to: UInt64(fileBytes))
            try file.sync()
        }
        return false
    }

    /// Durable before the bytes themselves are overwritten.
    private func keep(_ bytes: RawSpan, defect: Defect) throws(LogError) -> TornTail {
        let path = try freePath()
        try unwrap { () throws(StorageError) in
            let kept = try directory.storage.open(path, .create)
            try kept.write(bytes, at: 0)
            try kept.sync()
            try directory.storage.syncDirectory(directory.segments)
        }
        return TornTail(
            file: file.path, offsetBytes: scan.walk.offset, keptIn: path,
            byteCount: bytes.byteCount, lastLSN: scan.walk.lastLSN, what: defect.what)
    }

    /// What an earlier opening kept is never written over.
    private func freePath() throws(LogError) -> String {
        let names = Set(try directory.list())
        let path = "\(file.path).torn-\(scan.walk.offset)"
        var candidate = path
        var number = 1
        while names.contains(candidate.split(separator: "/").last.map(String.init) ?? "") {
            number += 1
            candidate = "\(path)-\(number)"
        }
        return candidate
    }

    private func zero(from start: Int, to end: Int) throws(LogError) {
        guard end > start else { return }
        let zeros = [UInt8](repeating: 0, count: min(end - start, 1 << 20))
        try unwrap { () throws(StorageError) in
            var offset = start
            while offset < end {
                let count = min(zeros.count, end - offset)
                try file.write(zeros.rawBytes.extracting(0..<count), at: UInt64(offset))
                offset += count
            }
            try file.sync()
        }
    }

    private func lastNonZero(_ bytes: RawSpan) -> Int {
        var offset = bytes.byteCount - 1
        while offset > 0 && bytes.fixed(at: offset, as: UInt8.self) == 0 { offset -= 1 }
        return offset
    }
}
