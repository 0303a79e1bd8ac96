import ByteCoding

/// Job ids of a block: what all begin with once, then each character in as few bits as the block's
/// alphabet needs.
///
/// Ids are random more often than not: LZ4 finds nothing in them, but of 256 byte values they use 16
/// or 64. A character's code is its rank among those used, in the order of bytes.
enum NamePacking {
    private static let plainBits: UInt8 = 8

    static func encode(_ names: Texts, to out: inout ByteWriter) {
        let shared = sharedPrefix(of: names)
        out.writeVarint(UInt64(shared))
        if names.count > 0 { out.write(names[0].extracting(0..<shared)) }
        writeLengths(names, shared, to: &out)
        let alphabet = Alphabet(of: names, from: shared)
        out.writeFixed(alphabet.bits)
        guard alphabet.bits < plainBits else {
            for number in 0..<names.count { out.write(names[number].extracting(shared...)) }
            return
        }
        for word in alphabet.words.indices { out.writeFixed(alphabet.words[word]) }
        pack(names, shared, alphabet, to: &out)
    }

    private static func sharedPrefix(of names: Texts) -> Int {
        guard names.count > 0 else { return 0 }
        var shared = names[0].byteCount
        for number in 1..<max(names.count, 1) {
            shared = min(shared, names[0].sharedPrefix(with: names[number]))
        }
        return shared
    }

    /// One length where all are equal, else a zero and then each.
    private static func writeLengths(_ names: Texts, _ shared: Int, to out: inout ByteWriter) {
        let first = names.count > 0 ? names[0].byteCount : 0
        let isUniform = (0..<names.count).allSatisfy { names[$0].byteCount == first }
        out.writeVarint(isUniform ? UInt64(first - shared + 1) : 0)
        guard !isUniform else { return }
        for number in 0..<names.count { out.writeVarint(UInt64(names[number].byteCount - shared)) }
    }

    private static func pack(
        _ names: Texts, _ shared: Int, _ alphabet: Alphabet, to out: inout ByteWriter
    ) {
        let ranks = alphabet.ranks
        let bits = UInt64(alphabet.bits)
        var pending: UInt64 = 0
        var pendingBits: UInt64 = 0
        for number in 0..<names.count {
            let range = names.range(number)
            for place in range.lowerBound + shared..<range.upperBound {
                pending |= UInt64(ranks[Int(names.bytes[place])]) << pendingBits
                pendingBits += bits
                guard pendingBits >= 32 else { continue }
                out.writeFixed(UInt32(truncatingIfNeeded: pending))
                pending >>= 32
                pendingBits -= 32
            }
        }
        while pendingBits > 0 {
            out.writeFixed(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            pendingBits -= min(8, pendingBits)
        }
    }

    /// Reads `count` names, each of 1 to 128 bytes.
    static func decode(_ count: Int, from reader: inout ByteReader, into names: inout Texts) throws
    {
        let shared = Int(clamping: try reader.readVarint())
        guard shared <= HistoryLimits.nameBytesMax else { throw Flaw("length of a job id") }
        let prefix = try reader.readArray(count: shared)
        let lengths = try readLengths(count, shared, from: &reader)
        let bits: UInt8 = try reader.readFixed()
        guard bits <= plainBits else { throw Flaw("bits of a character") }
        let characters = lengths.reduce(0, +)
        let rests =
            bits < plainBits
            ? try Alphabet(bits: bits, from: &reader).unpack(characters, from: &reader)
            : try reader.readArray(count: characters)
        var start = 0
        for length in lengths {
            names.append(prefix.rawBytes, rests.rawBytes.extracting(start..<start + length))
            start += length
        }
    }

    private static func readLengths(
        _ count: Int, _ shared: Int, from reader: inout ByteReader
    ) throws -> [Int] {
        let uniform = Int(clamping: try reader.readVarint())
        var lengths = [Int](repeating: uniform - 1, count: count)
        if uniform == 0 {
            for number in 0..<count { lengths[number] = Int(clamping: try reader.readVarint()) }
        }
        // Clamped to Int.max, so that the sum must not be made first.
        guard lengths.allSatisfy({ $0 <= HistoryLimits.nameBytesMax - shared && $0 + shared > 0 })
        else { throw Flaw("length of a job id") }
        return lengths
    }
}

/// The byte values that the ids of a block use.
private struct Alphabet {
    /// A bit for each byte value.
    var words: [4 of UInt64] = .init(repeating: 0)
    var bits: UInt8 = 0

    init(of names: Texts, from shared: Int) {
        // A byte for each value: bits of one word would wait for one another.
        var isUsed = [256 of UInt8](repeating: 0)
        for number in 0..<names.count {
            let range = names.range(number)
            for place in range.lowerBound + shared..<range.upperBound {
                isUsed[Int(names.bytes[place])] = 1
            }
        }
        for value in isUsed.indices {
            words[value >> 6] |= UInt64(isUsed[value]) << UInt64(value & 63)
        }
        while 1 << Int(bits) < count { bits += 1 }
    }

    init(bits: UInt8, from reader: inout ByteReader) throws {
        self.bits = bits
        for index in words.indices { words[index] = try reader.readFixed() }
        guard count <= 1 << Int(bits) else { throw Flaw("alphabet of the job ids") }
    }

    var count: Int { words.indices.reduce(0) { $0 + words[$1].nonzeroBitCount } }

    /// Those used, in order.
    var symbols: [UInt8] {
        (UInt8.min...UInt8.max).filter { words[Int($0 >> 6)] >> UInt64($0 & 63) & 1 == 1 }
    }

    /// For each byte value how many of those used come before it.
    var ranks: [UInt8] {
        var ranks = [UInt8](repeating: 0, count: 256)
        for (rank, symbol) in symbols.enumerated() { ranks[Int(symbol)] = UInt8(rank) }
        return ranks
    }

    /// Characters that were packed.
    func unpack(_ count: Int, from reader: inout ByteReader) throws -> [UInt8] {
        let packed = try reader.read(count: (count * Int(bits) + 7) / 8)
        var symbols = symbols
        let known = symbols.count
        symbols += [UInt8](repeating: 0, count: 1 << Int(bits) - known)
        var rankMax = 0
        var characters = [UInt8](repeating: 0, count: count)
        var place = 0
        var pending: UInt64 = 0
        var pendingBits: UInt8 = 0
        for index in 0..<count {
            if pendingBits < bits {
                // Four bytes at a time, as they were written; at the end one.
                if place + 4 <= packed.byteCount {
                    let word: UInt32 = packed.fixed(at: place)
                    pending |= UInt64(word) << pendingBits
                    place += 4
                    pendingBits += 32
                } else {
                    pending |= UInt64(packed.fixed(at: place, as: UInt8.self)) << pendingBits
                    place += 1
                    pendingBits += 8
                }
            }
            let rank = Int(pending & (1 << bits - 1))
            pending >>= bits
            pendingBits -= bits
            rankMax = max(rankMax, rank)
            characters[index] = symbols[rank]
        }
        guard count == 0 || rankMax < known else { throw Flaw("character of a job id") }
        return characters
    }
}
