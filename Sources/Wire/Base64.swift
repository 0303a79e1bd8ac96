/// Base64 as in RFC 4648 section 4: the standard alphabet, padded, no line breaks.
package enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The value of each byte that is a digit; 255 for all others.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    /// The text for `bytes`.
    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits =
                group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - UInt32(group.count)))
            for digit in 0..<4 {
                let isPadding = digit > group.count
                let value = Int(bits >> (18 - 6 * UInt32(digit)) & 63)
                text.append(isPadding ? UInt8(ascii: "=") : alphabet[value])
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The bytes that `text` stands for; nil where it is not padded base64 in its one proper form.
    package static func decode(_ text: String) -> [UInt8]? {
        let digits = Array(text.utf8)
        guard digits.count.isMultiple(of: 4) else { return nil }
        let padding = digits.suffix(2).reversed().prefix { $0 == UInt8(ascii: "=") }.count
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        for start in stride(from: 0, to: digits.count, by: 4) {
            let isLast = start + 4 == digits.count
            let count = isLast ? 4 - padding : 4
            guard let group = decodeGroup(digits[start..<start + count]) else { return nil }
            bytes.append(contentsOf: group)
        }
        return bytes
    }

    /// Two to four digits as one to three bytes; nil where a digit is none or unused bits are set.
    private static func decodeGroup(_ digits: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var bits: UInt32 = 0
        for digit in digits {
            let value = values[Int(digit)]
            guard value < 64 else { return nil }
            bits = bits << 6 | UInt32(value)
        }
        bits <<= 6 * (4 - UInt32(digits.count))
        let bytes = [UInt8(bits >> 16), UInt8(bits >> 8 & 255), UInt8(bits & 255)]
        let count = digits.count - 1
        guard bytes[count...].allSatisfy({ $0 == 0 }) else { return nil }
        return bytes[..<count]
    }
}
