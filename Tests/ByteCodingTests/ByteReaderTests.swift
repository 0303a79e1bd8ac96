import ByteCoding
import Testing

@Suite struct `Reading bytes` {
    @Test func `integers of fixed width are little-endian`() throws {
        let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0xFF, 0xFE]
        var reader = unsafe ByteReader(bytes.span.bytes)
        #expect(try reader.readFixed(UInt32.self) == 0x0403_0201)
        #expect(reader.offset == 4)
        #expect(reader.remaining == 2)
        #expect(try reader.readFixed(Int16.self) == -257)
    }

    @Test(arguments: 0..<8)
    func `an integer is refused when a byte of it is missing`(present: Int) {
        let bytes = [UInt8](repeating: 7, count: present)
        var reader = unsafe ByteReader(bytes.span.bytes)
        var fault: ByteFault?
        do throws(ByteFault) { _ = try reader.readFixed(UInt64.self) } catch { fault = error }
        #expect(fault == .truncated(offsetBytes: 0))
        #expect(reader.offset == 0)
    }

    @Test(
        arguments: [
            ([0x00], 0), ([0x7F], 127), ([0x80, 0x01], 128), ([0xE5, 0x8E, 0x26], 624_485),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], UInt64.max),
        ] as [([UInt8], UInt64)])
    func `known varints have known values`(bytes: [UInt8], value: UInt64) throws {
        var reader = unsafe ByteReader(bytes.span.bytes)
        #expect(try reader.readVarint() == value)
        #expect(reader.remaining == 0)
    }

    @Test(
        arguments: [
            [0x80, 0x00], [0xFF, 0x80, 0x00],
            [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02],
            [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
        ] as [[UInt8]])
    func `a varint longer than it needs to be is refused`(bytes: [UInt8]) {
        #expect(varintFault(bytes) == .overlongVarint(offsetBytes: 0))
    }

    @Test(arguments: [[], [0x80], [0xFF, 0xFF]] as [[UInt8]])
    func `a varint that does not end is refused`(bytes: [UInt8]) {
        #expect(varintFault(bytes) == .truncated(offsetBytes: 0))
    }

    @Test(arguments: [-1, 4, Int.max, Int.min])
    func `a length outside the bytes is refused`(count: Int) {
        let bytes: [UInt8] = [1, 2, 3]
        var reader = unsafe ByteReader(bytes.span.bytes)
        var fault: ByteFault?
        do throws(ByteFault) { _ = try reader.readArray(count: count) } catch { fault = error }
        #expect(fault == .truncated(offsetBytes: 0))
    }

    @Test func `slices and copies follow one another`() throws {
        let bytes: [UInt8] = [1, 2, 3, 4, 5]
        var reader = unsafe ByteReader(bytes.span.bytes)
        let slice = try reader.read(count: 2)
        #expect(slice.byteCount == 2)
        #expect(try reader.readArray(count: 3) == [3, 4, 5])
        #expect(try reader.readArray(count: 0) == [])
    }

    @Test func `text is checked to be UTF-8`() throws {
        let bytes = Array("Zürich, 東京".utf8) + [0xC3, 0x28]
        var reader = unsafe ByteReader(bytes.span.bytes)
        #expect(try reader.readString(count: bytes.count - 2) == "Zürich, 東京")
        let start = reader.offset
        var fault: ByteFault?
        do throws(ByteFault) { _ = try reader.readString(count: 2) } catch { fault = error }
        #expect(fault == .invalidUTF8(offsetBytes: start))
        #expect(reader.offset == start)
        #expect(try reader.readString(count: 0) == "")
    }

    private func varintFault(_ bytes: [UInt8]) -> ByteFault? {
        var reader = unsafe ByteReader(bytes.span.bytes)
        do throws(ByteFault) {
            _ = try reader.readVarint()
            return nil
        } catch {
            return error
        }
    }
}
