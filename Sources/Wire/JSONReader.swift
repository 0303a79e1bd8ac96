/// A strict reader of JSON (RFC 8259) over bytes.
///
/// It stands at `position` and every call reads one thing from there. Nothing is accepted that the
/// grammar does not have: no comments, no trailing commas, no lone surrogates, no broken UTF-8.
package struct JSONReader {
    /// How a body is read.
    package struct Manner: Sendable {
        /// Fields that the reader does not know: refused where true, else skipped.
        let refusesUnknownFields: Bool
        /// Objects and arrays that may lie inside each other; at most 128.
        let nestingMax: Int

        /// For what callers send: a field that nobody reads is a mistake that should be told.
        package static let request = Manner(refusesUnknownFields: true, nestingMax: 64)
        /// For what a daemon answers: a newer one may say more, and wraps payloads once more.
        package static let answer = Manner(refusesUnknownFields: false, nestingMax: 128)
    }

    let bytes: [UInt8]
    let manner: Manner
    var position: Int
    /// Objects and arrays around `position` that the caller has entered.
    var nesting: Int

    init(_ bytes: [UInt8], manner: Manner, position: Int = 0, nesting: Int = 0) {
        self.bytes = bytes
        self.manner = manner
        self.position = position
        self.nesting = nesting
    }

    var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    /// A number or what looks like the begin of one stands here.
    var isAtNumber: Bool {
        guard let next else { return false }
        return next == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
    }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    /// Steps over `character` if it stands here.
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func expect(_ character: Unicode.Scalar, _ place: StaticString) throws(JSONFault) {
        guard skip(character) else { throw unexpected("'\(character)' \(place)") }
    }

    /// Refuses anything but white space from here to the end.
    mutating func expectEnd() throws(JSONFault) {
        skipSpace()
        guard next == nil else { throw unexpected("nothing more after the value") }
    }

    func syntaxFault(_ problem: String, at offset: Int? = nil) -> JSONFault {
        JSONFault(kind: .syntax, offsetBytes: offset ?? position, problem: problem)
    }

    func fieldFault(_ problem: String, at offset: Int? = nil) -> JSONFault {
        JSONFault(kind: .field, offsetBytes: offset ?? position, problem: problem)
    }

    /// The fault of finding something else than `wanted` here.
    func unexpected(_ wanted: String) -> JSONFault {
        guard let next else {
            return syntaxFault("is no complete JSON: it ends where \(wanted) is expected")
        }
        let found =
            (0x21...0x7E).contains(next)
            ? "'\(Unicode.Scalar(next))'" : "byte 0x\(String(next, radix: 16, uppercase: true))"
        return syntaxFault("is no JSON: \(wanted) is expected, \(found) found")
    }

    /// What kind of value stands here, for messages.
    var kindOfValue: String {
        switch next {
        case UInt8(ascii: "{"): "an object"
        case UInt8(ascii: "["): "an array"
        case UInt8(ascii: "\""): "a string"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): "true or false"
        case UInt8(ascii: "n"): "null"
        default: "a number"
        }
    }
}
