import ByteCoding
import Crypto

/// A SHA-256 value: of a segment's raw stream, which begins with the hash of the segment before.
package struct LogHash: Hashable, Sendable {
    package let bytes: [UInt8]

    /// - Precondition: 32 bytes.
    init(bytes: [UInt8]) {
        precondition(bytes.count == Self.byteCount, "a hash of \(bytes.count) bytes")
        self.bytes = bytes
    }

    static let byteCount = 32

    /// Stands before the first segment.
    static let zero = LogHash(bytes: [UInt8](repeating: 0, count: byteCount))
}

extension LogHash: CustomStringConvertible {
    /// 64 hexadecimal digits, as `sha256sum` prints them.
    package var description: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// The hash of a raw stream that still grows.
struct RunningHash {
    private var function = SHA256()

    init() {}

    /// The hash of a segment without records.
    init(_ opening: Opening) { update(opening.encoded().bytes) }

    mutating func update(_ bytes: RawSpan) {
        // The pointer does not leave the closure.
        unsafe bytes.withUnsafeBytes { unsafe function.update(bufferPointer: $0) }
    }

    /// The hash of everything up to here; more may follow.
    var value: LogHash { LogHash(bytes: Array(function.finalize())) }
}
