import ByteCoding
import CMemory

/// Says for nearly every key and user that is not in a file that it is not.
///
/// A blocked Bloom filter (Putze, Sanders, Singler: Cache-, Hash- and Space-Efficient Bloom Filters,
/// 2007): one bit in each of eight words of one block of 32 bytes, as Apache Parquet splits it. Ten
/// bits an element let about one in a hundred through, 16 one in a thousand, 20 one in 2 400.
///
/// Binary fuse filters (Graf, Lemire, 2022) would be a tenth smaller, but take 20 bytes an element to build and must
/// know all elements first.
struct KeyFilter: Sendable {
    private(set) var bytes: [UInt8]
    private let blocks: UInt64

    static let blockBytes = 32
    private static let salts = SIMD8<UInt32>(
        0x47B6_137B, 0x4497_4D91, 0x8824_AD5B, 0xA2B7_289D, 0x7054_95C7, 0x2DF1_424B, 0x9EFC_4947,
        0x5C6B_FB31)

    init(elements: Int, bitsEach: Int) {
        blocks = UInt64(elements * bitsEach / (8 * Self.blockBytes) + 1)
        bytes = [UInt8](repeating: 0, count: Int(blocks) * Self.blockBytes)
    }

    init(_ bytes: [UInt8]) throws(Flaw) {
        guard bytes.count >= Self.blockBytes, bytes.count % Self.blockBytes == 0 else {
            throw Flaw("length of the filter")
        }
        blocks = UInt64(bytes.count / Self.blockBytes)
        self.bytes = bytes
    }

    /// Puts in many at once: the processor waits for the memory of all of them together.
    mutating func insert(_ probes: [FilterProbe]) {
        for probe in probes { prefetch(probe.hash) }
        let blocks = blocks
        // In bounds: a block lies whole in the filter.
        unsafe bytes.withUnsafeMutableBytes { bytes in
            for probe in probes {
                let start = Self.start(of: probe.hash, blocks: blocks)
                let block = unsafe bytes.loadUnaligned(
                    fromByteOffset: start, as: SIMD8<UInt32>.self)
                unsafe bytes.storeBytes(
                    of: block | probe.bits, toByteOffset: start, as: SIMD8<UInt32>.self)
            }
        }
    }

    /// Asks for the memory that a look at this hash needs.
    func prefetch(_ hash: UInt64) {
        let start = Self.start(of: hash, blocks: blocks)
        // Reads nothing and never faults. A block may lie in two lines of the cache.
        unsafe bytes.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe daybook_prefetch(base + start)
            unsafe daybook_prefetch(base + start + Self.blockBytes - 1)
        }
    }

    func mayContain(_ hash: UInt64) -> Bool { mayContain(FilterProbe(hash)) }

    func mayContain(_ probe: FilterProbe) -> Bool {
        let start = Self.start(of: probe.hash, blocks: blocks)
        // In bounds: a block lies whole in the filter.
        let block = unsafe bytes.withUnsafeBytes { bytes in
            unsafe bytes.loadUnaligned(fromByteOffset: start, as: SIMD8<UInt32>.self)
        }
        return block & probe.bits == probe.bits
    }

    /// Sets the places of those that it may contain.
    func mark(_ probes: [FilterProbe], in marks: inout [Bool]) {
        for start in stride(from: 0, to: probes.count, by: Self.probesTogether) {
            // The processor waits for the memory of all these together, and it fits its nearest cache.
            let end = min(start + Self.probesTogether, probes.count)
            for place in start..<end { prefetch(probes[place].hash) }
            for place in start..<end where mayContain(probes[place]) { marks[place] = true }
        }
    }

    private static let probesTogether = 64

    /// Offset of the key's block; its last byte is in the filter, because the upper half of the hash
    /// times the count of blocks has less than the count in its own upper half.
    private static func start(of hash: UInt64, blocks: UInt64) -> Int {
        Int(((hash >> 32) &* blocks) >> 32) * blockBytes
    }

    /// One bit in each word of the block.
    fileprivate static func bits(of hash: UInt64) -> SIMD8<UInt32> {
        let shifts = (SIMD8(repeating: UInt32(truncatingIfNeeded: hash)) &* salts) &>> 27
        return SIMD8(repeating: 1) &<< shifts
    }
}

/// What is put into filters and asked of them: all that is the same for each is worked out once.
struct FilterProbe {
    let hash: UInt64
    fileprivate let bits: SIMD8<UInt32>

    init(_ hash: UInt64) {
        self.hash = hash
        bits = KeyFilter.bits(of: hash)
    }
}

/// The hashes of a log's history: keyed by its identity, which nobody outside knows, so that nobody can
/// look for keys that collide.
///
/// The same for every file: whoever looks through many hashes a key once.
package struct HistoryHash: Sendable {
    private let keyed: KeyedHash
    private var scratch = ByteWriter(capacity: 2 * HistoryLimits.nameBytesMax + 1)
    /// The user's bytes and what ends them.
    private var userBytes = 0

    init(log: UInt64) {
        keyed = KeyedHash(low: log, high: Self.purpose)
    }

    /// "DAYBKHIS": these hashes are not those of another use.
    private static let purpose: UInt64 = 0x5349_484B_4259_4144

    func hash(user: RawSpan) -> UInt64 { keyed.hash(user, salt: 1) }

    /// What a key is looked for by.
    package mutating func key(user: RawSpan, job: RawSpan) -> KeyHash {
        begin(user: user)
        return KeyHash(value: hash(job: job))
    }

    /// Jobs that are hashed next are of this user.
    mutating func begin(user: RawSpan) {
        scratch.removeAll()
        scratch.write(user)
        // In no name: it stands between the two.
        scratch.writeFixed(UInt8(0xFF))
        userBytes = scratch.count
    }

    /// The key of a job of the user that was named last.
    mutating func hash(job: RawSpan) -> UInt64 {
        scratch.truncate(to: userBytes)
        scratch.write(job)
        return keyed.hash(scratch.bytes)
    }
}
