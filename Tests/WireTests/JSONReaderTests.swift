import Testing
import Wire

@Suite struct `Reading JSON` {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "12", "-1.5e+10", "1E2", "\"\"", "[]", "{}", " [ ] ",
        "{\"a\":1,\"a\":2}", "[1,[2,{\"b\":[]}]]", "\"\\u0000\\ud83d\\ude00\\/\"", "\"ü€😀\"",
        "\t{ \"a\" : [ 1 , 2 ] }\r\n",
    ])
    func `every JSON text is taken`(text: String) throws {
        try JSONText.check(Array(text.utf8))
    }

    @Test(arguments: [
        "", " ", "nul", "nulll", "True", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "NaN",
        "\"", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud83d\"", "\"\\ud83dx\"",
        "\"\\ud83d\\n\"", "\"\\ud83d\\u0041\"", "\"\\ude00\"", "\"a\nb\"", "'a'", "[", "[1", "[1,",
        "[1,]", "[,1]", "[1 2]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}",
        "{a:1}", "{1:1}", "{\"a\" 1}", "{\"a\":1]", "[1}", "1 2", "{} {}", "[]]", "// no\n1",
        "\u{FEFF}1",
    ])
    func `what the grammar does not have is refused`(text: String) {
        #expect(throws: JSONFault.self) { try JSONText.check(Array(text.utf8)) }
    }

    /// One case a row of the table of well-formed UTF-8, each just outside of it.
    @Test(
        arguments: [
            [0x80], [0xC1, 0x81], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0x80], [0xE2, 0x82],
            [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0x80, 0x80], [0xF0, 0x9F, 0x98],
            [0xF4, 0x90, 0x80, 0x80],
            [0xF5, 0x80, 0x80, 0x80], [0xFF],
        ] as [[UInt8]])
    func `bytes that are not UTF-8 are refused`(bytes: [UInt8]) {
        let text = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        let fault = #expect(throws: JSONFault.self) { try JSONText.check(text) }
        #expect(fault?.kind == .syntax)
        #expect(fault?.offsetBytes == 1)
    }

    @Test func `every text cut short is refused`() throws {
        let whole = Array(#"{"a":["x\u00fcä",-1.5e3,{"b":null}],"c":true}"#.utf8)
        try JSONText.check(whole)
        for count in 0..<whole.count {
            #expect(throws: JSONFault.self, "cut after \(count) bytes") {
                try JSONText.check(Array(whole[..<count]))
            }
        }
    }

    @Test func `nesting is bounded at 64`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        try JSONText.check(nested(64))
        let fault = #expect(throws: JSONFault.self) { try JSONText.check(nested(65)) }
        #expect(fault?.problem.contains("64") == true)
        // Would overflow the stack of a reader that calls itself.
        #expect(throws: JSONFault.self) { try JSONText.check(nested(1_000_000)) }
    }

    @Test func `escapes are resolved`() throws {
        let json = #"{"message":"\"\\\/\b\f\n\r\t\u00e4\u20AC\ud83d\ude00"}"#
        let request = try SucceedRequest(json: Array(json.utf8))
        #expect(request.message == "\"\\/\u{8}\u{c}\n\r\tä€😀")
    }

    @Test func `any text comes back as it was written`() throws {
        let text = String(String.UnicodeScalarView((0..<0x3000).compactMap(Unicode.Scalar.init)))
        let request = SucceedRequest(message: text + "😀\u{10FFFF}")
        #expect(try SucceedRequest(json: request.json()) == request)
    }

    @Test func `compacting leaves strings alone and lines out`() throws {
        let text = "{ \"a b\" : [ 1,\n 2 ],\t\"q\\\" \\\\\" : \" x\\n \" }"
        let compact = JSONText.compact(Array(text.utf8))
        #expect(String(decoding: compact, as: UTF8.self) == #"{"a b":[1,2],"q\" \\":" x\n "}"#)
        try JSONText.check(compact)
    }
}
