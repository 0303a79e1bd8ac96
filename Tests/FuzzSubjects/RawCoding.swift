import ByteCoding
import CLZ4

/// The raw bytes of a block behind their compression.
///
/// A second hand at the format: what `EventLog` has for it is being fuzzed.
enum RawCoding {
    /// The raw bytes of the LZ4 frame; nil where it holds none, or more than `rawBytes`.
    static func raw(ofFrame frame: ArraySlice<UInt8>, rawBytes: Int) -> [UInt8]? {
        guard frame.count >= 15, rawBytes <= 4 << 20 else { return nil }
        let frame = Array(frame)
        let size: UInt32 = frame.rawBytes.fixed(at: SegmentParts.frameSizeOffset)
        let block = Array(frame[SegmentParts.frameBlockOffset..<frame.count - 4])
        if size & 0x8000_0000 != 0 { return block }
        var raw = [UInt8](repeating: 0, count: rawBytes)
        // Both counts are their buffers' own, at most 4 MiB; LZ4's safe call respects them.
        let count = unsafe raw.withUnsafeMutableBytes { target in
            unsafe block.withUnsafeBytes { source in
                unsafe LZ4_decompress_safe(
                    source.baseAddress, target.baseAddress, Int32(source.count),
                    Int32(target.count))
            }
        }
        guard count >= 0 else { return nil }
        return Array(raw.prefix(Int(count)))
    }

    /// The frame of these raw bytes: plain, or compressed where that makes them shorter.
    static func frame(of raw: [UInt8], isPlain: Bool) -> [UInt8] {
        if !isPlain, let block = compressed(raw) { return frame(UInt32(block.count), block) }
        return frame(UInt32(raw.count) | 0x8000_0000, raw)
    }

    private static func frame(_ size: UInt32, _ block: [UInt8]) -> [UInt8] {
        var out = ByteWriter(capacity: block.count + 15)
        out.write(SegmentParts.frameMagic + [0x60, 0x70, 0x73])
        out.writeFixed(size)
        out.write(block)
        out.writeFixed(UInt32(0))
        return out.bytes.array
    }

    private static func compressed(_ raw: [UInt8]) -> [UInt8]? {
        guard raw.count > 1 else { return nil }
        var block = [UInt8](repeating: 0, count: raw.count - 1)
        // As above; what does not fit gives 0.
        let count = unsafe block.withUnsafeMutableBytes { target in
            unsafe raw.withUnsafeBytes { source in
                unsafe LZ4_compress_default(
                    source.baseAddress, target.baseAddress, Int32(source.count),
                    Int32(target.count))
            }
        }
        return count > 0 ? Array(block.prefix(Int(count))) : nil
    }

    /// How many records fill the bytes exactly; nil where they do not.
    static func recordCount(in raw: ArraySlice<UInt8>) -> UInt32? {
        let bytes = Array(raw)
        var reader = ByteReader(bytes.rawBytes)
        var count: UInt32 = 0
        do throws(ByteFault) {
            while reader.remaining > 0 {
                let length = try reader.readVarint()
                guard length >= 1, length <= 256 << 10 else { return nil }
                _ = try reader.read(count: Int(length))
                count += 1
            }
            return count
        } catch {
            return nil
        }
    }
}

extension [UInt8] {
    /// Writes a little-endian integer over the bytes at `offset`, which must be there.
    mutating func patch<T: FixedWidthInteger>(_ value: T, at offset: Int) {
        var rest = value
        for index in offset..<offset + T.bitWidth / 8 {
            self[index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }
    /// CRC-32C of the bytes in `range`, which must be there.
    func checksum(of range: Range<Int>, continuing previous: UInt32 = 0) -> UInt32 {
        crc32c(rawBytes.extracting(range), continuing: previous)
    }

    /// The 32 bits at `offset`, little-endian, which must be there.
    func word(at offset: Int) -> UInt32 { rawBytes.fixed(at: offset) }
}
