import ByteCoding
package import Storage

/// A snapshot on the disk, of which all heads were read; its parts are read one by one.
package struct SnapshotFile: Sendable {
    /// Where a part of it is.
    package struct Part: Sendable {
        let head: PartHead
        let offset: UInt64

        package var kind: UInt8 { head.kind }
        package var count: Int { Int(head.count) }
        package var byteCount: Int { Int(head.rawBytes) }
    }

    package let head: SnapshotHead
    package private(set) var end = SnapshotEnd(jobs: 0, digest: 0)
    /// All but the last, which is `end`.
    package private(set) var parts: [Part] = []
    package let byteCount: UInt64
    private let file: any StorageFile
    private let seed: UInt32

    /// Opens a snapshot: it is complete, as far as the heads of its parts say.
    package init(_ path: String, storage: any Storage) throws(SnapshotError) {
        file = try unwrap { () throws(StorageError) in try storage.open(path, .read) }
        byteCount = try unwrap { [file] () throws(StorageError) in try file.size() }
        var bytes: [UInt8] = []
        let count = try unwrap { [file] () throws(StorageError) in
            try file.read(SnapshotHead.byteCount, at: 0, into: &bytes)
        }
        (head, seed) = try SnapshotHead.decode(bytes.rawBytes.extracting(0..<count), file: path)
        try readHeads()
    }

    /// Reads a part into the front of `raw`; `stored` is scratch.
    package func read(
        _ part: Part, into raw: inout [UInt8], stored: inout [UInt8]
    ) throws(SnapshotError) {
        try readUnchecked(part, into: &raw, stored: &stored)
        try check(part, in: raw)
    }

    /// The same, but for the checksum.
    func readUnchecked(
        _ part: Part, into raw: inout [UInt8], stored: inout [UInt8]
    ) throws(SnapshotError) {
        let isWhole =
            part.head.isPlain
            ? try read(part, stored: &raw) == part.byteCount
            : try readCompressed(part, into: &raw, stored: &stored)
        guard isWhole else { throw damage(of: part) }
    }

    /// Compares the checksum of a part that was read to the front of `raw`.
    func check(_ part: Part, in raw: [UInt8]) throws(SnapshotError) {
        guard crc32c(raw.rawBytes.extracting(0..<part.byteCount)) == part.head.rawChecksum else {
            throw damage(of: part)
        }
    }

    private func damage(of part: Part) -> SnapshotError {
        damage(at: part.offset, "body of a part")
    }

    private func readCompressed(
        _ part: Part, into raw: inout [UInt8], stored: inout [UInt8]
    ) throws(SnapshotError) -> Bool {
        let count = try read(part, stored: &stored)
        guard count == Int(part.head.storedBytes) else { return false }
        return PartCompression.read(
            stored.rawBytes.extracting(0..<count), part.head, into: &raw)
    }

    /// Reads the body as it is stored; returns how many bytes of it there were.
    private func read(_ part: Part, stored: inout [UInt8]) throws(SnapshotError) -> Int {
        try unwrap { () throws(StorageError) in
            try file.read(Int(part.head.storedBytes), at: part.offset, into: &stored)
        }
    }

    /// Reads everything and throws at the first part that is damaged.
    package func check() throws(SnapshotError) {
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        for part in parts { try read(part, into: &raw, stored: &stored) }
    }

    private mutating func readHeads() throws(SnapshotError) {
        var offset = UInt64(SnapshotHead.byteCount)
        while true {
            let part = try part(at: offset)
            offset = part.offset + UInt64(part.head.storedBytes)
            guard offset <= byteCount else { throw damage(at: part.offset, "it is cut short") }
            guard part.kind == PartHead.endKind else {
                parts.append(part)
                continue
            }
            return try readEnd(part, next: offset)
        }
    }

    private func part(at offset: UInt64) throws(SnapshotError) -> Part {
        var bytes: [UInt8] = []
        let count = try unwrap { () throws(StorageError) in
            try file.read(PartHead.byteCount, at: offset, into: &bytes)
        }
        guard count == PartHead.byteCount,
            let head = PartHead.decode(bytes.rawBytes, seed: seed),
            head.index == UInt32(parts.count)
        else { throw damage(at: offset, "head of part \(parts.count)") }
        return Part(head: head, offset: offset + UInt64(PartHead.byteCount))
    }

    private mutating func readEnd(_ part: Part, next: UInt64) throws(SnapshotError) {
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        try read(part, into: &raw, stored: &stored)
        let bytes = raw.rawBytes.extracting(0..<part.byteCount)
        guard bytes.byteCount == SnapshotEnd.byteCount, next == byteCount else {
            throw damage(at: part.offset, "end")
        }
        end = SnapshotEnd(jobs: bytes.fixed(at: 0), digest: bytes.fixed(at: 8))
        let total = parts.reduce(0) { $0 + UInt64($1.byteCount) }
        guard total == bytes.fixed(at: 16, as: UInt64.self) else {
            throw damage(at: part.offset, "count of all bytes")
        }
    }

    private func damage(at offset: UInt64, _ what: String) -> SnapshotError {
        .damaged(file: file.path, offsetBytes: Int(offset), what: what)
    }
}
