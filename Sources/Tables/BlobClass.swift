/// A size that blobs are rounded up to: multiples of 8 bytes to 1 KiB, then four sizes per doubling.
@usableFromInline
struct BlobClass {
    /// From 0; 2 is the smallest in use, because smaller ones would need a longer bitmap.
    let number: Int

    static let countMax = 153
    static let byteCountMax = 80 << 10
    private static let smallest = 2
    private static let fineCount = 128

    /// The class of blobs of so many bytes.
    init(byteCount: Int) {
        precondition(
            byteCount >= 1 && byteCount <= Self.byteCountMax, "a blob of \(byteCount) bytes")
        guard byteCount > 8 * Self.fineCount else {
            number = max((byteCount + 7) / 8 - 1, Self.smallest)
            return
        }
        let doubling = Int.bitWidth - 1 - (byteCount - 1).leadingZeroBitCount
        let quarter = (byteCount - 1) >> (doubling - 2) & 3
        number = Self.fineCount + (doubling - 10) * 4 + quarter
    }

    /// What a blob of this class takes.
    var byteCount: Int {
        guard number >= Self.fineCount else { return (number + 1) * 8 }
        let (doubling, quarter) = (number - Self.fineCount).quotientAndRemainder(dividingBy: 4)
        return (5 + quarter) << (doubling + 8)
    }

    /// Whether its blobs lie in whole blocks: in single pages, too much would be left over.
    var isWide: Bool { byteCount > 16 << 10 }

    /// What blobs of one class are cut from.
    var spanBytes: Int { isWide ? BlobPages.blockBytes : BlobPages.pageBytes }
}
