import ByteCoding

extension Texts {
    /// Where each text stands in the order of their bytes: equal ones at the same place.
    ///
    /// Eight bytes behind what all begin with tell most apart: by these in a radix sort from the last byte
    /// to the first (Knuth, The Art of Computer Programming, volume 3, 5.2.5), and those that are alike
    /// there by all.
    var ranks: TextRanks {
        var ranks = TextRanks(count: 0, ofNumbers: [UInt32](repeating: 0, count: count))
        guard count > 0 else { return ranks }
        var shared = self[0].byteCount
        for number in 0..<count { shared = min(shared, self[number].sharedPrefix(with: self[0])) }
        var keys: [SortKey] = []
        keys.reserveCapacity(count)
        for number in 0..<count {
            keys.append(SortKey(word: self[number].word(from: shared), number: UInt32(number)))
        }
        keys.sortByWord()
        var start = 0
        while start < count {
            var end = start + 1
            while end < count, keys[end].word == keys[start].word { end += 1 }
            if end > start + 1 {
                keys[start..<end].sort { order(Int($0.number), Int($1.number)) < 0 }
            }
            for key in start..<end {
                let number = Int(keys[key].number)
                let isNew = key == start || order(Int(keys[key - 1].number), number) != 0
                if isNew { ranks.count += 1 }
                ranks.ofNumbers[number] = UInt32(ranks.count - 1)
            }
            start = end
        }
        return ranks
    }

    private func order(_ left: Int, _ right: Int) -> Int { self[left].order(to: self[right]) }
}

/// Where texts stand in the order of their bytes.
struct TextRanks: Sendable {
    /// Texts that differ.
    var count: Int
    /// By number.
    var ofNumbers: [UInt32]
}

private struct SortKey: BitwiseCopyable {
    /// Bytes of a text, the first the highest.
    var word: UInt64 = 0
    var number: UInt32 = 0
}

extension [SortKey] {
    /// Stable; passes over bytes in which no two words differ.
    fileprivate mutating func sortByWord() {
        var differing: UInt64 = 0
        for key in self { differing |= key.word ^ self[0].word }
        var sorted = self
        for shift in stride(from: UInt64(0), to: 64, by: 8) where differing >> shift & 0xFF != 0 {
            // One more than the byte, so that a place is where its keys begin.
            var places = [257 of Int](repeating: 0)
            for key in self { places[Int(key.word >> shift & 0xFF) + 1] += 1 }
            for byte in 0..<256 { places[byte + 1] += places[byte] }
            for key in self {
                let byte = Int(key.word >> shift & 0xFF)
                sorted[places[byte]] = key
                places[byte] += 1
            }
            swap(&self, &sorted)
        }
    }
}

extension RawSpan {
    /// Eight bytes in their order as one number, zeroes behind the last.
    func word(from start: Int) -> UInt64 {
        if start + 8 <= byteCount { return fixed(at: start, as: UInt64.self).byteSwapped }
        var word: UInt64 = 0
        for offset in start..<start + 8 {
            word = word << 8 | (offset < byteCount ? UInt64(fixed(at: offset, as: UInt8.self)) : 0)
        }
        return word
    }
}
