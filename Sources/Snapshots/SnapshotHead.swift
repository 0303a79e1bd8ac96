import ByteCoding
package import Units

/// The first 64 bytes of a snapshot: which log it is of, and up to which of its events.
package struct SnapshotHead: Equatable, Sendable {
    /// The identity of the log, which is also what its hashes of keys are made with.
    package var logHigh: UInt64
    package var logLow: UInt64
    /// The newest event in it.
    package var lsn: LSN
    /// Time of that event.
    package var time: WallTime

    package init(logHigh: UInt64, logLow: UInt64, lsn: LSN, time: WallTime) {
        self.logHigh = logHigh
        self.logLow = logLow
        self.lsn = lsn
        self.time = time
    }

    static let byteCount = 64
    static let version: UInt32 = 2
    static let magic = Array("DAYBKSNP".utf8)
    static let checksumOffset = 60

    /// The bytes, and their checksum, from which all others of the file start.
    func encoded() -> (bytes: ByteWriter, checksum: UInt32) {
        var out = ByteWriter(capacity: Self.byteCount)
        out.write(Self.magic)
        out.writeFixed(Self.version)
        out.writeFixed(UInt32(0))
        for value in [logHigh, logLow, lsn.rawValue] { out.writeFixed(value) }
        out.writeFixed(time.microseconds)
        out.write([UInt8](repeating: 0, count: Self.checksumOffset - out.count))
        let checksum = crc32c(out.bytes)
        out.writeFixed(checksum)
        return (out, checksum)
    }

    static func decode(
        _ bytes: RawSpan, file: String
    ) throws(SnapshotError) -> (head: SnapshotHead, checksum: UInt32) {
        guard bytes.byteCount >= byteCount, bytes.extracting(0..<8).array == magic else {
            throw .damaged(file: file, offsetBytes: 0, what: "it does not begin like a snapshot")
        }
        let checksum = crc32c(bytes.extracting(0..<checksumOffset))
        guard checksum == bytes.fixed(at: checksumOffset) else {
            throw .damaged(file: file, offsetBytes: 0, what: "checksum of the head")
        }
        let found: UInt32 = bytes.fixed(at: 8)
        guard found == version, bytes.fixed(at: 12, as: UInt32.self) == 0 else {
            throw .newerFormat(file: file, version: found)
        }
        let head = SnapshotHead(
            logHigh: bytes.fixed(at: 16), logLow: bytes.fixed(at: 24),
            lsn: LSN(rawValue: bytes.fixed(at: 32)),
            time: WallTime(microseconds: bytes.fixed(at: 40)))
        return (head, checksum)
    }
}
