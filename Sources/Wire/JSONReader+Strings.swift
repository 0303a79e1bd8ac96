/// Strings: their escapes, their UTF-8.
extension JSONReader {
    /// Reads a string with its escapes resolved.
    mutating func string() throws(JSONFault) -> String {
        let start = position + 1
        guard try skipString() else {
            return String(decoding: bytes[start..<position - 1], as: UTF8.self)
        }
        return String(decoding: unescaped(start..<position - 1), as: UTF8.self)
    }

    /// Steps over a string, checking its UTF-8 and escapes; true if it has any escapes.
    @discardableResult
    mutating func skipString() throws(JSONFault) -> Bool {
        try expect("\"", "of a string")
        var hasEscapes = false
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return hasEscapes
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try skipEscape()
            case 0..<0x20:
                throw syntaxFault("is no JSON: a control character in a string must be escaped")
            case 0x20..<0x80:
                position += 1
            default:
                try skipScalarOfSeveralBytes()
            }
        }
        throw unexpected("the end of a string")
    }

    private mutating func skipEscape() throws(JSONFault) {
        let start = position
        position += 1
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            let unit = try fourHexDigits()
            if (0xD800..<0xDC00).contains(unit), skip("\\"), skip("u") {
                guard (0xDC00..<0xE000).contains(try fourHexDigits()) else {
                    throw loneSurrogate(at: start)
                }
            } else if (0xD800..<0xE000).contains(unit) {
                throw loneSurrogate(at: start)
            }
        default:
            throw unexpected("one of \"\\/bfnrtu after a backslash")
        }
    }

    private func loneSurrogate(at offset: Int) -> JSONFault {
        syntaxFault("is no JSON text: it escapes half a surrogate pair", at: offset)
    }

    private mutating func fourHexDigits() throws(JSONFault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = next.flatMap({ Character(Unicode.Scalar($0)).hexDigitValue }) else {
                throw unexpected("a hexadecimal digit")
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }

    /// Steps over one scalar of two to four bytes, well-formed as in table 3-7 of Unicode.
    private mutating func skipScalarOfSeveralBytes() throws(JSONFault) {
        let second: ClosedRange<UInt8>
        let count: Int
        switch bytes[position] {
        case 0xC2...0xDF: (count, second) = (2, 0x80...0xBF)
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: (count, second) = (3, 0x80...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (count, second) = (4, 0x80...0xBF)
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw brokenUTF8
        }
        guard position + count <= bytes.count, second.contains(bytes[position + 1]) else {
            throw brokenUTF8
        }
        for index in position + 2..<position + count where bytes[index] & 0xC0 != 0x80 {
            throw brokenUTF8
        }
        position += count
    }

    private var brokenUTF8: JSONFault {
        syntaxFault("is no JSON: a string holds bytes that are not UTF-8")
    }

    /// The text between the quotes of a string that `skipString` has checked.
    private func unescaped(_ range: Range<Int>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            index = appendEscape(at: index, to: &text)
        }
        return text
    }

    /// Appends what the escape at `index` stands for; the index behind it.
    private func appendEscape(at index: Int, to text: inout [UInt8]) -> Int {
        switch bytes[index + 1] {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): return appendScalar(at: index, to: &text)
        default: text.append(bytes[index + 1])
        }
        return index + 2
    }

    private func appendScalar(at index: Int, to text: inout [UInt8]) -> Int {
        let (scalar, end) = escapedScalar(at: index)
        text.append(contentsOf: String(Character(scalar)).utf8)
        return end
    }

    private func escapedScalar(at index: Int) -> (scalar: Unicode.Scalar, end: Int) {
        let unit = codeUnit(at: index)
        if let scalar = Unicode.Scalar(unit) { return (scalar, index + 6) }
        let low = codeUnit(at: index + 6)
        let value = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else {
            preconditionFailure("surrogate pair at \(index) was not checked")
        }
        return (scalar, index + 12)
    }

    private func codeUnit(at index: Int) -> UInt32 {
        bytes[index + 2..<index + 6].reduce(0) { value, digit in
            value << 4 | UInt32(Character(Unicode.Scalar(digit)).hexDigitValue ?? 0)
        }
    }
}
