import BenchmarkKit
import ByteCoding

/// Records of 200 bytes as they stand in a raw stream, each behind its length.
///
/// Words that repeat from record to record, and numbers that do not: they compress as events do.
struct SampleStream {
    static let recordBytes = 200
    /// Bytes of a record's length in the stream.
    static let lengthBytes = 2
    static let strideBytes = lengthBytes + recordBytes
    /// Many times the 64 KiB that LZ4 looks back, so that a second pass finds nothing of the first.
    static let recordCount = 32_768

    let bytes: [UInt8]

    init() {
        var stream = ByteWriter(capacity: Self.recordCount * Self.strideBytes)
        for number in 0..<Self.recordCount {
            stream.writeVarint(UInt64(Self.recordBytes))
            stream.write(Self.record(number))
        }
        bytes = stream.bytes.array
    }

    /// Where record `number` lies; the records come round again.
    static func range(ofRecord number: Int) -> Range<Int> {
        let start = number % recordCount * strideBytes + lengthBytes
        return start..<start + recordBytes
    }

    /// Where `count` records with their lengths lie side by side, beginning near record `number`.
    static func range(from number: Int, count: Int) -> Range<Int> {
        let start = number % (recordCount - count + 1) * strideBytes
        return start..<start + count * strideBytes
    }

    /// Raw bytes per stored byte, in blocks as large as the log's largest.
    var ratio: Double {
        var packer = Packer()
        for start in stride(from: 0, to: bytes.count, by: Packer.blockBytesMax) {
            packer.pack(bytes.rawBytes, start..<min(start + Packer.blockBytesMax, bytes.count))
        }
        return Double(bytes.count) / Double(packer.count)
    }

    private static func record(_ number: Int) -> [UInt8] {
        var random = RandomNumbers(seed: UInt64(number))
        var text = #"{"user":"user-\#(number % 1_000)","type":"mail","key":""#
        while text.utf8.count < recordBytes {
            text += String(random.next() >> 8, radix: 36) + #"","priority":5,"to":""#
        }
        return Array(text.utf8.prefix(recordBytes))
    }
}

/// Numbers that look random and are the same on every run.
struct RandomNumbers {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
