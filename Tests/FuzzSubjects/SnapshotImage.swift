import ByteCoding
import JobState
import Units

/// The file of a snapshot, by a second hand at the format: what `Snapshots` has for it is being fuzzed.
enum SnapshotImage {
    /// Identity of the log that every sample is of.
    static let identity: UInt64 = 0x5EED

    private static let headBytes = 64
    private static let partBytes = 32
    private static let endKind: UInt8 = 255

    /// A file of these parts, none of them compressed: a mutation reaches what is inside.
    static func file(_ chunks: [StateChunk], _ totals: SnapshotTotals) -> [UInt8] {
        var out = ByteWriter()
        out.write(utf8: "DAYBKSNP")
        for value: UInt64 in [2, identity, identity, totals.lsn.rawValue, 0, 0, 0] {
            out.writeFixed(value)
        }
        for chunk in chunks {
            part(chunk.kind.rawValue, count: chunk.count, chunk.bytes.bytes, to: &out)
        }
        let rawBytes = chunks.reduce(0) { $0 + UInt64($1.bytes.count) }
        var end = ByteWriter()
        for value in [totals.jobs, totals.digest, rawBytes] { end.writeFixed(value) }
        part(endKind, count: 1, end.bytes, to: &out)
        return repaired(out.bytes.array)
    }

    private static func part(
        _ kind: UInt8, count: Int, _ body: RawSpan, to out: inout ByteWriter
    ) {
        out.write(utf8: "PART")
        out.writeFixed(UInt32(kind) | 1 << 8)
        for value in [0, count, body.byteCount, body.byteCount, 0, 0] {
            out.writeFixed(UInt32(value))
        }
        out.write(body)
    }

    /// The file with its checksums, numbers of parts and totals made right, as far as it has a form.
    ///
    /// Without it nearly every mutation would end at the first checksum.
    static func repaired(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        guard bytes.count >= headBytes else { return bytes }
        let seed = bytes.checksum(of: 0..<headBytes - 4)
        bytes.patch(seed, at: headBytes - 4)
        var (offset, index, jobs, total) = (headBytes, UInt32(0), UInt64(0), UInt64(0))
        while offset + partBytes <= bytes.count {
            let body = offset + partBytes
            let stored = Int(bytes.word(at: offset + 20))
            guard stored <= bytes.count - body else { return bytes }
            let kind = bytes[offset + 4]
            if kind == endKind, stored == 24 {
                bytes.patch(jobs, at: body)
                bytes.patch(total, at: body + 16)
            }
            if kind == StateChunk.Kind.jobs.rawValue || kind == StateChunk.Kind.keptJobs.rawValue {
                jobs &+= UInt64(bytes.word(at: offset + 12))
            }
            bytes.patch(index, at: offset + 8)
            if bytes[offset + 5] != 0 { bytes.patch(UInt32(stored), at: offset + 16) }
            bytes.patch(bytes.checksum(of: body..<body + stored), at: offset + 24)
            let head = bytes.checksum(of: offset..<offset + 28, continuing: seed)
            bytes.patch(head, at: offset + 28)
            total &+= UInt64(stored)
            index += 1
            offset = body + stored
        }
        return bytes
    }
}
