import ByteCoding
import Units

/// The first 4096 bytes of a segment: a skippable frame, then the opening of the raw stream.
struct SegmentHeader: Equatable {
    var version = Self.newestVersion
    var incompatibleFlags: UInt32 = 0
    var compatibleFlags: UInt32 = 0
    var log: LogIdentity
    /// Mixed into every checksum of the segment: stale bytes of another one never pass.
    var salt: UInt64
    var epoch: UInt64
    /// Counted from 1.
    var number: UInt64
    var firstLSN: LSN
    var creation: WallTime
    var previous: SegmentEnd
    /// Packed segments only: the length, up to and with the footer, before the segment was packed.
    var unpackedBytes: UInt64 = 0
    /// What a later version has put behind these fields, which this one hands on; empty where it is zeros.
    var later: [UInt8] = []
    /// Checksum of these bytes; the first block names it as the one before.
    var checksum: UInt32 = 0

    static let byteCount = 4096
    static let newestVersion: UInt32 = 2
    /// Rewritten in large blocks, each of several groups, without marks.
    static let packedFlag: UInt32 = 1
    static let frameMagic: UInt32 = 0x184D_2A50
    static let frameBytes = UInt32(byteCount - 8 - Opening.frameBytes)
    static let magic = Array("DAYBKLOG".utf8)
    static let checksumOffset = 16

    /// Where every block's checksum of this segment starts from.
    var seed: UInt32 { UInt32(truncatingIfNeeded: salt ^ (salt >> 32)) }

    var isPacked: Bool { incompatibleFlags & Self.packedFlag != 0 }

    var opening: Opening {
        Opening(
            version: version, log: log, number: number, firstLSN: firstLSN,
            previousHash: previous.hash)
    }
}

/// Sixteen random bytes that all segments of a log share.
package struct LogIdentity: Equatable, Sendable {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// Where a sealed segment ends; all zero where there is none before.
struct SegmentEnd: Equatable {
    /// Bytes up to and with the footer.
    var byteCount: UInt64 = 0
    var lastLSN: LSN = .zero
    var lastGroup: UInt64 = 0
    var hash: LogHash = .zero
}

extension SegmentHeader {
    /// The 4096 bytes, with their checksum.
    func encoded() -> ByteWriter {
        var out = ByteWriter(capacity: Self.byteCount)
        out.writeFixed(Self.frameMagic)
        out.writeFixed(Self.frameBytes)
        out.write(Self.magic)
        out.writeFixed(UInt32(0))
        out.writeFixed(version)
        out.writeFixed(incompatibleFlags)
        out.writeFixed(compatibleFlags)
        for value in [log.high, log.low, salt, epoch, number, firstLSN.rawValue] {
            out.writeFixed(value)
        }
        out.writeFixed(creation.microseconds)
        for value in [previous.byteCount, previous.lastLSN.rawValue, previous.lastGroup] {
            out.writeFixed(value)
        }
        out.write(previous.hash.bytes)
        out.writeFixed(unpackedBytes)
        out.write(later)
        out.write([UInt8](repeating: 0, count: 8 + Int(Self.frameBytes) - out.count))
        LZ4Frame.write(plain: opening.encoded().bytes, to: &out)
        let checksum = Self.checksum(of: out.bytes)
        out.patchFixed(checksum, at: Self.checksumOffset)
        return out
    }

    /// Reads the header from a segment's first bytes; a later format is refused as such.
    static func decode(
        _ bytes: RawSpan, file: String, expecting lsn: LSN
    ) throws(LogError) -> SegmentHeader {
        do throws(Defect) {
            try checkFrame(bytes)
        } catch {
            throw error.corruption(in: file, from: lsn)
        }
        let header = SegmentHeader(fieldsOf: bytes)
        let flagsKnown = header.version == 1 ? 0 : Self.packedFlag
        guard (1...Self.newestVersion).contains(header.version),
            header.incompatibleFlags & ~flagsKnown == 0
        else {
            let flags = hexadecimal(header.incompatibleFlags)
            throw .newerFormat(
                file: file, found: "format \(header.version), flags \(flags)",
                supported: "formats 1 to \(Self.newestVersion), flags \(hexadecimal(flagsKnown))")
        }
        do throws(Defect) {
            try header.checkBounds()
            try header.checkOpening(bytes)
        } catch {
            throw error.corruption(in: file, from: lsn)
        }
        return header
    }

    /// Numbers that no log reaches, behind a good checksum: counting on from them would overflow.
    private func checkBounds() throws(Defect) {
        let last = max(previous.lastLSN.rawValue, previous.lastGroup, firstLSN.rawValue)
        guard number >= 1, max(number, epoch, last, unpackedBytes) <= Self.numberMax else {
            throw Defect(
                at: 64, "limits of the segment header", expected: "numbers below 2^63",
                found: "segment \(number), epoch \(epoch), \(last)", isTearable: false)
        }
    }

    /// The opening of the raw stream, which the hash covers, says what the fields say.
    private func checkOpening(_ bytes: RawSpan) throws(Defect) {
        let opening = Opening.range
        guard bytes.extracting(opening).array == self.opening.encoded().bytes.array else {
            throw Defect(
                at: opening.lowerBound, "opening of the raw stream",
                expected: "the fields of the header", found: "others", isTearable: false)
        }
    }

    /// Largest LSN, group, epoch or segment number.
    static let numberMax = UInt64(Int64.max)

    /// Length, magic and checksum: where these stand is the same in every format to come.
    private static func checkFrame(_ bytes: RawSpan) throws(Defect) {
        guard bytes.byteCount >= byteCount else {
            throw Defect(
                at: 0, "length of the segment header", expected: "\(byteCount) bytes",
                found: "\(bytes.byteCount) bytes", isTearable: false)
        }
        guard bytes.extracting(8..<16).array == magic else {
            throw Defect(
                at: 8, "first word of the segment header", expected: "DAYBKLOG",
                found: String(describing: bytes.extracting(8..<16).array), isTearable: false)
        }
        let expected: UInt32 = bytes.fixed(at: checksumOffset)
        let found = checksum(of: bytes)
        guard expected == found else {
            throw Defect(
                at: 0, "checksum of the segment header", expected: expected, found: found)
        }
    }

    /// Over all of the 4096 bytes but the checksum itself.
    private static func checksum(of bytes: RawSpan) -> UInt32 {
        let before = crc32c(bytes.extracting(0..<checksumOffset))
        return crc32c(bytes.extracting(checksumOffset + 4..<byteCount), continuing: before)
    }

    /// - Precondition: at least 4096 bytes.
    private init(fieldsOf bytes: RawSpan) {
        checksum = bytes.fixed(at: Self.checksumOffset)
        version = bytes.fixed(at: 20)
        incompatibleFlags = bytes.fixed(at: 24)
        compatibleFlags = bytes.fixed(at: 28)
        log = LogIdentity(high: bytes.fixed(at: 32), low: bytes.fixed(at: 40))
        salt = bytes.fixed(at: 48)
        epoch = bytes.fixed(at: 56)
        number = bytes.fixed(at: 64)
        firstLSN = LSN(rawValue: bytes.fixed(at: 72))
        creation = WallTime(microseconds: bytes.fixed(at: 80))
        previous = SegmentEnd(
            byteCount: bytes.fixed(at: 88), lastLSN: LSN(rawValue: bytes.fixed(at: 96)),
            lastGroup: bytes.fixed(at: 104),
            hash: LogHash(bytes: bytes.extracting(112..<144).array))
        unpackedBytes = bytes.fixed(at: 144)
        let rest = bytes.extracting(152..<8 + Int(Self.frameBytes))
        if firstNonZero(rest, from: 0) != nil { later = rest.array }
    }
}
