import Testing
import Wire

@Suite struct `Texts of the wire` {
    /// The vectors of RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func `base64 is that of the standard`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func `every byte survives base64`() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Z===", "====", "Zh==", "Zm9=", "Zm 9", "Zm-_", "Zg==Zg=="])
    func `other base64 is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }

    @Test(arguments: ["", "a", "a/b", "a%b", "ü €", "..", "?&=+#"])
    func `names survive percent-encoding`(name: String) {
        let encoded = PercentCoding.encode(name)
        #expect(!encoded.contains("/"))
        #expect(PercentCoding.decode(encoded) == name)
    }

    @Test(arguments: ["%", "%2", "%zz", "%ff", "a%C3"])
    func `broken escapes are refused`(text: String) {
        #expect(PercentCoding.decode(text) == nil)
    }

    @Test func `a query comes back as it was written`() throws {
        let query = ListQuery(
            statuses: ["SUCCESS", "CANCELLED"], type: "a&b=c+d ü", limit: 5, cursor: "12",
            asOf: "2027-01-01T06:00:00+01:00")
        #expect(try ListQuery(query: query.query) == query)
        #expect(try ListQuery(query: "") == ListQuery())
    }

    @Test func `statuses are repeated or parted by commas`() throws {
        let query = try ListQuery(query: "status=A,B&status=C&type=a+b")
        #expect(query.statuses == ["A", "B", "C"])
        #expect(query.type == "a b")
    }

    @Test(arguments: [
        ("statuses=A", "statuses"), ("limit=x", "limit"), ("type=a&type=b", "type"),
        ("cursor=%f", "cursor"),
    ])
    func `what is wrong with a query is named`(text: String, field: String) {
        let fault = #expect(throws: QueryFault.self) { try ListQuery(query: text) }
        #expect(fault?.field == field)
    }
}
