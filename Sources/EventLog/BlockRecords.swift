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
        var reader = ByteReader(raw.rawBytes.extracting(start..<rawBytes))
        for index in 0..<UInt64(header.recordCount) {
            let lsn = header.firstLSN.advanced(by: index)
            let length = Self.nextLength(&reader)
            guard let length else {
                throw .defect(
                    Self.defect(offset, "length of record \(lsn)", "a length in bounds", "none"))
            }
            let first = start + reader.offset - length
            do throws(E) {
                let record = raw.rawBytes.extracting(first..<first + length)
                guard try body(lsn, record) else { return false }
            } catch {
                throw .refused(lsn, error)
            }
        }
        guard reader.remaining == 0 else {
            throw .defect(
                Self.defect(offset, "end of the raw block", "no bytes", "\(reader.remaining)"))
        }
        return true
    }

    /// Moves past the next record; nil where its length is out of bounds.
    private static func nextLength(_ reader: inout ByteReader) -> Int? {
        do throws(ByteFault) {
            let length = try reader.readVarint()
            guard length >= 1, length <= UInt64(LogOptions.recordBytesMax) else { return nil }
            _ = try reader.read(count: Int(length))
            return Int(length)
        } catch {
            return nil
        }
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
