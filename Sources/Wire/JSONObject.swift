/// An object read from JSON: its fields were checked, their values are read on demand.
package struct JSONObject {
    private struct Member {
        let name: String
        let offset: Int
        let end: Int
    }

    private let reader: JSONReader
    private var members: [Member] = []

    /// Reads the object that begins where `reader` stands and steps over it.
    ///
    /// `names` are the fields there may be; nil: any.
    package init(from reader: inout JSONReader, names: [String]?) throws(JSONFault) {
        guard reader.next != nil else { throw reader.unexpected("an object") }
        guard reader.skip("{") else {
            throw reader.fieldFault("must be an object, not \(reader.kindOfValue)")
        }
        self.reader = reader
        reader.nesting += 1
        defer { reader.nesting -= 1 }
        reader.skipSpace()
        if reader.skip("}") { return }
        repeat {
            reader.skipSpace()
            try readMember(from: &reader, names: names)
            reader.skipSpace()
        } while reader.skip(",")
        try reader.expect("}", "or ',' after a member")
    }

    private mutating func readMember(
        from reader: inout JSONReader, names: [String]?
    ) throws(JSONFault) {
        let nameOffset = reader.position
        let name = try reader.string()
        let isKnown = names?.contains(name) ?? true
        if !isKnown, reader.manner.refusesUnknownFields {
            throw Self.unknown(name, names: names ?? [], at: nameOffset)
        }
        // Only known names are compared: their number is bounded, that of the others is not.
        if isKnown, names != nil, members.contains(where: { $0.name == name }) {
            throw reader.fieldFault("is there twice", at: nameOffset).inside(name)
        }
        reader.skipSpace()
        try reader.expect(":", "after a name")
        reader.skipSpace()
        let offset = reader.position
        do {
            try reader.skipValue()
        } catch {
            throw isKnown ? error.inside(name) : error
        }
        if isKnown {
            members.append(Member(name: name, offset: offset, end: reader.position))
        }
    }

    private static func unknown(_ name: String, names: [String], at offset: Int) -> JSONFault {
        let shown = String(name.prefix(64))
        let known = names.joined(separator: ", ")
        return JSONFault(
            kind: .field, field: shown, offsetBytes: offset,
            problem: "is not known here: the fields are \(known)")
    }

    /// The value of a field that must be there.
    package func required<Value: JSONReadable>(_ name: String) throws(JSONFault) -> Value {
        guard let value: Value = try optional(name) else {
            throw JSONFault(
                kind: .field, field: name, offsetBytes: reader.position - 1, problem: "is missing")
        }
        return value
    }

    /// The value of a field that may be left out; null counts as left out.
    package func optional<Value: JSONReadable>(_ name: String) throws(JSONFault) -> Value? {
        guard let member = members.first(where: { $0.name == name }) else { return nil }
        return reader.bytes[member.offset] == UInt8(ascii: "n") ? nil : try read(member)
    }

    /// The values of all fields but `excluded`, in their order; null is a value here.
    package func values<Value: JSONReadable>(
        except excluded: [String]
    ) throws(JSONFault) -> [(name: String, value: Value)] {
        var values: [(name: String, value: Value)] = []
        for member in members where !excluded.contains(member.name) {
            values.append((member.name, try read(member)))
        }
        return values
    }

    private func read<Value: JSONReadable>(_ member: Member) throws(JSONFault) -> Value {
        var reader = reader
        reader.position = member.offset
        do {
            return try Value(from: &reader)
        } catch {
            throw error.inside(member.name)
        }
    }

    /// The JSON text of a field as it stands in the bytes, null too; nil: left out.
    package func text(_ name: String) -> [UInt8]? {
        members.first { $0.name == name }.map { Array(reader.bytes[$0.offset..<$0.end]) }
    }
}
