import CMemory

extension BlobStore {
    /// Copies `count` bytes of one string into another.
    ///
    /// - Precondition: both parts lie within their strings.
    @inlinable
    package mutating func copy(
        _ count: Int, from source: UInt32, at sourceOffset: Int, byteCount sourceBytes: Int,
        to target: UInt32, at targetOffset: Int, byteCount targetBytes: Int
    ) {
        check(source, byteCount: sourceBytes)
        check(target, byteCount: targetBytes)
        precondition(
            count >= 0 && sourceOffset >= 0 && sourceOffset <= sourceBytes - count
                && targetOffset >= 0 && targetOffset <= targetBytes - count,
            "bytes past the end of a blob")
        // In bounds by the checks; two strings do not overlap.
        unsafe (pages.region.base + (Int(target) * 8 + targetOffset)).copyMemory(
            from: pages.region.base + (Int(source) * 8 + sourceOffset), byteCount: count)
    }

    /// Stores an integer in a string, little-endian.
    ///
    /// - Precondition: its bytes lie within the string.
    @inlinable
    package mutating func store<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T, to blob: UInt32, byteCount: Int, at offset: Int
    ) {
        check(blob, byteCount: byteCount)
        precondition(
            offset >= 0 && offset <= byteCount - MemoryLayout<T>.size,
            "a number past the end of a blob")
        // In bounds by the checks.
        unsafe (pages.region.base + (Int(blob) * 8 + offset)).storeBytes(
            of: value.littleEndian, as: T.self)
    }
}
