import ByteCoding
import Tables

/// Names that were seen, each held once and numbered from 1 in the order in which they came.
struct NameTable: ~Copyable {
    private struct Entry: HashedElement {
        let keyHash: UInt32
        let blob: UInt32
        let byteCount: UInt32
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

    /// The number of `name`; nil if it was not seen. Names with another `salt` are other names.
    func find(_ name: RawSpan, salt: UInt64 = 0) -> UInt32? {
        find(name, hash: UInt32(truncatingIfNeeded: hash.hash(name, salt: salt)))
    }

    /// The number of `name`, which is new if it is greater than the count was before.
    mutating func intern(_ name: RawSpan, salt: UInt64 = 0) -> UInt32 {
        let keyHash = UInt32(truncatingIfNeeded: hash.hash(name, salt: salt))
        if let known = find(name, hash: keyHash) { return known }
        let blob = blobs.allocate(byteCount: name.byteCount)
        blobs.write(name, to: blob, byteCount: name.byteCount)
        let number = entries.allocate(
            Entry(keyHash: keyHash, blob: blob, byteCount: UInt32(name.byteCount)))
        index.insert(number, in: entries)
        return number
    }

    /// The name's bytes.
    @_lifetime(borrow self)
    func bytes(_ number: UInt32) -> RawSpan {
        let entry = entries[number]
        let bytes = blobs.bytes(entry.blob, byteCount: Int(entry.byteCount))
        // The store is a part of this table, so it is borrowed as long as the table is.
        return unsafe _overrideLifetime(bytes, borrowing: self)
    }

    private func find(_ name: RawSpan, hash: UInt32) -> UInt32? {
        var probe = index.probe(hash)
        while let number = index.next(&probe) {
            if bytes(number).isEqual(to: name) { return number }
        }
        return nil
    }
}
