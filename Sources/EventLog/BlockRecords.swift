import ByteCoding
import Units

/// The records of one block, decompressed into a buffer that is kept from block to block.
struct BlockRecords {
    private(set) var raw: [UInt8] = []
    private var rawBytes = 0
    /// Where the first record stands.
    private var start = 0

    /// The raw bytes of the block that was loaded last.
    func withRaw<T, E: Error>(_ body: (RawSpan) throws(E) -> T) throws(E) -> T {
        try body(raw.rawBytes.extracting(0..<rawBytes))
    }

    /// Decompresses the frame behind `header`; in format 1 its marker must say what the header says.
    ///
    /// The frame's checksum must have been checked.
    mutating func load(
        _ frame: RawSpan, header: BlockHeader, at offset: Int, version: UInt32
    ) throws(Defect) {
        guard LZ4Frame.read(frame, header: header, into: &raw) else {
            throw Self.defect(offset, "LZ4 frame", "\(header.rawBytes) raw bytes", "something else")
        }
        rawBytes = Int(header.rawBytes)
        start = BlockMarker.byteCount(version: version)
        guard start == 0 || withRaw({ BlockMarker.matches(header, in: $0) }) else {
            throw Self.defect(offset, "marker of the raw block", "the header's fields", "others")
        }
    }

    /// Calls `body` with each record, in order; stops where it returns false.
    func forEach<E: Error>(
        header: BlockHeader, at offset: Int, _ body: (LSN, RawSpan) throws(E) -> Bool
    ) throws(RecordFault<E>) -> Bool {
        let bytes = raw.rawBytes.extracting(start..<rawBytes)
        var end = 0
        var lsn = header.firstLSN
        for _ in 0..<header.recordCount {
            guard let record = Self.record(in: bytes, from: end) else {
                throw .defect(
                    Self.defect(offset, "length of record \(lsn)", "a length in bounds", "none"))
            }
            end = record.upperBound
            do throws(E) {
                guard try body(lsn, bytes.extracting(record)) else { return false }
            } catch {
                throw .refused(lsn, error)
            }
            lsn = lsn.next
        }
        guard end == bytes.byteCount else {
            throw .defect(
                Self.defect(
                    offset, "end of the raw block", "no bytes", "\(bytes.byteCount - end)"))
        }
        return true
    }

    /// Lends one of the block's records; those before it are passed over.
    func withRecord<T, E: Error>(
        _ lsn: LSN, header: BlockHeader, at offset: Int, _ body: (RawSpan) throws(E) -> T
    ) throws(RecordFault<E>) -> T {
        let place: Range<Int>
        do throws(Defect) {
            place = try range(of: lsn, header: header, at: offset)
        } catch {
            throw .defect(error)
        }
        do throws(E) {
            return try body(raw.rawBytes.extracting(place))
        } catch {
            throw .refused(lsn, error)
        }
    }

    /// Where a record lies in the raw bytes.
    ///
    /// Not generic: hundreds are passed over for each that is wanted.
    private func range(
        of lsn: LSN, header: BlockHeader, at offset: Int
    ) throws(Defect) -> Range<Int> {
        let bytes = raw.rawBytes.extracting(0..<rawBytes)
        var record = start..<start
        var next = header.firstLSN
        while next <= lsn {
            guard let found = Self.record(in: bytes, from: record.upperBound) else {
                throw Self.defect(offset, "length of record \(next)", "a length in bounds", "none")
            }
            record = found
            next = next.next
        }
        return record
    }

    /// Where the record lies whose length stands at `offset`; nil where that is out of bounds.
    ///
    /// In line, because replay has little else to do for each record.
    @inline(__always)
    private static func record(in bytes: RawSpan, from offset: Int) -> Range<Int>? {
        // Two bytes, as records of 128 to 16 383 bytes have.
        if offset + 2 <= bytes.byteCount {
            let pair = Int(bytes.fixed(at: offset, as: UInt16.self))
            let length = pair & 0x7F | (pair >> 8) << 7
            if pair & 0x8080 == 0x80, pair > 0xFF, length <= bytes.byteCount - offset - 2 {
                return offset + 2..<offset + 2 + length
            }
        }
        var length = 0
        for index in 0..<RawBlock.lengthBytesMax where offset + index < bytes.byteCount {
            let byte = Int(bytes.fixed(at: offset + index, as: UInt8.self))
            length |= (byte & 0x7F) << (7 * index)
            if byte & 0x80 != 0 { continue }
            let first = offset + index + 1
            // A last byte of zero: no record is empty, and no length longer than it need be.
            guard byte != 0, length <= LogOptions.recordBytesMax,
                length <= bytes.byteCount - first
            else { return nil }
            return first..<first + length
        }
        return nil
    }

    private static func defect(
        _ offset: Int, _ what: String, _ expected: String, _ found: String
    ) -> Defect {
        // Behind a good checksum: no torn write looks like this.
        Defect(at: offset, what, expected: expected, found: found, isTearable: false)
    }
}

/// Why walking the records of a block ended early.
enum RecordFault<Refusal: Error>: Error {
    case defect(Defect)
    case refused(LSN, Refusal)
}
