import CChecksum

/// CRC-32C (Castagnoli) of `bytes`, continued from the checksum of the bytes before them.
package func crc32c(_ bytes: RawSpan, continuing previous: UInt32 = 0) -> UInt32 {
    // The pointer does not leave the closure, and the count is its buffer's own.
    unsafe bytes.withUnsafeBytes { unsafe daybook_crc32c(previous, $0.baseAddress, $0.count) }
}

/// The same value computed without the processor's CRC instruction: what the fast way is held against.
package func crc32cPortable(_ bytes: RawSpan, continuing previous: UInt32 = 0) -> UInt32 {
    // The pointer does not leave the closure, and the count is its buffer's own.
    unsafe bytes.withUnsafeBytes {
        unsafe daybook_crc32c_portable(previous, $0.baseAddress, $0.count)
    }
}
