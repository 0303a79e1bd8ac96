extension LogIdentity {
    /// 32 hexadecimal digits.
    package var text: String {
        [high, low].map { half in
            let digits = String(half, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Reads 32 hexadecimal digits; nil where they are anything else.
    package init?(_ text: some StringProtocol) {
        let digits = text.utf8.filter { Character(Unicode.Scalar($0)).isHexDigit }
        guard text.utf8.count == 32, digits.count == 32,
            let high = UInt64(String(decoding: digits.prefix(16), as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits.suffix(16), as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }
}
