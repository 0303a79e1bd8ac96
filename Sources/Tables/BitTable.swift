/// A set of small numbers in zeroed memory that somebody else owns, with a quick way to the next one.
///
/// Each bit of `summary` says whether a word of `words` has any bit.
@safe
@usableFromInline
struct BitTable {
    // Both valid for as long as the owner's region lives: countMax / 64 and countMax / 4096 words.
    @usableFromInline
    let words: UnsafeMutablePointer<UInt64>
    @usableFromInline
    let summary: UnsafeMutablePointer<UInt64>
    @usableFromInline
    let countMax: Int

    /// What a table of `countMax` numbers takes.
    static func byteCount(countMax: Int) -> Int { (countMax / 64 + countMax / 4096) * 8 }

    /// - Precondition: `memory` is zeroed, aligned to 8 bytes, and as long as `byteCount` says;
    ///   `countMax` is a multiple of 4096.
    @unsafe
    init(memory: UnsafeMutableRawPointer, countMax: Int) {
        precondition(countMax % 4096 == 0, "a table of \(countMax) bits")
        let wordCount = countMax / 64
        self.countMax = countMax
        unsafe words = memory.bindMemory(to: UInt64.self, capacity: wordCount)
        unsafe summary = (memory + wordCount * 8).bindMemory(
            to: UInt64.self, capacity: wordCount / 64)
    }

    @inlinable
    func insert(_ number: Int) {
        precondition(number >= 0 && number < countMax, "a number outside the table")
        // In bounds by the line above.
        unsafe words[number >> 6] |= 1 << UInt64(number & 63)
        unsafe summary[number >> 12] |= 1 << UInt64(number >> 6 & 63)
    }

    @inlinable
    func remove(_ number: Int) {
        precondition(number >= 0 && number < countMax, "a number outside the table")
        // In bounds by the line above.
        unsafe words[number >> 6] &= ~(1 << UInt64(number & 63))
        if unsafe words[number >> 6] == 0 {
            unsafe summary[number >> 12] &= ~(1 << UInt64(number >> 6 & 63))
        }
    }

    /// The least number in the set that is not below `start`.
    func first(from start: Int) -> Int? {
        precondition(start >= 0, "a search from \(start)")
        guard start < countMax else { return nil }
        // In bounds: start is below countMax, as is every word that the summary names.
        let word = unsafe words[start >> 6] & ~0 << UInt64(start & 63)
        if word != 0 { return start & ~63 | word.trailingZeroBitCount }
        let next = start >> 6 + 1
        guard next < countMax >> 6 else { return nil }
        var group = next >> 6
        var bits = unsafe summary[group] & ~0 << UInt64(next & 63)
        while bits == 0 {
            group += 1
            guard group < countMax >> 12 else { return nil }
            bits = unsafe summary[group]
        }
        let found = group << 6 | bits.trailingZeroBitCount
        return unsafe found << 6 | words[found].trailingZeroBitCount
    }
}
