/// Collects bytes in a buffer that is kept from one use to the next.
///
/// Invariant: `used <= storage.count`; the bytes from `used` on are room to write into.
@usableFromInline
package struct ByteWriter: Sendable {
    @usableFromInline
    var storage: [UInt8]
    @usableFromInline
    var used = 0

    /// An empty writer with room for `capacity` bytes; it grows by doubling when they are full.
    package init(capacity: Int = 256) {
        precondition(capacity >= 0, "capacity of \(capacity) bytes")
        storage = Self.room(capacity)
    }

    /// So many bytes that nobody has written yet, and nobody reads before: to clear them costs as much as to fill them.
    private static func room(_ byteCount: Int) -> [UInt8] {
        // All empty arrays share one storage, which must not be written to.
        if byteCount == 0 { return [] }
        // Every value of an integer's bytes is one; only what was written is ever lent.
        return unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { _, count in
            count = byteCount
        }
    }

    /// Bytes written.
    @inlinable
    package var count: Int { used }

    /// Bytes that fit before the buffer grows.
    @inlinable
    package var capacity: Int { storage.count }

    /// What was written, borrowed: no copy.
    @inlinable
    package var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Read-only bytes of integers: nothing can be misread through them.
            unsafe storage.span.bytes.extracting(0..<used)
        }
    }

    /// Lends what was written to `body`; for writers that a class holds.
    @inlinable
    package func withBytes<T, E: Error>(_ body: (RawSpan) throws(E) -> T) throws(E) -> T {
        try body(bytes)
    }

    /// Makes room for so many bytes in all.
    package mutating func expect(_ byteCount: Int) {
        if byteCount > storage.count { grow(toHold: byteCount) }
    }

    /// Forgets what was written and keeps the buffer.
    @inlinable
    package mutating func removeAll() {
        used = 0
    }

    /// Forgets all bytes from `count` on.
    ///
    /// - Precondition: `count` is not more than was written.
    @inlinable
    package mutating func truncate(to count: Int) {
        precondition(count >= 0 && count <= used, "cannot keep \(count) of \(used) bytes")
        used = count
    }

    /// Writes an integer at its full width, little-endian.
    @inlinable
    @inline(__always)
    package mutating func writeFixed<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        let offset = claim(MemoryLayout<T>.size)
        store(value, at: offset)
    }

    /// Writes an unsigned LEB128 number in 1 to 10 bytes.
    @inlinable
    package mutating func writeVarint(_ value: UInt64) {
        if value < 0x80 { return writeFixed(UInt8(truncatingIfNeeded: value)) }
        // Seven bits a byte.
        let start = claim((70 - value.leadingZeroBitCount) / 7)
        let end = used - 1
        // In bounds: claim made storage longer than `end`.
        unsafe storage.withUnsafeMutableBytes { bytes in
            var rest = value
            for offset in start..<end {
                unsafe bytes[offset] = UInt8(truncatingIfNeeded: rest) | 0x80
                rest >>= 7
            }
            unsafe bytes[end] = UInt8(truncatingIfNeeded: rest)
        }
    }

    /// Writes bytes as they are.
    @inlinable
    package mutating func write(_ bytes: RawSpan) {
        let offset = claim(bytes.byteCount)
        // In bounds: claim made storage at least offset + bytes.byteCount long; two different
        // buffers, because a span of this one cannot be alive while it is being changed.
        unsafe storage.withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                    .copyMemory(from: source)
            }
        }
    }

    /// Writes bytes as they are.
    @inlinable
    package mutating func write(_ bytes: [UInt8]) {
        // Read-only bytes of integers: nothing can be misread through them.
        unsafe write(bytes.span.bytes)
    }

    /// Writes the text's UTF-8 bytes, without a length.
    package mutating func write(utf8 text: String) {
        // Read-only bytes of integers: nothing can be misread through them.
        unsafe write(text.utf8Span.span.bytes)
    }

    /// Lets `body` fill room for up to `countMax` bytes in place; it returns how many it wrote.
    ///
    /// - Precondition: `body` returns a count between 0 and `countMax`.
    package mutating func write(
        upTo countMax: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int
    ) {
        let offset = claim(countMax)
        // In bounds: claim made storage at least offset + countMax long.
        let count = unsafe storage.withUnsafeMutableBytes {
            unsafe body(UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + countMax]))
        }
        precondition(
            count >= 0 && count <= countMax, "\(count) bytes written, room for \(countMax)")
        used = offset + count
    }

    /// Writes over an integer that was written before at byte `offset`.
    ///
    /// - Precondition: the integer's bytes lie within what was written.
    @inlinable
    @inline(__always)
    package mutating func patchFixed<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T, at offset: Int
    ) {
        precondition(
            offset >= 0 && MemoryLayout<T>.size <= used && offset <= used - MemoryLayout<T>.size,
            "cannot patch \(MemoryLayout<T>.size) bytes at \(offset) of \(used)")
        store(value, at: offset)
    }

    /// Makes `count` more bytes part of what was written; returns the offset of the first.
    @inlinable
    @inline(__always)
    mutating func claim(_ count: Int) -> Int {
        let offset = used
        if count > storage.count - used { grow(toHold: used + count) }
        used += count
        return offset
    }

    @usableFromInline
    mutating func grow(toHold count: Int) {
        let target = max(count, storage.count * 2, 64)
        storage.append(contentsOf: repeatElement(0, count: target - storage.count))
    }

    @inlinable
    @inline(__always)
    mutating func store<T: FixedWidthInteger & BitwiseCopyable>(_ value: T, at offset: Int) {
        // In bounds: both callers hold offset + size of T <= used <= storage.count.
        unsafe storage.withUnsafeMutableBytes {
            unsafe $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: T.self)
        }
    }
}
