import ByteCoding
import CLZ4

/// One LZ4 frame with one independent block and no checksums of its own, written by hand.
///
/// `04 22 4D 18` magic · `60 70 73` flags, 4 MiB blocks, header checksum · block size, whose top
/// bit says "stored plain" · block · `00 00 00 00` end mark.
enum LZ4Frame {
    static let prologue: [UInt8] = [0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0x73]
    /// The prologue as the low seven bytes of a little-endian word.
    private static let prologueWord: UInt64 = 0x73_7060_184D_2204
    static let overheadBytes = 15
    /// Where the block begins.
    static let blockOffset = 11
    private static let thoroughLevel: Int32 = 3
    /// Twice the default: 1.5 % more bytes, which rewriting takes back, for a tenth less time of a submit's disk thread.
    private static let hastyAcceleration: Int32 = 2
    static let plainBit: UInt32 = 0x8000_0000
    /// Largest raw block; the frame format itself ends at 4 MiB.
    static let rawBytesMax = 4 << 20

    /// Writes the frame with whichever is shorter: the compressed block or the plain one.
    ///
    /// A thorough search takes four times as long and saves 15 % and more.
    static func write(
        _ raw: RawSpan, to out: inout ByteWriter, isThorough: Bool = false
    ) -> (storedBytes: Int, isPlain: Bool) {
        let start = out.count
        writePrologue(blockSize: 0, to: &out)
        unsafe out.write(upTo: raw.byteCount - 1) {
            unsafe compress(raw, into: $0, isThorough: isThorough)
        }
        let storedBytes = out.count - start - blockOffset
        guard storedBytes > 0 else {
            out.truncate(to: start)
            write(plain: raw, to: &out)
            return (raw.byteCount, true)
        }
        out.patchFixed(UInt32(storedBytes), at: start + prologue.count)
        out.writeFixed(UInt32(0))
        return (storedBytes, false)
    }

    static func write(plain raw: RawSpan, to out: inout ByteWriter) {
        writePrologue(blockSize: UInt32(raw.byteCount) | plainBit, to: &out)
        out.write(raw)
        out.writeFixed(UInt32(0))
    }

    /// Puts the raw bytes at the front of `raw`; false where the frame is not what its header says.
    static func read(_ frame: RawSpan, header: BlockHeader, into raw: inout [UInt8]) -> Bool {
        let rawBytes = Int(header.rawBytes)
        guard hasExpectedShape(frame, header: header) else { return false }
        if raw.count < rawBytes {
            // Every value of an integer's bytes is one; who reads them has what was decompressed over them.
            raw = unsafe [UInt8](unsafeUninitializedCapacity: rawBytes) { _, count in
                count = rawBytes
            }
        }
        let block = frame.extracting(blockOffset..<frame.byteCount - 4)
        return decompress(block, isPlain: header.isPlain, into: &raw, rawBytes: rawBytes)
    }

    private static func writePrologue(blockSize: UInt32, to out: inout ByteWriter) {
        out.write(prologue)
        out.writeFixed(blockSize)
    }

    private static func hasExpectedShape(_ frame: RawSpan, header: BlockHeader) -> Bool {
        let blockSize = header.storedBytes | (header.isPlain ? plainBit : 0)
        return frame.byteCount == Int(header.storedBytes) + overheadBytes
            && frame.fixed(at: 0, as: UInt64.self) & 0x00FF_FFFF_FFFF_FFFF == prologueWord
            && frame.fixed(at: prologue.count, as: UInt32.self) == blockSize
            && frame.fixed(at: frame.byteCount - 4, as: UInt32.self) == 0
    }

    private static func compress(
        _ raw: RawSpan, into room: UnsafeMutableRawBufferPointer, isThorough: Bool
    ) -> Int {
        // LZ4 reads raw.byteCount bytes and writes at most room.count, both at most 4 MiB; what
        // does not fit gives 0.
        unsafe raw.withUnsafeBytes { source in
            let (fromBytes, toBytes) = (Int32(source.count), Int32(room.count))
            let count =
                isThorough
                ? unsafe LZ4_compress_HC(
                    source.baseAddress, room.baseAddress, fromBytes, toBytes, thoroughLevel)
                : unsafe LZ4_compress_fast(
                    source.baseAddress, room.baseAddress, fromBytes, toBytes, hastyAcceleration)
            return Int(count)
        }
    }

    private static func decompress(
        _ block: RawSpan, isPlain: Bool, into raw: inout [UInt8], rawBytes: Int
    ) -> Bool {
        // Both counts were checked against their buffers; LZ4's safe call respects them.
        unsafe raw.withUnsafeMutableBytes { target in
            unsafe block.withUnsafeBytes { source in
                guard !isPlain else {
                    guard source.count == rawBytes else { return false }
                    unsafe target.copyMemory(from: source)
                    return true
                }
                return unsafe LZ4_decompress_safe(
                    source.baseAddress, target.baseAddress, Int32(source.count), Int32(rawBytes))
                    == Int32(rawBytes)
            }
        }
    }
}
