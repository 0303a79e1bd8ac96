/// What is known of a page, or of a block, that is cut into blobs of one class: 384 bytes.
struct BlobSpan: BitwiseCopyable {
    /// Neighbours among the spans of the class that have room; pages, 0: none.
    var next: UInt32 = 0
    var previous: UInt32 = 0
    /// 0 while the page is not in use.
    var blobBytes: UInt32 = 0
    var freeCount: UInt32 = 0
    var blobCount: UInt32 = 0
    /// No word before this has a bit.
    var firstWord: UInt32 = 0
    private var reserve: (UInt64, UInt64) = (0, 0)
    /// A bit for each blob that is free.
    var free = InlineArray<43, UInt64>(repeating: 0)

    init(spanBytes: Int, blobBytes: Int) {
        let count = spanBytes / blobBytes
        precondition(count <= 43 * 64, "\(count) blobs in a span")
        self.blobBytes = UInt32(blobBytes)
        blobCount = UInt32(count)
        freeCount = UInt32(count)
        for word in 0..<count / 64 { free[word] = ~0 }
        if count % 64 != 0 { free[count / 64] = 1 << UInt64(count % 64) - 1 }
    }

    /// Takes a free blob; returns its number in the span.
    ///
    /// - Precondition: there is one.
    mutating func take() -> Int {
        var word = Int(firstWord)
        while free[word] == 0 { word += 1 }
        let bit = free[word].trailingZeroBitCount
        free[word] &= free[word] - 1
        firstWord = UInt32(word)
        freeCount -= 1
        return word * 64 + bit
    }

    /// Makes a blob free again.
    mutating func putBack(_ number: Int) {
        let word = number / 64
        let bit: UInt64 = 1 << UInt64(number % 64)
        precondition(free[word] & bit == 0, "a blob freed twice")
        free[word] |= bit
        firstWord = min(firstWord, UInt32(word))
        freeCount += 1
    }
}
