import ByteCoding

/// Says for nearly every key and user that is not in a file that it is not.
///
/// A blocked Bloom filter (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters,
/// 2007): one bit in each of eight words of one block of 32 bytes, as Apache Parquet splits it. Ten
/// bits an element let about one in a hundred through. Binary fuse filters (Graf, Lemire, 2022) would
/// be a tenth smaller, but take 20 bytes an element to build and must know all elements first.
struct KeyFilter: Sendable {
    private(set) var bytes: [UInt8]
    private let blocks: UInt64

    static let blockBytes = 32
    private static let bitsPerElement = 10
    private static let salts: [UInt32] = [
        0x47B6_137B, 0x4497_4D91, 0x8824_AD5B, 0xA2B7_289D, 0x7054_95C7, 0x2DF1_424B, 0x9EFC_4947,
        0x5C6B_FB31,
    ]

    init(elements: Int) {
        blocks = UInt64(elements * Self.bitsPerElement / (8 * Self.blockBytes) + 1)
        bytes = [UInt8](repeating: 0, count: Int(blocks) * Self.blockBytes)
    }

    init(_ bytes: [UInt8]) throws(Flaw) {
        guard bytes.count >= Self.blockBytes, bytes.count % Self.blockBytes == 0 else {
            throw Flaw("length of the filter")
        }
        blocks = UInt64(bytes.count / Self.blockBytes)
        self.bytes = bytes
    }

    mutating func insert(_ hash: UInt64) {
        let start = start(of: hash)
        for lane in 0..<8 {
            let bit = Self.bit(hash, lane)
            bytes[start + 4 * lane + bit >> 3] |= 1 << UInt8(bit & 7)
        }
    }

    func mayContain(_ hash: UInt64) -> Bool {
        let start = start(of: hash)
        for lane in 0..<8 {
            let bit = Self.bit(hash, lane)
            if bytes[start + 4 * lane + bit >> 3] >> UInt8(bit & 7) & 1 == 0 { return false }
        }
        return true
    }

    private func start(of hash: UInt64) -> Int {
        Int(((hash >> 32) &* blocks) >> 32) * Self.blockBytes
    }

    private static func bit(_ hash: UInt64, _ lane: Int) -> Int {
        Int((UInt32(truncatingIfNeeded: hash) &* salts[lane]) >> 27)
    }
}

/// The hashes of a log's history: keyed by its identity, which nobody outside knows, so that nobody can
/// look for keys that collide.
///
/// The same for every file: whoever looks through many hashes a key once.
struct HistoryHash: Sendable {
    private let keyed: KeyedHash
    private var scratch = ByteWriter(capacity: 2 * HistoryLimits.nameBytesMax + 1)

    init(log: UInt64) {
        keyed = KeyedHash(low: log, high: Self.purpose)
    }

    /// "DAYBKHIS": these hashes are not those of another use.
    private static let purpose: UInt64 = 0x5349_484B_4259_4144

    func hash(user: RawSpan) -> UInt64 { keyed.hash(user, salt: 1) }

    /// 0xFF, which is in no name, stands between the two.
    mutating func hash(user: RawSpan, job: RawSpan) -> UInt64 {
        scratch.removeAll()
        scratch.write(user)
        scratch.writeFixed(UInt8(0xFF))
        scratch.write(job)
        return keyed.hash(scratch.bytes)
    }
}
