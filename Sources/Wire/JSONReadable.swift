package import Units

/// A value that can be read from JSON.
package protocol JSONReadable {
    /// Reads the value that begins where `reader` stands and steps over it.
    init(from reader: inout JSONReader) throws(JSONFault)
}

extension String: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        guard reader.next == UInt8(ascii: "\"") else {
            throw reader.fieldFault("must be a string, not \(reader.kindOfValue)")
        }
        self = try reader.string()
    }
}

extension Bool: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        switch reader.next {
        case UInt8(ascii: "t"):
            try reader.skipWord("true")
            self = true
        case UInt8(ascii: "f"):
            try reader.skipWord("false")
            self = false
        default:
            throw reader.fieldFault("must be true or false, not \(reader.kindOfValue)")
        }
    }
}

extension JSONReader {
    /// The text of the number that stands here.
    fileprivate mutating func number() throws(JSONFault) -> (text: String, isWhole: Bool) {
        let start = position
        guard isAtNumber else { throw fieldFault("must be a number, not \(kindOfValue)") }
        let isWhole = try skipNumber()
        return (String(decoding: bytes[start..<position], as: UTF8.self), isWhole)
    }

    fileprivate mutating func wholeNumber<Number: FixedWidthInteger>() throws(JSONFault) -> Number {
        let start = position
        let (text, isWhole) = try number()
        guard isWhole else {
            throw fieldFault("must be a whole number, written without point or exponent", at: start)
        }
        guard let value = Number(text) else {
            throw fieldFault("must be between \(Number.min) and \(Number.max)", at: start)
        }
        return value
    }
}

extension Int: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        self = try reader.wholeNumber()
    }
}

extension Int64: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        self = try reader.wholeNumber()
    }
}

extension UInt64: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        self = try reader.wholeNumber()
    }
}

extension Double: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        let start = reader.position
        guard let value = Double(try reader.number().text), value.isFinite else {
            throw reader.fieldFault("is too large a number", at: start)
        }
        self = value
    }
}

extension WallTime: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        let start = reader.position
        guard let time = WallTime(rfc3339: try String(from: &reader)) else {
            throw reader.fieldFault(
                "must be an RFC 3339 time from 1970 to 9999, for instance 2027-01-01T00:00:00Z",
                at: start)
        }
        self = time
    }
}

extension Array: JSONReadable where Element: JSONReadable {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        guard reader.skip("[") else {
            throw reader.fieldFault("must be an array, not \(reader.kindOfValue)")
        }
        reader.nesting += 1
        defer { reader.nesting -= 1 }
        self = []
        reader.skipSpace()
        if reader.skip("]") { return }
        repeat {
            reader.skipSpace()
            do {
                append(try Element(from: &reader))
            } catch {
                throw error.inside("[\(count)]")
            }
            reader.skipSpace()
        } while reader.skip(",")
        try reader.expect("]", "or ',' after an item")
    }
}
