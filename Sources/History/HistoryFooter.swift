import ByteCoding
import JobModel
import Units

/// The last 128 bytes of a file: where its parts are, and what there is to know without reading them.
///
/// `checksum:4 version:4 magic:8 fileBytes:8 typesOffset:8 filterOffset:8 directoryOffset:8
/// success:8 fatalFailure:8 cancelled:8 newestFinish:8 oldestFinish:8 newestSubmitted:8 users:8
/// zeros:24`
struct HistoryFooter: Equatable, Sendable {
    var fileBytes: UInt64 = 0
    var typesOffset: UInt64 = 0
    var filterOffset: UInt64 = 0
    var directoryOffset: UInt64 = 0
    var ends = EndCounts()
    var newestFinish = WallTime.earliest
    var oldestFinish = WallTime.latest
    /// Nothing in the file was submitted after it.
    var newestSubmitted = LSN.zero
    var users = 0

    static let byteCount = 128
    static let magic: UInt64 = 0x444E_454B_4259_4144  // "DAYBKEND"

    func encode(to out: inout ByteWriter, seed: UInt32) {
        let start = out.count
        out.writeFixed(UInt32(0))
        out.writeFixed(HistoryHeader.version)
        out.writeFixed(Self.magic)
        for value in [fileBytes, typesOffset, filterOffset, directoryOffset] {
            out.writeFixed(value)
        }
        for end in HistoryEnd.allCases { out.writeFixed(ends[end]) }
        out.writeFixed(newestFinish.microseconds)
        out.writeFixed(oldestFinish.microseconds)
        out.writeFixed(newestSubmitted.rawValue)
        out.writeFixed(UInt64(users))
        for _ in 0..<3 { out.writeFixed(UInt64(0)) }
        let checksum = crc32c(out.bytes.extracting(start + 4..<out.count), continuing: seed)
        out.patchFixed(checksum, at: start)
    }

    init() {}

    init(decoding bytes: RawSpan, seed: UInt32, fileBytes: UInt64) throws(Flaw) {
        guard bytes.byteCount == Self.byteCount, bytes.fixed(at: 8) == Self.magic else {
            throw Flaw("first bytes of the footer")
        }
        guard
            crc32c(bytes.extracting(4...), continuing: seed) == bytes.fixed(at: 0, as: UInt32.self)
        else { throw Flaw("checksum of the footer") }
        self.fileBytes = bytes.fixed(at: 16)
        typesOffset = bytes.fixed(at: 24)
        filterOffset = bytes.fixed(at: 32)
        directoryOffset = bytes.fixed(at: 40)
        for end in HistoryEnd.allCases { ends[end] = bytes.fixed(at: 48 + 8 * Int(end.rawValue)) }
        newestFinish = WallTime(microseconds: bytes.fixed(at: 72))
        oldestFinish = WallTime(microseconds: bytes.fixed(at: 80))
        newestSubmitted = LSN(rawValue: bytes.fixed(at: 88))
        users = Int(clamping: bytes.fixed(at: 96, as: UInt64.self))
        let offsets = [
            UInt64(HistoryHeader.byteCount), typesOffset, filterOffset, directoryOffset,
            fileBytes - UInt64(Self.byteCount),
        ]
        guard self.fileBytes == fileBytes,
            zip(offsets, offsets.dropFirst()).allSatisfy({ $0 <= $1 })
        else { throw Flaw("offsets of the footer") }
    }
}

/// Jobs by how they ended.
package struct EndCounts: Equatable, Sendable {
    private var counts: [3 of UInt64] = .init(repeating: 0)

    package init() {}

    package subscript(end: HistoryEnd) -> UInt64 {
        get { counts[Int(end.rawValue)] }
        set { counts[Int(end.rawValue)] = newValue }
    }

    package var total: UInt64 { counts[0] &+ counts[1] &+ counts[2] }

    mutating func add(_ other: EndCounts) {
        for end in counts.indices { counts[end] &+= other.counts[end] }
    }

    package static func == (left: EndCounts, right: EndCounts) -> Bool {
        HistoryEnd.allCases.allSatisfy { left[$0] == right[$0] }
    }
}
