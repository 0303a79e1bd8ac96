import Testing
import Units

@Suite struct `Wall time as text` {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0),
        ("2027-01-01T00:00:00Z", 1_798_761_600_000_000),
        ("2000-02-29T12:34:56.789Z", 951_827_696_789_000),
        ("2026-11-23T20:04:05.000001Z", 1_795_464_245_000_001),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
    ])
    func `is read and written alike`(text: String, microseconds: Int64) throws {
        let time = try #require(WallTime(rfc3339: text))
        #expect(time.microseconds == microseconds)
        #expect(time.description == text)
    }

    @Test(arguments: [
        ("2027-01-01T02:30:00+02:30", "2027-01-01T00:00:00Z"),
        ("2026-12-31T19:00:00-05:00", "2027-01-01T00:00:00Z"),
        ("2027-01-01t00:00:00z", "2027-01-01T00:00:00Z"),
        ("2027-01-01T00:00:00.1234567Z", "2027-01-01T00:00:00.123456Z"),
        ("2027-01-01T00:00:00.5Z", "2027-01-01T00:00:00.500Z"),
    ])
    func `is read in other spellings`(text: String, normal: String) throws {
        #expect(try #require(WallTime(rfc3339: text)).description == normal)
    }

    @Test(arguments: [
        "", "2027", "2027-01-01", "2027-01-01T00:00:00", "2027-13-01T00:00:00Z",
        "2027-02-29T00:00:00Z", "2027-04-31T00:00:00Z", "2027-01-00T00:00:00Z",
        "2027-01-01T24:00:00Z", "2027-01-01T00:60:00Z", "2027-01-01T00:00:60Z",
        "2027-01-01T00:00:00.Z", "2027-01-01T00:00:00+24:00", "2027-01-01T00:00:00+0100",
        "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "2027-01-01T00:00:00Zx",
        " 2027-01-01T00:00:00Z", "2027-01-01 00:00:00Z", "２027-01-01T00:00:00Z",
    ])
    func `is refused where it is none`(text: String) {
        #expect(WallTime(rfc3339: text) == nil)
    }

    @Test func `agrees with itself on every day of four centuries`() throws {
        for day in stride(from: Int64(0), to: 146_097, by: 1) {
            let time = WallTime(microseconds: day * 86_400_000_000)
            #expect(WallTime(rfc3339: time.description) == time)
        }
    }

    @Test func `stays between its ends when it is moved`() {
        #expect(WallTime.latest.advanced(by: .seconds(1)) == .latest)
        #expect(WallTime.latest.advanced(by: TimeSpan(microseconds: .max)) == .latest)
        #expect(WallTime.earliest.advanced(by: .seconds(-1)) == .earliest)
        #expect(
            MonotonicTime(microseconds: 1).advanced(by: TimeSpan(microseconds: .max))
                == .distantFuture)
    }
}

@Suite struct `Time spans` {
    @Test func `are made of seconds only where they fit`() {
        #expect(TimeSpan(seconds: 1.5) == .milliseconds(1_500))
        #expect(TimeSpan(seconds: 0.000_000_4) == .zero)
        #expect(TimeSpan(seconds: .nan) == nil)
        #expect(TimeSpan(seconds: .infinity) == nil)
        #expect(TimeSpan(seconds: 1e300) == nil)
    }
}
