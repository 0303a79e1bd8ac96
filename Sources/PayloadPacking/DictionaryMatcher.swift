import ByteCoding

/// Finds what a short payload has in common with a dictionary, and writes it as an LZ4 block.
///
/// Greedy matching by a table of hashes, as LZ4 itself does (Collet, LZ4 Block Format Description,
/// 1.6), but against the dictionary alone: the table is made once and only read, where liblz4 copies
/// its 16 KiB for each payload, which costs more than the search.
struct DictionaryMatcher: Sendable {
    private let dictionary: [UInt8]
    /// Last place of each hash of 4 bytes in the dictionary; 0 where it is nowhere, as a comparison finds out.
    private let places: [UInt16]

    private static let hashBits: UInt32 = 11
    private static let matchBytesMin = 4
    /// A block ends with at least so many literals, and no match begins within the last 12 bytes.
    private static let tailBytes = 5
    private static let matchStartMargin = 12
    /// After so many looks in vain, one byte more is passed over with each.
    private static let missesPerStep = 8

    /// - Precondition: the dictionary is shorter than 64 KiB.
    init(_ dictionary: [UInt8]) {
        precondition(dictionary.count <= UInt16.max, "a dictionary of \(dictionary.count) bytes")
        self.dictionary = dictionary
        var places = [UInt16](repeating: 0, count: 1 << Self.hashBits)
        let bytes = dictionary.rawBytes
        var previous: UInt32 = 0
        for place in 0..<max(dictionary.count - Self.matchBytesMin + 1, 0) {
            let word: UInt32 = bytes.fixed(at: place)
            // Of a run, where it begins: from there the match is longest.
            if word != previous || place == 0 { places[Self.hash(word)] = UInt16(place) }
            previous = word
        }
        self.places = places
    }

    private static func hash(_ word: UInt32) -> Int {
        Int((word &* 2_654_435_761) >> (32 - hashBits))
    }

    /// Writes the payload as a block; false, and nothing written, where that takes `bytesMax` or more.
    ///
    /// - Precondition: payload and dictionary together are shorter than 64 KiB.
    func pack(_ payload: RawSpan, bytesMax: Int, into writer: inout ByteWriter) -> Bool {
        let start = writer.count
        var literals = 0
        var at = 0
        let dictionary = dictionary.rawBytes
        guard dictionary.byteCount >= Self.matchBytesMin else { return false }
        while let match = nextMatch(payload, &at, dictionary) {
            writer.writeSequence(
                payload.extracting(literals..<at), matchBytes: match.count - Self.matchBytesMin,
                offset: UInt16(dictionary.byteCount - match.place + at))
            guard writer.count - start < bytesMax else { break }
            at += match.count
            literals = at
        }
        let rest = payload.extracting(literals..<payload.byteCount)
        guard writer.count - start + ByteWriter.lastBytes(of: rest.byteCount) < bytesMax else {
            writer.truncate(to: start)
            return false
        }
        writer.writeLast(rest)
        return true
    }

    /// Moves `at` to a place from there on where a match begins, and gives it; nil where none was met.
    ///
    /// The more bytes had none, the fewer are looked at, as in LZ4; a match that was met behind its beginning is
    /// followed back to it.
    private func nextMatch(
        _ payload: RawSpan, _ at: inout Int, _ dictionary: RawSpan
    ) -> (place: Int, count: Int)? {
        let first = at
        let end = payload.byteCount - Self.matchStartMargin
        // In bounds: below `end` there are 12 bytes more; a hash is an index of the table, and what stands
        // there a place of the dictionary with 4 bytes behind it. This loop is most of what packing costs.
        let met = unsafe places.withUnsafeBufferPointer { places -> Int? in
            var misses = 0
            while at <= end {
                let word = unsafe payload.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: at, as: UInt32.self)
                let place = unsafe Int(places[Self.hash(UInt32(littleEndian: word))])
                let there = unsafe dictionary.unsafeLoadUnaligned(
                    fromUncheckedByteOffset: place, as: UInt32.self)
                if there == word { return place }
                misses += 1
                at += 1 + misses / Self.missesPerStep
            }
            return nil
        }
        guard var place = met else { return nil }
        while at > first, place > 0,
            payload.fixed(at: at - 1, as: UInt8.self)
                == dictionary.fixed(at: place - 1, as: UInt8.self)
        {
            at -= 1
            place -= 1
        }
        return (place, matchBytes(payload, at, dictionary, place))
    }

    /// How long the match is of the payload from `at` on with the dictionary from `place` on.
    private func matchBytes(
        _ payload: RawSpan, _ at: Int, _ dictionary: RawSpan, _ place: Int
    ) -> Int {
        let countMax = min(
            dictionary.byteCount - place, payload.byteCount - Self.tailBytes - at)
        var count = Self.matchBytesMin
        while count + 8 <= countMax {
            let left: UInt64 = payload.fixed(at: at + count)
            let difference = left ^ dictionary.fixed(at: place + count)
            guard difference == 0 else {
                return count + difference.trailingZeroBitCount / 8
            }
            count += 8
        }
        while count < countMax,
            payload.fixed(at: at + count, as: UInt8.self) == dictionary.fixed(at: place + count)
        {
            count += 1
        }
        return count
    }
}

extension ByteWriter {
    /// Literals, then a copy of `matchBytes` and four more bytes from `offset` bytes back.
    fileprivate mutating func writeSequence(_ literals: RawSpan, matchBytes: Int, offset: UInt16) {
        writeFixed(
            UInt8(min(literals.byteCount, 15) << 4 | min(matchBytes, 15)))
        writeLength(literals.byteCount)
        write(literals)
        writeFixed(offset)
        writeLength(matchBytes)
    }

    /// What the last literals take, with the token and the length in front.
    fileprivate static func lastBytes(of literalBytes: Int) -> Int {
        1 + (literalBytes < 15 ? 0 : (literalBytes - 15) / 255 + 1) + literalBytes
    }

    fileprivate mutating func writeLast(_ literals: RawSpan) {
        writeFixed(UInt8(min(literals.byteCount, 15) << 4))
        writeLength(literals.byteCount)
        write(literals)
    }

    /// What of a length the four bits in front have no room for.
    private mutating func writeLength(_ length: Int) {
        guard length >= 15 else { return }
        var rest = length - 15
        while rest >= 255 {
            writeFixed(UInt8(255))
            rest -= 255
        }
        writeFixed(UInt8(rest))
    }
}
