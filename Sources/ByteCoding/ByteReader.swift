/// Reads values one after another from borrowed bytes; never past their end.
///
/// After a fault the offset is where the value that could not be read begins.
@usableFromInline
package struct ByteReader: ~Escapable, Sendable {
    @usableFromInline
    let bytes: RawSpan

    /// Bytes read so far.
    @inlinable
    package var offset: Int { position }

    @usableFromInline
    var position: Int

    /// Begins at the first byte of `bytes`.
    @inlinable
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
        position = 0
    }

    /// Bytes that are left.
    @inlinable
    package var remaining: Int { bytes.byteCount - position }

    /// Reads an integer of fixed width, little-endian.
    @inlinable
    package mutating func readFixed<T: FixedWidthInteger & BitwiseCopyable>(
        _ type: T.Type = T.self
    ) throws(ByteFault) -> T {
        let byteCount = MemoryLayout<T>.size
        guard byteCount <= remaining else { throw .truncated(offsetBytes: position) }
        // In bounds: position + byteCount <= bytes.byteCount was checked on the line before.
        let value = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: position, as: T.self)
        position += byteCount
        return T(littleEndian: value)
    }

    /// Reads an unsigned LEB128 number; the shortest encoding is the only one accepted.
    @inlinable
    package mutating func readVarint() throws(ByteFault) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var next = position
        while next < bytes.byteCount {
            // In bounds: next < bytes.byteCount is the loop's condition.
            let byte = unsafe bytes.unsafeLoad(fromUncheckedByteOffset: next, as: UInt8.self)
            next += 1
            // The tenth byte carries bit 63 alone; a last byte of zero says nothing.
            if (shift == 63 && byte > 1) || (shift > 0 && byte == 0) {
                throw .overlongVarint(offsetBytes: position)
            }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 {
                position = next
                return value
            }
            shift += 7
        }
        throw .truncated(offsetBytes: position)
    }

    /// Borrows the next `count` bytes.
    ///
    /// A negative count is a fault, like one past the end.
    @inlinable
    @_lifetime(copy self)
    package mutating func read(count: Int) throws(ByteFault) -> RawSpan {
        guard count >= 0, count <= remaining else { throw .truncated(offsetBytes: position) }
        let slice = bytes.extracting(position..<position + count)
        position += count
        return slice
    }

    /// Copies the next `count` bytes.
    ///
    /// Nothing is allocated unless all of them are there.
    @inlinable
    package mutating func readArray(count: Int) throws(ByteFault) -> [UInt8] {
        let slice = try read(count: count)
        // The pointer does not leave the closure.
        return unsafe slice.withUnsafeBytes { unsafe Array($0) }
    }

    /// Copies the next `count` bytes as text, which must be UTF-8.
    package mutating func readString(count: Int) throws(ByteFault) -> String {
        let start = position
        let slice = try read(count: count)
        // The pointers do not leave the closures, and there is room for count bytes.
        let text = unsafe slice.withUnsafeBytes { source -> String? in
            // Names are ASCII nearly always; validating asks for metadata each time it is called.
            guard unsafe source.allSatisfy({ $0 < 0x80 }) else {
                return unsafe String(validating: source, as: UTF8.self)
            }
            return unsafe String(unsafeUninitializedCapacity: count) { target in
                unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
                return count
            }
        }
        guard let text else {
            position = start
            throw .invalidUTF8(offsetBytes: start)
        }
        return text
    }
}
