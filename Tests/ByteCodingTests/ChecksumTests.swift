import ByteCoding
import Testing

@Suite struct `The checksum` {
    @Test func `the check value of CRC-32C is met`() {
        let bytes = Array("123456789".utf8)
        #expect(unsafe crc32c(bytes.span.bytes) == 0xE306_9283)
        #expect(unsafe crc32cPortable(bytes.span.bytes) == 0xE306_9283)
    }

    @Test func `no bytes leave the checksum as it was`() {
        let bytes: [UInt8] = []
        #expect(unsafe crc32c(bytes.span.bytes) == 0)
        #expect(unsafe crc32c(bytes.span.bytes, continuing: 77) == 77)
    }

    @Test func `the processor's instruction and the table agree at every length and alignment`() {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<4000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        // Short ones, and around those that are checked in three lanes once, twice and more often.
        for count in Array(0..<400) + Array(740..<800) + Array(1500..<1560) + [2303, 2304, 3500] {
            let start = Int.random(in: 0...(bytes.count - count), using: &generator)
            let span = unsafe bytes.span.bytes.extracting(start..<start + count)
            #expect(crc32c(span) == crc32cPortable(span), "\(count) bytes: \(bytes)")
        }
    }

    @Test func `bytes in two parts give the checksum of the whole`() {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let whole = unsafe crc32c(bytes.span.bytes)
        for cut in 0...bytes.count {
            let first = unsafe crc32c(bytes.span.bytes.extracting(0..<cut))
            let both = unsafe crc32c(
                bytes.span.bytes.extracting(cut..<bytes.count), continuing: first)
            #expect(both == whole)
        }
    }

    @Test func `any flipped bit changes it`() {
        var bytes = [UInt8](repeating: 0xA5, count: 64)
        let whole = unsafe crc32c(bytes.span.bytes)
        for bit in 0..<512 {
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(unsafe crc32c(bytes.span.bytes) != whole)
            bytes[bit / 8] ^= 1 << (bit % 8)
        }
    }
}
