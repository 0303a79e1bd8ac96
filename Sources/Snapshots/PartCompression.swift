import ByteCoding
import CLZ4

/// A part's body: one LZ4 block, or the raw bytes where that saves less than a quarter of them, because
/// whoever restarts waits for what is to be decompressed.
enum PartCompression {
    /// Writes the body; whether it is plain.
    static func write(_ raw: RawSpan, to out: inout ByteWriter) -> Bool {
        let start = out.count
        // What does not become smaller at its beginning is not tried as a whole.
        let isTried =
            raw.byteCount <= sampleBytes || compress(raw.extracting(0..<sampleBytes), to: &out)
        out.truncate(to: start)
        if isTried, compress(raw, to: &out) { return false }
        out.write(raw)
        return true
    }

    private static let sampleBytes = 16 << 10

    /// Writes an LZ4 block; false, and nothing, where it would save less than a quarter.
    private static func compress(_ raw: RawSpan, to out: inout ByteWriter) -> Bool {
        let start = out.count
        let bytesMax = raw.byteCount / 4 * 3
        guard bytesMax > 0 else { return false }
        unsafe out.write(upTo: bytesMax) { room in
            // LZ4 reads raw.byteCount bytes and writes at most room.count; what does not fit
            // gives 0.
            unsafe raw.withUnsafeBytes { source in
                unsafe Int(
                    LZ4_compress_default(
                        source.bindMemory(to: CChar.self).baseAddress,
                        room.bindMemory(to: CChar.self).baseAddress, Int32(source.count),
                        Int32(room.count)))
            }
        }
        return out.count > start
    }

    /// Puts the raw bytes of a compressed body at the front of `raw`; false where the body is not what its head says.
    static func read(_ body: RawSpan, _ head: PartHead, into raw: inout [UInt8]) -> Bool {
        let rawBytes = Int(head.rawBytes)
        if raw.count < rawBytes {
            raw.append(contentsOf: repeatElement(0, count: rawBytes - raw.count))
        }
        // Both counts were checked against their buffers; LZ4's safe call respects them.
        return unsafe raw.withUnsafeMutableBytes { target in
            unsafe body.withUnsafeBytes { source in
                unsafe LZ4_decompress_safe(
                    source.bindMemory(to: CChar.self).baseAddress,
                    target.bindMemory(to: CChar.self).baseAddress, Int32(source.count),
                    Int32(rawBytes)) == Int32(rawBytes)
            }
        }
    }
}
