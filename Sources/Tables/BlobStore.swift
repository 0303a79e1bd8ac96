public import CMemory

/// Byte strings of 1 byte to 80 KiB, named by 32 bits.
///
/// A reference counts units of 8 bytes, and 0 means none; the length is the caller's to remember. Strings
/// of similar length share pages of 64 KiB, or blocks of four such pages, and a page that has become
/// empty goes back to the system. Nothing ever moves. Owned by one thread.
@safe
@usableFromInline
package struct BlobStore: ~Copyable {
    @usableFromInline
    var pages: BlobPages
    private var spanRegion: Region
    // The region's start, bound to this type for as long as it lives; one for each page.
    private let spans: UnsafeMutablePointer<BlobSpan>
    private let pagesMax: Int
    // Of each class, the first span that has room; behind the spans, in the same region. Not inline:
    // a borrowing call may copy the whole store onto the stack.
    private let roomy: UnsafeMutablePointer<UInt32>
    private static let classCount = 153

    /// Bytes of all strings in the store.
    package private(set) var storedBytes = 0

    /// What 32 bits can name.
    package static var byteCountMax: Int { 8 << 32 }

    /// An empty store: addresses for so many bytes, and no memory yet.
    package init(byteCount: Int = BlobStore.byteCountMax) {
        precondition(
            byteCount >= 0 && byteCount <= Self.byteCountMax, "a store of \(byteCount) bytes")
        // All that could trap first: the optimizer trips over parts of a value that is not whole yet.
        let pagesMax = byteCount / BlobPages.pageBytes
        let spanBytes = pagesMax * MemoryLayout<BlobSpan>.stride
        let spanRegion = Region(
            byteCount: spanBytes + Self.classCount * MemoryLayout<UInt32>.stride)
        pages = BlobPages(byteCount: byteCount)
        self.pagesMax = pagesMax
        unsafe spans = spanRegion.base.bindMemory(to: BlobSpan.self, capacity: pagesMax)
        // Behind the spans, whose size is a multiple of an integer's; zeroes are "none".
        unsafe roomy = (spanRegion.base + spanBytes).bindMemory(
            to: UInt32.self, capacity: Self.classCount)
        self.spanRegion = spanRegion
    }

    /// Bytes of the pages that are in use: what is stored, rounded up, and room for more.
    package var heldBytes: Int { pages.pagesInUse * BlobPages.pageBytes }

    /// Takes memory for so many bytes as it is best for a load: nobody is kept waiting by a single string.
    ///
    /// - Precondition: none was there yet.
    package mutating func beginLoad(of byteCount: Int) {
        precondition(pages.pagesInUse == 0, "a store of \(storedBytes) bytes is not new")
        pages.region.beginLoad(of: byteCount)
    }

    /// Ends what `beginLoad` began: memory is taken as ever again.
    package func endLoad() { pages.region.endLoad() }

    /// Finds room for a string, whose bytes are still to be written.
    ///
    /// - Precondition: the store has room, and a string has 1 byte to 80 KiB.
    package mutating func allocate(byteCount: Int) -> UInt32 {
        let blobClass = BlobClass(byteCount: byteCount)
        // In bounds by the check.
        var page = unsafe roomy[Self.checked(blobClass)]
        if page == 0 { page = addSpan(blobClass) }
        // In bounds: a linked span's page is in use.
        let span = unsafe spans + Int(page)
        let number = unsafe span.pointee.take()
        if unsafe span.pointee.freeCount == 0 { unlink(page, blobClass) }
        storedBytes += byteCount
        let offset = unsafe Int(page) * BlobPages.pageBytes + number * Int(span.pointee.blobBytes)
        return UInt32(offset / 8)
    }

    /// Makes a string's room free.
    ///
    /// - Precondition: it was allocated with the same length and is not free.
    package mutating func free(_ blob: UInt32, byteCount: Int) {
        let blobClass = BlobClass(byteCount: byteCount)
        check(blob, byteCount: byteCount)
        let start = Int(blob) * 8 / blobClass.spanBytes * blobClass.spanBytes
        let page = start / BlobPages.pageBytes
        // In bounds by the check.
        let span = unsafe spans + page
        let blobBytes = unsafe span.pointee.blobBytes
        precondition(Int(blobBytes) == blobClass.byteCount, "a blob freed with another length")
        let (number, rest) = UInt32(Int(blob) * 8 - start).quotientAndRemainder(
            dividingBy: blobBytes)
        precondition(
            unsafe rest == 0 && number < span.pointee.blobCount, "no blob begins at unit \(blob)")
        unsafe span.pointee.putBack(Int(number))
        storedBytes -= byteCount
        if unsafe span.pointee.freeCount == 1 { link(UInt32(page), blobClass) }
        if unsafe span.pointee.freeCount == span.pointee.blobCount { removeSpan(page, blobClass) }
    }

    /// The string, borrowed: no copy.
    @inlinable
    @_lifetime(borrow self)
    package func bytes(_ blob: UInt32, byteCount: Int) -> RawSpan {
        check(blob, byteCount: byteCount)
        // In bounds by the check, and the memory lives as long as the store, which is borrowed.
        let span = unsafe RawSpan(
            _unsafeStart: pages.region.base + Int(blob) * 8, byteCount: byteCount)
        return unsafe _overrideLifetime(span, borrowing: self)
    }

    /// Lends the string's room to `body`, to be filled.
    @inlinable
    package mutating func withMutableBytes(
        _ blob: UInt32, byteCount: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        check(blob, byteCount: byteCount)
        // In bounds by the check; nobody else has the store meanwhile.
        unsafe body(
            UnsafeMutableRawBufferPointer(
                start: pages.region.base + Int(blob) * 8, count: byteCount))
    }

    /// Copies `bytes` into a string, from its byte `offset` on.
    ///
    /// - Precondition: `byteCount` is the string's length, and the bytes lie within it.
    @inlinable
    package mutating func write(
        _ bytes: RawSpan, to blob: UInt32, byteCount: Int, at offset: Int = 0
    ) {
        check(blob, byteCount: byteCount)
        precondition(
            offset >= 0 && offset <= byteCount - bytes.byteCount, "bytes past the end of a blob")
        let target = unsafe pages.region.base + (Int(blob) * 8 + offset)
        // In bounds by the checks; a span of this store cannot be alive while it is being changed.
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: source.count)
        }
    }

    /// Asks for the cache lines where a string begins and goes on.
    @inlinable
    package func prefetchTwo(_ blob: UInt32) {
        // Reads nothing and never faults.
        unsafe daybook_prefetch(pages.region.base + Int(blob) * 8)
        unsafe daybook_prefetch(pages.region.base + Int(blob) * 8 + 64)
    }

    /// Asks for the first cache line of a string.
    @inlinable
    package func prefetch(_ blob: UInt32) {
        // Reads nothing and never faults.
        unsafe daybook_prefetch(pages.region.base + Int(blob) * 8)
    }

    @inlinable
    func check(_ blob: UInt32, byteCount: Int) {
        if blob == 0 || byteCount < 0 || byteCount > pages.usedBytes &- Int(blob) * 8 {
            Self.refuse(blob, byteCount: byteCount)
        }
    }

    @usableFromInline
    @inline(never)
    static func refuse(_ blob: UInt32, byteCount: Int) -> Never {
        preconditionFailure("no blob of \(byteCount) bytes at unit \(blob)")
    }
}

/// Spans of one class that have room, linked both ways.
extension BlobStore {
    private mutating func addSpan(_ blobClass: BlobClass) -> UInt32 {
        let page = blobClass.isWide ? pages.allocateBlock() : pages.allocatePage()
        spanRegion.grow(to: (page + 1) * MemoryLayout<BlobSpan>.stride)
        // In bounds: the pages that are given are those of the region.
        unsafe spans[page] = BlobSpan(
            spanBytes: blobClass.spanBytes, blobBytes: blobClass.byteCount)
        link(UInt32(page), blobClass)
        return UInt32(page)
    }

    private mutating func removeSpan(_ page: Int, _ blobClass: BlobClass) {
        unlink(UInt32(page), blobClass)
        // In bounds: it is the page of a span. No length fits it until it is used again.
        unsafe spans[page].blobBytes = 0
        if blobClass.isWide {
            pages.freeBlock(page)
        } else {
            pages.freePage(page)
        }
    }

    private mutating func link(_ page: UInt32, _ blobClass: BlobClass) {
        // In bounds by the check.
        let next = unsafe roomy[Self.checked(blobClass)]
        // In bounds, here and below: links name pages in use.
        unsafe spans[Int(page)].previous = 0
        unsafe spans[Int(page)].next = next
        if next != 0 { unsafe spans[Int(next)].previous = page }
        // In bounds by the check.
        unsafe roomy[Self.checked(blobClass)] = page
    }

    private mutating func unlink(_ page: UInt32, _ blobClass: BlobClass) {
        let (next, previous) = unsafe (spans[Int(page)].next, spans[Int(page)].previous)
        if next != 0 { unsafe spans[Int(next)].previous = previous }
        if previous != 0 {
            unsafe spans[Int(previous)].next = next
        } else {
            // In bounds by the check.
            unsafe roomy[Self.checked(blobClass)] = next
        }
    }

    private static func checked(_ blobClass: BlobClass) -> Int {
        precondition(blobClass.number >= 0 && blobClass.number < classCount, "no such class")
        return blobClass.number
    }
}
