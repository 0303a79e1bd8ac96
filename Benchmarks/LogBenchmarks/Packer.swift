import ByteCoding
import CLZ4

/// Compresses bytes with LZ4 as the log does into a buffer that is kept: what the limits do and no more.
struct Packer {
    /// Raw bytes of the log's largest block.
    static let blockBytesMax = 256 << 10
    private static let acceleration: Int32 = 2

    private var packed: [UInt8] = []
    private(set) var count = 0

    /// What was packed since the last `removeAll`, with unused room behind it.
    var bytes: [UInt8] { packed }

    mutating func removeAll() { count = 0 }

    /// Packs the bytes of the range, in as many blocks as the log would take.
    mutating func pack(_ raw: [UInt8], _ range: Range<Int>) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + Self.blockBytesMax, range.upperBound)
            packBlock(raw, start..<end)
            start = end
        }
    }

    private mutating func packBlock(_ raw: [UInt8], _ range: Range<Int>) {
        let room = Int(LZ4_compressBound(Int32(range.count)))
        if packed.count < count + room {
            packed.append(contentsOf: repeatElement(0, count: count + room - packed.count))
        }
        let offset = count
        // The range lies in raw, and packed has room for whatever LZ4 makes of it.
        let written = unsafe raw.withUnsafeBytes { source in
            unsafe packed.withUnsafeMutableBytes { target in
                unsafe LZ4_compress_fast(
                    source.baseAddress?.advanced(by: range.lowerBound),
                    target.baseAddress?.advanced(by: offset), Int32(range.count), Int32(room),
                    Self.acceleration)
            }
        }
        precondition(written > 0, "LZ4 packed nothing of \(range.count) bytes")
        count += Int(written)
    }
}
