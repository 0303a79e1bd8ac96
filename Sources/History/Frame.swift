import ByteCoding

/// What stands before each part of a file: 16 bytes, `checksum:4 bodyBytes:4 number:4 kind:1 count:3`.
///
/// The checksum covers the rest of the frame and goes on from that of the file's header, which has a
/// salt: bytes of another file, or of another place in this one, do not pass.
struct Frame: Equatable, Sendable {
    enum Kind: UInt8 {
        case rows = 1
        case keys = 2
        case users = 3
        case types = 4
        case filter = 5
        case directory = 6
    }

    var kind: Kind
    /// Counts the frames of a kind from 0.
    var number: Int
    /// Rows, keys, users or types inside.
    var count: Int
    var bodyBytes = 0

    static let headBytes = 16
    static let countMax = 1 << 24 - 1

    /// Writes the frame around what `body` writes; gives its length.
    func write(
        to out: inout ByteWriter, seed: UInt32, _ body: (inout ByteWriter) -> Void
    ) -> Int {
        let start = out.count
        out.writeFixed(UInt32(0))
        out.writeFixed(UInt32(0))
        out.writeFixed(UInt32(number))
        out.writeFixed(UInt32(kind.rawValue) | UInt32(count) << 8)
        body(&out)
        out.patchFixed(UInt32(out.count - start - Self.headBytes), at: start + 4)
        let checksum = crc32c(out.bytes.extracting(start + 4..<out.count), continuing: seed)
        out.patchFixed(checksum, at: start)
        return out.count - start
    }

    /// Reads the head alone; what it says is not believed before `check`.
    init(head: RawSpan) throws(Flaw) {
        guard head.byteCount >= Self.headBytes else { throw Flaw("a frame is cut short") }
        let word: UInt32 = head.fixed(at: 12)
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: word)) else {
            throw Flaw("kind of a frame")
        }
        self.kind = kind
        count = Int(word >> 8)
        number = Int(head.fixed(at: 8, as: UInt32.self))
        bodyBytes = Int(head.fixed(at: 4, as: UInt32.self))
    }

    init(_ kind: Kind, number: Int, count: Int) {
        self.kind = kind
        self.number = number
        self.count = count
    }

    static func check(_ frame: RawSpan, seed: UInt32) throws(Flaw) {
        let found = crc32c(frame.extracting(4...), continuing: seed)
        guard found == frame.fixed(at: 0, as: UInt32.self) else {
            throw Flaw("checksum of a frame")
        }
    }
}
