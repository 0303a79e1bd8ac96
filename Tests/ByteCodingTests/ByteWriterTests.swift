import ByteCoding
import Testing

@Suite struct `Writing bytes` {
    @Test func `what is written is read back, whatever the room at the start`() throws {
        for capacity in [0, 1, 7, 4096] {
            var writer = ByteWriter(capacity: capacity)
            writer.writeFixed(UInt16(0x1234))
            writer.writeVarint(300)
            writer.write(utf8: "naïve")
            writer.write([9, 8, 7])
            writer.writeFixed(Int64(-2))
            let expected: [UInt8] =
                [0x34, 0x12, 0xAC, 0x02] + Array("naïve".utf8) + [9, 8, 7, 0xFE]
                + [UInt8](repeating: 0xFF, count: 7)
            #expect(contents(writer) == expected)
            #expect(writer.count == expected.count)
        }
    }

    @Test func `varints of every length come back`() throws {
        var writer = ByteWriter()
        let values =
            (0..<64).flatMap { bit in [UInt64(1) << bit, (UInt64(1) << bit) - 1] } + [.max]
        for value in values { writer.writeVarint(value) }
        var reader = ByteReader(writer.bytes)
        for value in values { #expect(try reader.readVarint() == value) }
        #expect(reader.remaining == 0)
    }

    @Test func `emptied, it keeps its room and forgets its bytes`() {
        var writer = ByteWriter(capacity: 8)
        writer.write([UInt8](repeating: 1, count: 100))
        let capacity = writer.capacity
        writer.removeAll()
        #expect(writer.count == 0)
        #expect(writer.capacity == capacity)
        writer.write([5])
        #expect(contents(writer) == [5])
    }

    @Test func `a length can be patched in afterwards`() {
        var writer = ByteWriter(capacity: 0)
        writer.writeFixed(UInt32(0))
        writer.write([1, 2, 3])
        writer.patchFixed(UInt32(writer.count), at: 0)
        #expect(contents(writer) == [7, 0, 0, 0, 1, 2, 3])
        writer.truncate(to: 4)
        #expect(contents(writer) == [7, 0, 0, 0])
    }

    @Test func `a patch past the end traps`() async {
        await #expect(processExitsWith: .failure) {
            var writer = ByteWriter(capacity: 64)
            writer.write([1, 2, 3])
            writer.patchFixed(UInt32(1), at: 0)
        }
    }

    private func contents(_ writer: ByteWriter) -> [UInt8] {
        (0..<writer.count).map { writer.bytes[$0] }
    }
}

extension RawSpan {
    fileprivate subscript(offset: Int) -> UInt8 {
        // Test only: callers stay below byteCount, and the load checks it again.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }
}
