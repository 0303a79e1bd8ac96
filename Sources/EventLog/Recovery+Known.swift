import ByteCoding
import Storage
import Units

// Segments whose records the caller knows, and which are not read therefore.
extension Recovery {
    /// Opens a segment and reads its header.
    func openHeader(
        of first: LSN
    ) throws(LogError) -> (file: any StorageFile, header: SegmentHeader) {
        let file = try unwrap { () throws(StorageError) in
            try directory.storage.open(directory.segment(from: first), .readWrite)
        }
        var bytes: [UInt8] = []
        let count = try unwrap { () throws(StorageError) in
            try file.read(SegmentHeader.byteCount, at: 0, into: &bytes)
        }
        let header = try SegmentHeader.decode(
            bytes.rawBytes.extracting(0..<count), file: file.path, expecting: first)
        return (file, header)
    }

    /// The footer at a sealed segment's end; nil where the file does not end with one.
    ///
    /// A crash may have kept the file from being cut behind its footer.
    func footer(
        of file: any StorageFile, _ header: SegmentHeader, byteCount: UInt64
    ) throws(LogError) -> SegmentFooter? {
        guard byteCount >= UInt64(SegmentHeader.byteCount + SegmentFooter.byteCount) else {
            return nil
        }
        var bytes: [UInt8] = []
        let count = try unwrap { () throws(StorageError) in
            try file.read(
                SegmentFooter.byteCount, at: byteCount - UInt64(SegmentFooter.byteCount),
                into: &bytes)
        }
        guard count == SegmentFooter.byteCount,
            bytes.rawBytes.fixed(at: 0, as: UInt32.self) == SegmentFooter.frameMagic
        else { return nil }
        do throws(Defect) {
            return try SegmentFooter.decode(bytes.rawBytes, at: 0, seed: header.seed)
        } catch {
            return nil
        }
    }

    /// A log that ends before what the caller knows has lost records that were durable.
    func checkReach(of known: LSN, _ last: LSN, _ path: String) throws(LogError) {
        guard last < known else { return }
        throw Defect(
            at: 0, "end of the log", expected: "record \(known), which a snapshot holds",
            found: "record \(last)", isTearable: false
        ).corruption(in: path, from: last.next, to: known)
    }
}
