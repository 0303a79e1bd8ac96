package import ByteCoding
import CLZ4

/// Compresses bytes with LZ4 as the log does into a buffer that is kept: what the limits do and no more.
package struct Packer {
    /// Raw bytes of the log's largest block.
    package static let blockBytesMax = 256 << 10
    private static let acceleration: Int32 = 2

    private var packed: [UInt8] = []
    package private(set) var count = 0

    package init() {}

    /// What was packed since the last `removeAll`, with unused room behind it.
    package var bytes: [UInt8] { packed }

    package mutating func removeAll() { count = 0 }

    /// Packs the bytes of the range, in as many blocks as the log would take.
    package mutating func pack(_ raw: RawSpan, _ range: Range<Int>) {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(start + Self.blockBytesMax, range.upperBound)
            packBlock(raw.extracting(start..<end))
            start = end
        }
    }

    private mutating func packBlock(_ raw: RawSpan) {
        let room = Int(LZ4_compressBound(Int32(raw.byteCount)))
        if packed.count < count + room {
            packed.append(contentsOf: repeatElement(0, count: count + room - packed.count))
        }
        let offset = count
        // packed has room for whatever LZ4 makes of it.
        let written = unsafe raw.withUnsafeBytes { source in
            unsafe packed.withUnsafeMutableBytes { target in
                unsafe LZ4_compress_fast(
                    source.baseAddress, target.baseAddress?.advanced(by: offset),
                    Int32(source.count), Int32(room), Self.acceleration)
            }
        }
        precondition(written > 0, "LZ4 packed nothing of \(raw.byteCount) bytes")
        count += Int(written)
    }
}
