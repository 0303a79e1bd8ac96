import ByteCoding
import Crypto
import EventLog
import Storage
import TestKit
import Testing
import Units

/// Writes a log anew with other records and makes every checksum and hash in it right again.
///
/// Knows the format from docs/log-format.md and shares nothing with the writer: each record becomes
/// a block and a group of its own, stored plain. Identity, salts, epochs and file sizes stay.
struct Forger {
    struct Segment {
        /// Its first 4096 bytes; number, first LSN and what is before it are written anew.
        var header: [UInt8]
        var records: [[UInt8]]
        /// Of the file; a sealed one ends with its footer.
        var byteCount: Int?
    }

    var segments: [Segment] = []

    /// Takes the log of a data directory apart.
    init(_ disk: SimulatedStorage) throws {
        var infos: [LogInspection.Segment] = []
        try LogInspection.run(directory: "/data", storage: disk, onSegment: { infos.append($0) })
        var records: [[UInt8]] = []
        try LogScan.run(directory: "/data", storage: disk) { _, _, record in
            records.append(record.array)
            return true
        }
        for info in infos {
            let bytes = try #require(disk.bytes(of: info.file))
            let own = Int(info.firstLSN.rawValue) - 1..<Int(info.lastLSN.rawValue)
            segments.append(
                Segment(
                    header: Array(bytes[..<4_096]), records: Array(records[own]),
                    byteCount: info.isSealed ? nil : bytes.count))
        }
    }

    /// The forged log on a disk of its own.
    func disk() throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        try disk.createDirectory("/data")
        try disk.createDirectory("/data/log")
        var end = End()
        for (index, segment) in segments.enumerated() {
            let digits = String(end.lastLSN + 1)
            let name = String(repeating: "0", count: 20 - digits.count) + digits
            let file = try disk.open("/data/log/\(name).lz4", .create)
            let bytes = forge(segment, number: UInt64(index + 1), after: &end)
            try file.write(bytes.rawBytes, at: 0)
            try file.sync()
        }
        for directory in ["/data/log", "/data", "/"] { try disk.syncDirectory(directory) }
        return disk
    }

    /// What the next segment says about this one.
    private struct End {
        var byteCount: UInt64 = 0
        var lastLSN: UInt64 = 0
        var lastGroup: UInt64 = 0
        var hash = [UInt8](repeating: 0, count: 32)
    }

    private func forge(_ segment: Segment, number: UInt64, after end: inout End) -> [UInt8] {
        let first = end.lastLSN + 1
        var bytes = segment.header
        bytes.put(number, at: 64)
        bytes.put(first, at: 72)
        bytes.put(end.byteCount, at: 88)
        bytes.put(end.lastLSN, at: 96)
        bytes.put(end.lastGroup, at: 104)
        bytes.replaceSubrange(112..<144, with: end.hash)
        let opening = 4_012
        bytes.put(number, at: opening + 32)
        bytes.put(first, at: opening + 40)
        bytes.replaceSubrange(opening + 48..<opening + 80, with: end.hash)
        var before = crc32c(Array(bytes[..<16] + bytes[20...]).rawBytes)
        bytes.put(before, at: 16)
        let salt: UInt64 = bytes.rawBytes.fixed(at: 48)
        let seed = UInt32(truncatingIfNeeded: salt ^ salt >> 32)
        let epoch: UInt64 = bytes.rawBytes.fixed(at: 56)

        var stream = Array(bytes[opening..<opening + 80])
        for record in segment.records {
            let raw = varint(record.count) + record
            stream += raw
            end.lastLSN += 1
            end.lastGroup += 1
            let frame =
                [0x04, 0x22, 0x4D, 0x18, 0x60, 0x70, 0x73] + (UInt32(raw.count) | 1 << 31).bytes
                + raw + [0, 0, 0, 0]
            let size = UInt32(raw.count).bytes
            let checked =
                size + size + crc32c(frame.rawBytes).bytes + UInt32(1).bytes + end.lastLSN.bytes
                + UInt32(1).bytes + UInt16(0).bytes + UInt16(1).bytes + end.lastGroup.bytes
                + epoch.bytes + UInt64(2_000_000).bytes + before.bytes + UInt32(0).bytes
            before = crc32c(checked.rawBytes, continuing: seed)
            bytes += UInt32(0x184D_2A51).bytes + UInt32(72).bytes + Array("DBB1".utf8)
            bytes += before.bytes + checked + frame
        }
        end.hash = Array(SHA256.hash(data: stream))
        if let byteCount = segment.byteCount {
            let rest = byteCount - bytes.count
            bytes += UInt32(0x184D_2A5F).bytes + UInt32(rest - 8).bytes
            return bytes + [UInt8](repeating: 0, count: rest - 8)
        }
        let count = UInt64(segment.records.count)
        let checked =
            count.bytes + count.bytes + UInt64(stream.count).bytes + end.lastLSN.bytes
            + end.lastGroup.bytes + epoch.bytes + before.bytes + UInt32(0).bytes + end.hash
        bytes += UInt32(0x184D_2A52).bytes + UInt32(96).bytes + Array("DBF1".utf8)
        bytes += crc32c(checked.rawBytes, continuing: seed).bytes + checked
        end.byteCount = UInt64(bytes.count)
        return bytes
    }

    private func varint(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = count
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

extension FixedWidthInteger {
    /// Little-endian.
    fileprivate var bytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
    }
}

extension [UInt8] {
    fileprivate mutating func put(_ value: some FixedWidthInteger, at offset: Int) {
        let bytes = value.bytes
        replaceSubrange(offset..<offset + bytes.count, with: bytes)
    }
}
