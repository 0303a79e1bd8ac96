/// Checks of text that is to be put into JSON as it is.
package enum JSONText {
    /// Throws where `text` is not exactly one JSON value, nested at most 64 deep.
    package static func check(_ text: [UInt8]) throws(JSONFault) {
        var reader = JSONReader(text, manner: .request)
        try reader.skipValue()
        try reader.expectEnd()
    }

    /// What the JSON string `text` says.
    package static func string(_ text: [UInt8]) throws(JSONFault) -> String {
        try String(wholeOf: JSONReader(text, manner: .request))
    }

    /// The JSON string that says `text`.
    package static func string(of text: String) -> [UInt8] {
        var writer = JSONWriter()
        text.write(to: &writer)
        return writer.bytes
    }

    /// `text` without the white space between its parts: one line whatever was sent.
    ///
    /// - Precondition: `text` is one JSON value.
    package static func compact(_ text: [UInt8]) -> [UInt8] {
        var isInString = false
        var isEscaped = false
        return text.filter { byte in
            if isInString {
                if !isEscaped, byte == UInt8(ascii: "\"") { isInString = false }
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                return true
            }
            isInString = byte == UInt8(ascii: "\"")
            return ![0x20, 0x09, 0x0A, 0x0D].contains(byte)
        }
    }
}
