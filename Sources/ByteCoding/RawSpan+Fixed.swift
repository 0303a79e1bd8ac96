extension RawSpan {
    /// The little-endian integer at byte `offset`.
    ///
    /// For layouts whose length was checked as a whole; where it was not, use `ByteReader`.
    /// - Precondition: the integer's bytes lie within the span.
    @inlinable
    package func fixed<T: FixedWidthInteger & BitwiseCopyable>(
        at offset: Int, as type: T.Type = T.self
    ) -> T {
        // Bounds are checked by the load itself; every bit pattern is an integer.
        T(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// A copy of the bytes.
    @inlinable
    package var array: [UInt8] {
        // The pointer does not leave the closure.
        unsafe withUnsafeBytes { unsafe Array($0) }
    }
}

extension [UInt8] {
    /// The bytes, borrowed.
    @inlinable
    package var rawBytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // Read-only bytes of integers: nothing can be misread through them.
            unsafe span.bytes
        }
    }
}
