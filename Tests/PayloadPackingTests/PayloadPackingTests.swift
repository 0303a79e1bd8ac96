import ByteCoding
import PayloadPacking
import Testing

private func payload(_ number: Int) -> [UInt8] {
    Array(
        #"{"order":"\#(number &* 7_919)","customer":{"name":"Customer \#(number)","tier":"gold"},"#
            .utf8)
        + Array(
            #""items":[{"sku":"A-\#(number * 31)","count":\#(number % 9)}],"currency":"EUR"}"#.utf8)
}

private let type = Array("mail".utf8)

/// Packs at the end of `writer`; whether it did.
private func pack(
    _ payload: [UInt8], _ dictionary: PayloadDictionary, _ writer: inout ByteWriter
) -> Bool {
    PayloadPacker().pack(payload.rawBytes, with: dictionary, into: &writer)
}

private func learned(_ dictionaries: PayloadDictionaries, _ type: String) -> PayloadDictionary? {
    let name = Array(type.utf8)
    return dictionaries.dictionary(for: name.rawBytes)
}

private func taught() -> PayloadDictionaries {
    let dictionaries = PayloadDictionaries()
    for number in 0..<11 { dictionaries.note(payload(number).rawBytes, ofType: type.rawBytes) }
    return dictionaries
}

@Suite struct `Payloads in memory` {
    @Test func `come back as they were, and are smaller meanwhile`() throws {
        let dictionary = try #require(learned(taught(), "mail"))
        var writer = ByteWriter()
        var rawBytes = 0
        for number in 100..<1_100 {
            let raw = payload(number)
            let start = writer.count
            let isPacked = pack(raw, dictionary, &writer)
            #expect(isPacked)
            let packed = writer.bytes.extracting(start..<writer.count)
            let back = dictionary.unpack(packed, rawByteCount: raw.count)
            #expect(back == raw)
            rawBytes += raw.count
        }
        #expect(writer.count * 2 < rawBytes)
    }

    @Test func `that do not get smaller are left alone`() throws {
        let dictionary = try #require(learned(taught(), "mail"))
        var random = SystemRandomNumberGenerator()
        let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
        var writer = ByteWriter()
        for payload in [noise, [1, 2], []] {
            let isPacked = pack(payload, dictionary, &writer)
            #expect(!isPacked)
        }
        #expect(writer.count == 0)
    }

    @Test(arguments: [32, 33, 2_047, 2_048, 2_049, 65_536])
    func `of any size come back`(byteCount: Int) throws {
        let dictionary = try #require(learned(taught(), "mail"))
        let raw = Array((0..<byteCount).map { payload($0 / 100)[$0 % 100] })
        var writer = ByteWriter()
        guard pack(raw, dictionary, &writer) else {
            #expect(byteCount < 100)
            return
        }
        let back = dictionary.unpack(writer.bytes, rawByteCount: byteCount)
        #expect(back == raw)
    }

    /// A short match, and then noise whose length takes one byte, two or three.
    @Test(arguments: 200..<506)
    func `are packed only where that is smaller`(noiseBytes: Int) throws {
        let known = payload(3)
        let raw = Array(known.prefix(6)) + (0..<noiseBytes).map { UInt8(128 + $0 % 127) }
        var writer = ByteWriter()
        let isPacked = pack(raw, PayloadDictionary(samples: known), &writer)
        #expect(isPacked == (writer.count > 0))
        #expect(writer.count < raw.count)
    }

    /// The longer the noise, the fewer of its bytes are looked at: a match is met behind its beginning then.
    @Test(arguments: 40..<120)
    func `are matched from their beginning on behind noise`(noiseBytes: Int) throws {
        let known = payload(3)
        let dictionary = PayloadDictionary(samples: known)
        let noise = (0..<noiseBytes).map { UInt8(128 + $0) }
        var writer = ByteWriter()
        let isPacked = pack(noise + known, dictionary, &writer)
        #expect(isPacked)
        // Two tokens, a length of literals and one of the match, where it lies, and the last five bytes.
        #expect(writer.count == noiseBytes + 2 + 1 + 1 + 2 + 5)
        let back = dictionary.unpack(writer.bytes, rawByteCount: noiseBytes + known.count)
        #expect(back == noise + known)
    }

    /// Pieces of the dictionary and noise, in any lengths: every way a block can begin and end.
    @Test func `of any mixture come back`() throws {
        let dictionary = try #require(learned(taught(), "mail"))
        let known = (0..<11).flatMap { payload($0) }
        var random = SystemRandomNumberGenerator()
        var packedCount = 0
        for _ in 0..<20_000 {
            var raw: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let count = Int.random(in: 0...150, using: &random)
                let start = Int.random(in: 0..<known.count - count, using: &random)
                let isNoise = Bool.random(using: &random)
                raw +=
                    isNoise
                    ? (0..<count / 8).map { _ in UInt8.random(in: 0...255, using: &random) }
                    : Array(known[start..<start + count])
            }
            var writer = ByteWriter()
            guard pack(raw, dictionary, &writer) else { continue }
            packedCount += 1
            let back = dictionary.unpack(writer.bytes, rawByteCount: raw.count)
            #expect(back == raw)
            #expect(writer.count < raw.count)
        }
        #expect(packedCount > 10_000)
    }

    @Test func `have a dictionary once enough of their type were seen, and it stays`() {
        let dictionaries = PayloadDictionaries()
        for number in 0..<10 {
            dictionaries.note(payload(number).rawBytes, ofType: type.rawBytes)
            #expect(learned(dictionaries, "mail") == nil)
        }
        dictionaries.note(payload(10).rawBytes, ofType: type.rawBytes)
        let made = learned(dictionaries, "mail")
        #expect(made != nil)
        for number in 0..<100 {
            dictionaries.note(payload(number).rawBytes, ofType: type.rawBytes)
        }
        #expect(learned(dictionaries, "mail") === made)
        #expect(learned(dictionaries, "report") == nil)
    }

    @Test func `of too many types have no dictionary`() {
        let dictionaries = PayloadDictionaries()
        for number in 0..<2_000 {
            let type = Array("type \(number)".utf8)
            for sample in 0..<11 {
                dictionaries.note(payload(sample).rawBytes, ofType: type.rawBytes)
            }
        }
        #expect(learned(dictionaries, "type 1023") != nil)
        #expect(learned(dictionaries, "type 1024") == nil)
    }
}
