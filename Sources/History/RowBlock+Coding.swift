import ByteCoding
import JobModel
import Units

/// Which fields of a row are written; the rest have their usual value.
private struct RowFlags: OptionSet {
    let rawValue: UInt16

    /// The two lowest bits are the `HistoryEnd`.
    static let endMask: UInt16 = 3
    static let recurring = RowFlags(rawValue: 1 << 2)
    static let occurrence = RowFlags(rawValue: 1 << 3)
    /// Another time than that of the submit.
    static let executionTime = RowFlags(rawValue: 1 << 4)
    /// Another type or policy than the row before.
    static let numbers = RowFlags(rawValue: 1 << 5)
    static let attempts = RowFlags(rawValue: 1 << 6)
    /// A second byte of flags follows.
    static let more = RowFlags(rawValue: 1 << 7)
    static let expiresAt = RowFlags(rawValue: 1 << 8)
    static let location = RowFlags(rawValue: 1 << 9)
    static let failure = RowFlags(rawValue: 1 << 10)
    static let priority = RowFlags(rawValue: 1 << 11)
    static let expiries = RowFlags(rawValue: 1 << 12)
    static let known: UInt16 = 0x1FFF
}

/// Numbers of the row before, from which those of a row are told.
private struct RowBase {
    var submitted: UInt64 = 0
    var submittedAt: Int64 = 0
    var type = 0
    var policy = 0
}

extension RowBlock {
    /// - Precondition: the last user is closed.
    func encode(to out: inout ByteWriter) {
        out.writeVarint(UInt64(users.count))
        var start = 0
        for user in 0..<users.count {
            out.writeVarint(UInt64(userEnds[user] - start))
            start = userEnds[user]
            out.writeVarint(UInt64(users[user].byteCount))
            out.write(users[user])
        }
        for texts in [types, policies] {
            out.writeVarint(UInt64(texts.count))
            for number in 0..<texts.count {
                out.writeVarint(UInt64(texts[number].byteCount))
                out.write(texts[number])
            }
        }
        NamePacking.encode(jobs, to: &out)
        var base = RowBase()
        for row in rows.indices { encode(row, after: &base, to: &out) }
    }

    private func flags(of number: Int, after base: RowBase) -> RowFlags {
        let row = rows[number].row
        var flags = RowFlags(rawValue: UInt16(row.end.rawValue))
        if row.isRecurring { flags.insert(.recurring) }
        if row.isOccurrence { flags.insert(.occurrence) }
        if row.executionTime != row.submittedAt { flags.insert(.executionTime) }
        if rows[number].type != base.type || rows[number].policy != base.policy {
            flags.insert(.numbers)
        }
        if row.attempts != 1 { flags.insert(.attempts) }
        if row.expiresAt != nil { flags.insert(.expiresAt) }
        if !locations.range(number).isEmpty { flags.insert(.location) }
        if row.lastFailure != .zero { flags.insert(.failure) }
        if row.priority != JobContent.priorityStandard { flags.insert(.priority) }
        if row.leaseExpiries != 0 { flags.insert(.expiries) }
        if flags.rawValue > 0xFF { flags.insert(.more) }
        return flags
    }

    private func encode(_ number: Int, after base: inout RowBase, to out: inout ByteWriter) {
        let row = rows[number].row
        let flags = flags(of: number, after: base)
        out.writeFixed(UInt8(truncatingIfNeeded: flags.rawValue))
        if flags.contains(.more) { out.writeFixed(UInt8(flags.rawValue >> 8)) }
        out.writeSigned(Int64(bitPattern: base.submitted &- row.submitted.rawValue))
        out.writeVarint(row.last.rawValue &- row.submitted.rawValue)
        out.writeSigned(base.submittedAt &- row.submittedAt.microseconds)
        out.writeSigned(row.finishedAt.microseconds &- row.submittedAt.microseconds)
        out.writeFixed(row.contentHash)
        if flags.contains(.executionTime) {
            out.writeSigned(row.executionTime.microseconds &- row.submittedAt.microseconds)
        }
        if flags.contains(.numbers) {
            out.writeVarint(UInt64(rows[number].type))
            out.writeVarint(UInt64(rows[number].policy))
        }
        if flags.contains(.attempts) { out.writeVarint(UInt64(row.attempts)) }
        if let expiresAt = row.expiresAt {
            out.writeSigned(expiresAt.microseconds &- row.submittedAt.microseconds)
        }
        if flags.contains(.location) { encodeLocation(number, to: &out) }
        if flags.contains(.failure) {
            out.writeVarint(row.last.rawValue &- row.lastFailure.rawValue)
        }
        if flags.contains(.priority) { out.writeFixed(row.priority) }
        if flags.contains(.expiries) { out.writeVarint(UInt64(row.leaseExpiries)) }
        base = RowBase(
            submitted: row.submitted.rawValue, submittedAt: row.submittedAt.microseconds,
            type: rows[number].type, policy: rows[number].policy)
    }

    /// Locations of neighbours differ in little: what is shared with the one before, and the rest.
    private func encodeLocation(_ number: Int, to out: inout ByteWriter) {
        let location = locations[number]
        let shared = number == 0 ? 0 : location.sharedPrefix(with: locations[number - 1])
        out.writeVarint(UInt64(shared))
        out.writeVarint(UInt64(location.byteCount - shared))
        out.write(location.extracting(shared...))
    }
}

extension RowBlock {
    /// Replaces what is here by the `count` rows that fill `body`.
    mutating func decode(_ body: RawSpan, count: Int) throws(Flaw) {
        removeAll()
        guard count >= 1, count <= Self.rowsMax else { throw Flaw("count of rows") }
        var reader = ByteReader(body)
        do {
            try decodeUsers(count, from: &reader)
            try decode(&types, bytesMax: HistoryLimits.nameBytesMax, count, from: &reader)
            try decode(&policies, bytesMax: HistoryLimits.policyBytesMax, count, from: &reader)
            try NamePacking.decode(count, from: &reader, into: &jobs)
            var base = RowBase()
            for _ in 0..<count { try decodeRow(after: &base, from: &reader) }
            guard reader.remaining == 0 else { throw Flaw("bytes behind the last row") }
        } catch let flaw as Flaw {
            throw flaw
        } catch {
            throw Flaw("\(error)")
        }
    }

    private mutating func decodeUsers(_ count: Int, from reader: inout ByteReader) throws {
        let userCount = try reader.readCount(max: count)
        for _ in 0..<userCount {
            let rows = try reader.readCount(max: count)
            let end = (userEnds.last ?? 0) + rows
            guard rows > 0, end <= count else { throw Flaw("rows of a user") }
            userEnds.append(end)
            let byteCount = try reader.readCount(max: HistoryLimits.nameBytesMax)
            users.append(try reader.read(count: byteCount))
        }
        guard userEnds.last == count else { throw Flaw("rows of a user") }
    }

    private func decode(
        _ texts: inout Texts, bytesMax: Int, _ count: Int, from reader: inout ByteReader
    ) throws {
        for _ in 0..<(try reader.readCount(max: count)) {
            texts.append(try reader.read(count: reader.readCount(max: bytesMax)))
        }
    }

    private mutating func decodeRow(
        after base: inout RowBase, from reader: inout ByteReader
    ) throws {
        let flags = try reader.readRowFlags()
        guard let end = HistoryEnd(rawValue: UInt8(flags.rawValue & RowFlags.endMask)) else {
            throw Flaw("status of a row")
        }
        let submitted = base.submitted &- UInt64(bitPattern: try reader.readSigned())
        let last = submitted &+ (try reader.readVarint())
        let submittedAt = base.submittedAt &- (try reader.readSigned())
        let finishedAt = submittedAt &+ (try reader.readSigned())
        let hash: UInt64 = try reader.readFixed()
        let execution =
            flags.contains(.executionTime) ? submittedAt &+ (try reader.readSigned()) : submittedAt
        if flags.contains(.numbers) {
            base.type = Int(clamping: try reader.readVarint())
            base.policy = Int(clamping: try reader.readVarint())
        }
        guard base.type < types.count, base.policy < policies.count else {
            throw Flaw("type or policy of a row")
        }
        var row = HistoryRow(
            submitted: LSN(rawValue: submitted), last: LSN(rawValue: last), end: end,
            submittedAt: WallTime(microseconds: submittedAt),
            finishedAt: WallTime(microseconds: finishedAt),
            executionTime: WallTime(microseconds: execution), contentHash: hash)
        row.isRecurring = flags.contains(.recurring)
        row.isOccurrence = flags.contains(.occurrence)
        row.attempts = flags.contains(.attempts) ? try reader.readNumber() : 1
        if flags.contains(.expiresAt) {
            row.expiresAt = WallTime(microseconds: submittedAt &+ (try reader.readSigned()))
        }
        try decodeLocation(flags, from: &reader)
        if flags.contains(.failure) {
            row.lastFailure = LSN(rawValue: last &- (try reader.readVarint()))
        }
        if flags.contains(.priority) { row.priority = try reader.readFixed() }
        if flags.contains(.expiries) { row.leaseExpiries = try reader.readNumber() }
        rows.append(BlockRow(row: row, type: base.type, policy: base.policy))
        base.submitted = submitted
        base.submittedAt = submittedAt
    }

    private mutating func decodeLocation(
        _ flags: RowFlags, from reader: inout ByteReader
    ) throws {
        guard flags.contains(.location) else { return locations.append([]) }
        let previous = locations.count - 1
        let shared = try reader.readCount(max: previous < 0 ? 0 : locations[previous].byteCount)
        let rest = try reader.readCount(max: HistoryLimits.locationBytesMax - shared)
        let bytes = try reader.read(count: rest)
        guard shared > 0 else { return locations.append(bytes) }
        locations.append(shared: shared, of: previous, rest: bytes)
    }
}

extension ByteWriter {
    /// Zigzag: small numbers of either sign are short.
    fileprivate mutating func writeSigned(_ value: Int64) {
        writeVarint(UInt64(bitPattern: value << 1 ^ value >> 63))
    }
}

extension ByteReader {
    fileprivate mutating func readSigned() throws -> Int64 {
        let bits = try readVarint()
        return Int64(bitPattern: bits >> 1) ^ -Int64(bitPattern: bits & 1)
    }

    fileprivate mutating func readNumber() throws -> UInt32 {
        guard let number = UInt32(exactly: try readVarint()) else { throw Flaw("count of a row") }
        return number
    }

    fileprivate mutating func readRowFlags() throws -> RowFlags {
        var bits = UInt16(try readFixed(UInt8.self))
        if bits & RowFlags.more.rawValue != 0 { bits |= UInt16(try readFixed(UInt8.self)) << 8 }
        guard bits & ~RowFlags.known == 0 else { throw Flaw("flags of a row") }
        return RowFlags(rawValue: bits)
    }

    /// A count or a length; refused before anything is allocated for it.
    mutating func readCount(max: Int) throws -> Int {
        let value = try readVarint()
        guard value <= UInt64(max) else {
            throw Flaw("a count of \(value), at most \(max) allowed")
        }
        return Int(value)
    }
}
