/// Gives pages of 64 KiB and blocks of four, and takes them back.
///
/// Free memory goes back to the system, apart from a little that is kept for the next in need. Blocks count
/// from 1 and pages from 4, so that no address is 0.
@safe
@usableFromInline
struct BlobPages: ~Copyable {
    @usableFromInline
    var region: Region
    private var blockRegion: Region
    // The second region's start, bound to this type for as long as it lives.
    private let blocks: UnsafeMutablePointer<BlobBlock>
    private let blocksMax: Int
    /// The region is in use up to here.
    @usableFromInline
    private(set) var usedBytes = BlobPages.blockBytes
    /// Blocks with some pages free and some in use, linked both ways.
    private var firstPartial: UInt32 = 0
    /// Blocks that are free as a whole.
    private var firstFree: UInt32 = 0
    /// Free pages that have memory.
    private var keptPages = 0
    private(set) var pagesInUse = 0

    static let pageBytes = 1 << 16
    static let blockPages = 4
    static let blockBytes = pageBytes * blockPages
    private static let keptPagesMax = 64

    init(byteCount: Int) {
        // All that could trap first: the optimizer trips over parts of a value that is not whole yet.
        let blocksMax = byteCount / Self.blockBytes
        let region = Region(byteCount: blocksMax * Self.blockBytes)
        let blockRegion = Region(byteCount: blocksMax * MemoryLayout<BlobBlock>.stride)
        self.blocksMax = blocksMax
        self.region = region
        unsafe blocks = blockRegion.base.bindMemory(to: BlobBlock.self, capacity: blocksMax)
        self.blockRegion = blockRegion
    }

    /// A page that nobody uses; its bytes may be anything.
    mutating func allocatePage() -> Int {
        let number = firstPartial != 0 ? firstPartial : splitBlock()
        // In bounds: a linked block is in use.
        let block = unsafe blocks + Int(number)
        let free = unsafe block.pointee.free
        let kept = unsafe free & block.pointee.kept
        let bit: UInt8 = 1 << UInt8((kept != 0 ? kept : free).trailingZeroBitCount)
        unsafe block.pointee.free &= ~bit
        if unsafe block.pointee.free == 0 { unlink(number) }
        let page = Int(number) * Self.blockPages + bit.trailingZeroBitCount
        if kept != 0 {
            unsafe block.pointee.kept &= ~bit
            keptPages -= 1
        } else if unsafe block.pointee.isUsedBefore {
            region.populate(offset: page * Self.pageBytes, count: Self.pageBytes)
        }
        pagesInUse += 1
        return page
    }

    /// Four pages in a row that nobody uses; returns the first.
    mutating func allocateBlock() -> Int {
        let number = takeBlock()
        // In bounds: takeBlock has checked it.
        keptPages -= unsafe blocks[Int(number)].kept.nonzeroBitCount
        unsafe blocks[Int(number)].kept = 0
        unsafe blocks[Int(number)].isUsedBefore = true
        pagesInUse += Self.blockPages
        return Int(number) * Self.blockPages
    }

    mutating func freePage(_ page: Int) {
        let number = UInt32(page / Self.blockPages)
        // In bounds: the page was given, so its block is in use.
        let block = unsafe blocks + Int(number)
        let bit: UInt8 = 1 << UInt8(page % Self.blockPages)
        precondition(unsafe block.pointee.free & bit == 0, "page \(page) freed twice")
        if unsafe block.pointee.free == 0 { link(number) }
        unsafe block.pointee.free |= bit
        unsafe block.pointee.isUsedBefore = true
        pagesInUse -= 1
        if keptPages < Self.keptPagesMax {
            unsafe block.pointee.kept |= bit
            keptPages += 1
        } else {
            region.giveBack(offset: page * Self.pageBytes, count: Self.pageBytes)
        }
        guard unsafe block.pointee.free == BlobBlock.allPages else { return }
        unlink(number)
        pushFree(number)
    }

    mutating func freeBlock(_ page: Int) {
        let number = UInt32(page / Self.blockPages)
        if keptPages <= Self.keptPagesMax - Self.blockPages {
            // In bounds: the block was given, so it is in use.
            unsafe blocks[Int(number)].kept = BlobBlock.allPages
            keptPages += Self.blockPages
        } else {
            region.giveBack(offset: page * Self.pageBytes, count: Self.blockBytes)
        }
        pagesInUse -= Self.blockPages
        pushFree(number)
    }

    private mutating func splitBlock() -> UInt32 {
        let number = takeBlock()
        // In bounds: takeBlock has checked it.
        unsafe blocks[Int(number)].free = BlobBlock.allPages
        link(number)
        return number
    }

    private mutating func takeBlock() -> UInt32 {
        let number = firstFree
        if number != 0 {
            // In bounds: it was in use once.
            firstFree = unsafe blocks[Int(number)].next
            return number
        }
        let fresh = usedBytes / Self.blockBytes
        precondition(fresh < blocksMax, "a store of \(region.byteCount) bytes is full")
        usedBytes += Self.blockBytes
        region.grow(to: usedBytes)
        blockRegion.grow(to: (fresh + 1) * MemoryLayout<BlobBlock>.stride)
        return UInt32(fresh)
    }

    private mutating func pushFree(_ number: UInt32) {
        // In bounds: a block that was in use.
        unsafe blocks[Int(number)].free = 0
        unsafe blocks[Int(number)].next = firstFree
        firstFree = number
    }

    private mutating func link(_ number: UInt32) {
        // In bounds, here and below: links name blocks in use.
        unsafe blocks[Int(number)].previous = 0
        unsafe blocks[Int(number)].next = firstPartial
        if firstPartial != 0 { unsafe blocks[Int(firstPartial)].previous = number }
        firstPartial = number
    }

    private mutating func unlink(_ number: UInt32) {
        let (next, previous) = unsafe (blocks[Int(number)].next, blocks[Int(number)].previous)
        if next != 0 { unsafe blocks[Int(next)].previous = previous }
        if previous != 0 {
            unsafe blocks[Int(previous)].next = next
        } else {
            firstPartial = next
        }
    }
}

/// What is known of four pages.
struct BlobBlock: BitwiseCopyable {
    var next: UInt32
    var previous: UInt32
    /// A bit for each page that can be given; none of a block that is free or in use as a whole.
    var free: UInt8
    /// A bit for each free page that has memory.
    var kept: UInt8
    /// Whether memory that was touched once may have been given back.
    var isUsedBefore: Bool

    static let allPages: UInt8 = 0b1111
}
