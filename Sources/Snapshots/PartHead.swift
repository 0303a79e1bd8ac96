import ByteCoding

/// What stands before each part of a snapshot, in 32 bytes.
struct PartHead: Equatable {
    var kind: UInt8
    var isPlain: Bool
    /// Parts are counted from 0: one that is left out or moved shows.
    var index: UInt32
    var count: UInt32
    var rawBytes: UInt32
    var storedBytes: UInt32
    /// CRC-32C of the raw bytes: of what went into the compressor, not of what came out.
    var rawChecksum: UInt32

    static let byteCount = 32
    static let magic: UInt32 = 0x5452_4150
    static let checksumOffset = 28
    /// No part is larger: checked before memory is asked for.
    static let rawBytesMax = 4 << 20
    /// What one byte of an LZ4 block can stand for.
    private static let bytesOfOneMax = 255
    /// The kind of the part that ends a snapshot.
    static let endKind: UInt8 = 255

    func encode(to out: inout ByteWriter, seed: UInt32) {
        let start = out.count
        out.writeFixed(Self.magic)
        out.writeFixed(kind)
        out.writeFixed(UInt8(isPlain ? 1 : 0))
        out.writeFixed(UInt16(0))
        for value in [index, count, rawBytes, storedBytes, rawChecksum] { out.writeFixed(value) }
        out.writeFixed(crc32c(out.bytes.extracting(start..<out.count), continuing: seed))
    }

    /// Nil where the bytes are no head of this snapshot.
    static func decode(_ bytes: RawSpan, seed: UInt32) -> PartHead? {
        let checksum = crc32c(bytes.extracting(0..<checksumOffset), continuing: seed)
        guard checksum == bytes.fixed(at: checksumOffset),
            bytes.fixed(at: 0, as: UInt32.self) == magic
        else { return nil }
        let head = PartHead(
            kind: bytes.fixed(at: 4), isPlain: bytes.fixed(at: 5, as: UInt8.self) != 0,
            index: bytes.fixed(at: 8), count: bytes.fixed(at: 12), rawBytes: bytes.fixed(at: 16),
            storedBytes: bytes.fixed(at: 20), rawChecksum: bytes.fixed(at: 24))
        guard Int(head.rawBytes) <= rawBytesMax, head.storedBytes <= head.rawBytes,
            Int(head.rawBytes) <= Int(head.storedBytes) * (head.isPlain ? 1 : bytesOfOneMax)
        else { return nil }
        return head
    }
}
