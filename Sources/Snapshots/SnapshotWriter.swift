import ByteCoding
package import Storage

/// Writes one snapshot under a temporary name, proves it, and only then gives it its own.
package struct SnapshotWriter {
    private let directory: SnapshotDirectory
    private let head: SnapshotHead
    private let seed: UInt32
    private let file: any StorageFile
    private var offset: UInt64
    /// Bytes that were synced on the way.
    private var synced: UInt64 = 0
    private var index: UInt32 = 0
    private var rawBytes: UInt64 = 0
    private var scratch = (
        body: ByteWriter(capacity: 512 << 10), out: ByteWriter(capacity: 512 << 10)
    )

    /// Bytes that wait for the disk at most: one sync of a whole snapshot would hold up those of the log
    /// for as long as the disk takes.
    private static let unsyncedBytesMax: UInt64 = 4 << 20

    /// Begins the file; makes the directory where there is none.
    package init(
        _ head: SnapshotHead, in directory: SnapshotDirectory
    ) throws(StorageError) {
        self.directory = directory
        self.head = head
        try directory.create()
        try directory.removeLeftovers()
        file = try directory.storage.open(
            directory.path(of: head.lsn) + SnapshotDirectory.writingSuffix, .create)
        let (bytes, checksum) = head.encoded()
        seed = checksum
        try file.write(bytes.bytes, at: 0)
        offset = UInt64(bytes.count)
    }

    /// Bytes written so far.
    package var byteCount: UInt64 { offset }

    /// Writes a part of at most 4 MiB.
    package mutating func append(
        kind: UInt8, count: Int, _ raw: RawSpan
    ) throws(StorageError) {
        precondition(raw.byteCount <= PartHead.rawBytesMax, "a part of \(raw.byteCount) bytes")
        var (body, out) = (ByteWriter(capacity: 0), ByteWriter(capacity: 0))
        // Out of the writer while they are used, one of them to be copied into the other.
        swap(&body, &scratch.body)
        swap(&out, &scratch.out)
        defer {
            swap(&body, &scratch.body)
            swap(&out, &scratch.out)
        }
        body.removeAll()
        out.removeAll()
        let isPlain = PartCompression.write(raw, to: &body)
        PartHead(
            kind: kind, isPlain: isPlain, index: index, count: UInt32(count),
            rawBytes: UInt32(raw.byteCount), storedBytes: UInt32(body.count),
            rawChecksum: crc32c(raw)
        ).encode(to: &out, seed: seed)
        out.write(body.bytes)
        try file.write(out.bytes, at: offset)
        offset += UInt64(out.count)
        if offset - synced >= Self.unsyncedBytesMax {
            try file.sync()
            synced = offset
        }
        index += 1
        rawBytes += UInt64(raw.byteCount)
    }

    /// Ends the file, makes it durable, and reads all of it again.
    package mutating func seal(_ end: SnapshotEnd) throws(SnapshotError) {
        var bytes = ByteWriter(capacity: SnapshotEnd.byteCount)
        end.encode(to: &bytes, rawBytes: rawBytes)
        do throws(StorageError) {
            try append(kind: PartHead.endKind, count: 1, bytes.bytes)
            try file.sync()
        } catch {
            throw .io(error)
        }
        let written = try SnapshotFile(file.path, storage: directory.storage)
        guard written.head == head, written.end == end else {
            throw .damaged(
                file: file.path, offsetBytes: 0, what: "head or end read back otherwise")
        }
        try written.check()
    }

    /// Gives the sealed file its name, and lets old snapshots go.
    ///
    /// Where the name cannot be made durable it is taken back, so that nobody counts on it.
    package func publish(keeping: SnapshotKeeping) throws(StorageError) {
        let path = directory.path(of: head.lsn)
        try directory.storage.rename(file.path, to: path)
        do throws(StorageError) {
            try directory.storage.syncDirectory(directory.path)
        } catch {
            try? directory.storage.remove(path)
            throw error
        }
        try directory.removeOld(keeping, beside: head.lsn)
    }

    /// Gives back the disk space of a snapshot that will not be.
    package func remove() {
        do throws(StorageError) {
            try directory.storage.remove(file.path)
        } catch {
            // It goes before the next one is begun.
            return
        }
    }
}
