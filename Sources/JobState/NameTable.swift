import ByteCoding
import Tables

/// Names that were seen, each held once and numbered from 1 in the order in which they came.
struct NameTable: ~Copyable {
    private struct Entry: HashedElement {
        /// The first sixteen bytes, the rest zero: most names are told apart without their blob.
        let start: NameStart
        let keyHash: UInt32
        let byteCount: UInt32
        /// Where the name lies; 0: it is no longer than its start.
        let blob: UInt32
    }

    private var entries: Slab<Entry>
    private var index: HashIndex
    private var blobs: BlobStore
    private let hash: KeyedHash

    init(namesMax: Int, hash: KeyedHash) {
        entries = Slab(elementsMax: namesMax)
        index = HashIndex(elementsMax: namesMax)
        blobs = BlobStore()
        self.hash = hash
    }

    var count: Int { entries.liveCount }

    /// Makes room for so many names that are known to come.
    ///
    /// - Precondition: there are none yet.
    mutating func expect(_ count: Int) {
        index.expect(count)
        entries.expect(count)
    }

    /// The number of `name`; nil if it was not seen.
    ///
    /// Names with another `salt` are other names.
    mutating func find(_ name: RawSpan, salt: UInt64 = 0) -> UInt32? {
        find(name, hash: UInt32(truncatingIfNeeded: hash.hash(name, salt: salt)))
    }

    /// Asks for the memory that finding a name of this hash needs first.
    func prefetch(_ hash: UInt32) { index.prefetch(hash) }

    /// Asks for the memory that the name of this number needs first.
    func prefetch(number: UInt32) { entries.prefetch(number) }

    /// The first number that a name of this hash may have, whose memory is asked for; 0: there is none.
    mutating func prefetchCandidate(_ hash: UInt32) -> UInt32 {
        var probe = index.probe(hash)
        guard let number = index.next(&probe) else { return 0 }
        entries.prefetch(number)
        return number
    }

    /// The number of `name`, which is new if it is greater than the count was before.
    mutating func intern(_ name: RawSpan, salt: UInt64 = 0) -> UInt32 {
        intern(name, hash: UInt32(truncatingIfNeeded: hash.hash(name, salt: salt)))
    }

    /// The same, of a name whose hash is known.
    mutating func intern(_ name: RawSpan, hash keyHash: UInt32) -> UInt32 {
        if let known = find(name, hash: keyHash) { return known }
        let number = entries.allocate(
            Entry(
                start: NameStart(name), keyHash: keyHash, byteCount: UInt32(name.byteCount),
                blob: name.byteCount <= NameStart.byteCount ? 0 : copy(name)))
        index.insert(number, in: entries)
        return number
    }

    private mutating func copy(_ name: RawSpan) -> UInt32 {
        let blob = blobs.allocate(byteCount: name.byteCount)
        blobs.write(name, to: blob, byteCount: name.byteCount)
        return blob
    }

    /// The name's bytes.
    ///
    /// Inlined, because a call that borrows the table copies all its fields onto the stack (decision 9).
    @inline(__always)
    @_lifetime(borrow self)
    func bytes(_ number: UInt32) -> RawSpan {
        let byteCount = Int(entries[number].byteCount)
        // Either store is a part of this table, so it is borrowed as long as the table is.
        if byteCount <= NameStart.byteCount {
            // An entry begins with the name's start.
            return unsafe _overrideLifetime(
                entries.bytes(of: number).extracting(..<byteCount), borrowing: self)
        }
        return unsafe _overrideLifetime(
            blobs.bytes(entries[number].blob, byteCount: byteCount), borrowing: self)
    }

    mutating func find(_ name: RawSpan, hash: UInt32) -> UInt32? {
        let start = NameStart(name)
        var probe = index.probe(hash)
        while let number = index.next(&probe) {
            guard entries[number].start == start,
                Int(entries[number].byteCount) == name.byteCount
            else { continue }
            if name.byteCount <= NameStart.byteCount || bytes(number).isEqual(to: name) {
                return number
            }
        }
        return nil
    }
}

/// The first sixteen bytes of a name in memory as they stand in it, zeroes behind a shorter one.
private struct NameStart: BitwiseCopyable, Equatable {
    private let low: UInt64
    private let high: UInt64

    static let byteCount = 16

    init(_ name: RawSpan) {
        low = Self.word(name, from: 0).littleEndian
        high = Self.word(name, from: 8).littleEndian
    }

    private static func word(_ name: RawSpan, from offset: Int) -> UInt64 {
        if name.byteCount >= offset + 8 { return name.fixed(at: offset) }
        var word: UInt64 = 0
        var shift: UInt64 = 0
        var next = offset
        while next < name.byteCount {
            word |= UInt64(name.fixed(at: next, as: UInt8.self)) << shift
            shift += 8
            next += 1
        }
        return word
    }
}
