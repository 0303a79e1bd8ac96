package import Units

/// A value that can be written as JSON.
package protocol JSONWritable {
    func write(to writer: inout JSONWriter)
}

/// Writes compact JSON: no white space between its parts.
package struct JSONWriter {
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    package init() {}

    /// One object; `members` writes what is in it.
    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        open("{")
        members(&self)
        close("}")
    }

    /// One array of `items`.
    package mutating func array(_ items: [some JSONWritable]) {
        open("[")
        for item in items { item.write(to: &self) }
        close("]")
    }

    /// One member of an object; nothing where `value` is nil.
    package mutating func member(_ name: String, _ value: (some JSONWritable)?) {
        guard let value else { return }
        memberName(name)
        value.write(to: &self)
    }

    /// One member whose value is the JSON text `json`, put in as it is.
    ///
    /// - Precondition: `json` is one JSON value (`JSONText` can tell).
    package mutating func member(_ name: String, json: [UInt8]?) {
        guard let json else { return }
        memberName(name)
        value(json)
    }

    /// One member that is an object itself.
    package mutating func member(_ name: String, object members: (inout JSONWriter) -> Void) {
        memberName(name)
        object(members)
    }

    mutating func memberName(_ name: String) {
        string(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// One value that is JSON text already.
    mutating func value(_ text: some Collection<UInt8>) {
        separate()
        bytes.append(contentsOf: text)
        needsComma = true
    }

    mutating func string(_ text: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 { appendEscaped(byte) }
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        case 0x0A: bytes.append(contentsOf: "\\n".utf8)
        case 0x0D: bytes.append(contentsOf: "\\r".utf8)
        case 0x09: bytes.append(contentsOf: "\\t".utf8)
        case 0..<0x20:
            bytes.append(contentsOf: (byte < 0x10 ? "\\u000" : "\\u00").utf8)
            bytes.append(contentsOf: String(byte, radix: 16).utf8)
        default: bytes.append(byte)
        }
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    private mutating func open(_ bracket: Unicode.Scalar) {
        separate()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }
}

extension String: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.string(self)
    }
}

extension Bool: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.value((self ? "true" : "false").utf8)
    }
}

extension Int: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.value(String(self).utf8)
    }
}

extension Int64: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.value(String(self).utf8)
    }
}

extension UInt64: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.value(String(self).utf8)
    }
}

extension Double: JSONWritable {
    /// Whole numbers without a point, others with the fewest digits that read back the same.
    ///
    /// - Precondition: finite; JSON has no other numbers.
    package func write(to writer: inout JSONWriter) {
        precondition(isFinite, "JSON has no number for \(self)")
        let whole = abs(self) < 1e15 ? Int64(exactly: self) : nil
        writer.value((whole.map { String($0) } ?? String(self)).utf8)
    }
}

extension WallTime: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.string(description)
    }
}

extension Array: JSONWritable where Element: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.array(self)
    }
}
