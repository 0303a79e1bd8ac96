/// A value that is one JSON object.
package protocol JSONBody: JSONReadable, JSONWritable {
    /// The names of all its fields.
    static var fieldNames: [String] { get }

    init(object: JSONObject) throws(JSONFault)
}

extension JSONBody {
    package init(from reader: inout JSONReader) throws(JSONFault) {
        try self.init(object: JSONObject(from: &reader, names: Self.fieldNames))
    }

    /// The JSON text of this body.
    package func json() -> [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.bytes
    }
}

/// What a client sends: read strictly, so that a field that nobody reads is told.
package protocol RequestBody: JSONBody {}

extension RequestBody {
    /// Reads a whole body; unknown fields are refused.
    package init(json: [UInt8]) throws(JSONFault) {
        try self.init(wholeOf: JSONReader(json, manner: .request))
    }
}

/// What a daemon answers: fields that a newer one adds are skipped.
package protocol AnswerBody: JSONBody {}

extension AnswerBody {
    /// Reads a whole body; unknown fields are skipped.
    package init(json: [UInt8]) throws(JSONFault) {
        try self.init(wholeOf: JSONReader(json, manner: .answer))
    }
}

extension JSONReadable {
    /// Reads a value that must fill all that `reader` has.
    init(wholeOf reader: JSONReader) throws(JSONFault) {
        var reader = reader
        reader.skipSpace()
        guard reader.next != nil else { throw reader.syntaxFault("is empty: JSON is expected") }
        try self.init(from: &reader)
        try reader.expectEnd()
    }
}
