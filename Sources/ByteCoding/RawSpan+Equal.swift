import Glibc

extension RawSpan {
    /// Whether both have the same bytes.
    package func isEqual(to other: RawSpan) -> Bool {
        guard byteCount == other.byteCount else { return false }
        // The pointers do not leave the closures, and both buffers have byteCount bytes.
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { right in
                guard let first = left.baseAddress, let second = right.baseAddress else {
                    return true
                }
                return unsafe memcmp(first, second, left.count) == 0
            }
        }
    }

    /// The bytes as text; what is not UTF-8 is shown by replacement characters.
    package var text: String {
        // The pointer does not leave the closure.
        unsafe withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
