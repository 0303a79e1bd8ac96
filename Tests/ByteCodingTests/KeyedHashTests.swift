import ByteCoding
import Testing

@Suite struct `A keyed hash` {
    /// SipHash-1-3 under the key 0 of the bytes 0, 1, 2 and so on, from one byte to twenty: what CPython 3.11 says of
    /// them (`hash(bytes(range(n)))` with `PYTHONHASHSEED=0`).
    private static let reference: [UInt64] = [
        0x68a914128e01e473,
        0x010bac45c41e3669,
        0x4d4c9a4a8ef6e0ad,
        0x7cc43f98813e4dbd,
        0x5abe2169dff36275,
        0xe3c25f87624f1cdb,
        0x2f098ab0c751325a,
        0xead411e67ebe2eea,
        0x75927f9d95124362,
        0xaf9f77a65ab51a1d,
        0xfe64ce8b6617fcff,
        0xa6baf4fb0f9fe1c2,
        0xa0cf3211850f8e0d,
        0x7f86049379fbfe67,
        0xf30eb725bb91c9ea,
        0x8972188433a5c5b7,
        0x4883c49a2c009c1d,
        0xadc2c0b63044067d,
        0x091f4a3329f87d19,
        0x639e355ae68c0100,
    ]

    @Test func `is SipHash, whatever the length`() {
        let hash = KeyedHash(low: 0, high: 0)
        for (index, expected) in Self.reference.enumerated() {
            let bytes = (0...index).map { UInt8($0) }
            let found = hash.hash(bytes.rawBytes)
            #expect(found == expected)
            // As part of more, too.
            let more = bytes + [99, 98, 97]
            let part = hash.hash(more.rawBytes.extracting(0...index))
            #expect(part == expected)
        }
    }

    @Test func `is another one under another key or salt`() {
        let (bytes, none) = (Array("same".utf8), [UInt8]())
        let hashes: Set<UInt64> = [
            KeyedHash(low: 0, high: 0).hash(bytes.rawBytes),
            KeyedHash(low: 1, high: 0).hash(bytes.rawBytes),
            KeyedHash(low: 0, high: 1).hash(bytes.rawBytes),
            KeyedHash(low: 0, high: 0).hash(bytes.rawBytes, salt: 2),
            KeyedHash(low: 0, high: 0).hash(none.rawBytes),
        ]
        #expect(hashes.count == 5)
    }
}
