/// A file's bytes, in pages that copies share until one of them changes.
///
/// Invariants: there are exactly as many pages as the bytes need, and what the last page holds
/// behind the end of the file is zero.
struct SimulatedContent: Sendable {
    /// What a disk writes whole or not at all.
    static let sectorBytes = 512
    static let pageBytes = 4096
    private static let zeroPage = [UInt8](repeating: 0, count: pageBytes)

    private var pages: [[UInt8]] = []
    private(set) var byteCount = 0

    init() {}

    init(_ bytes: [UInt8]) {
        write(bytes[...], at: 0)
    }

    /// All the bytes.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for page in pages { bytes.append(contentsOf: page.prefix(byteCount - bytes.count)) }
        return bytes
    }

    /// The sectors that hold bytes from `offset` up to `end`.
    static func sectors(from offset: Int, to end: Int) -> Range<Int> {
        guard offset < end else { return 0..<0 }
        return offset / sectorBytes..<(end + sectorBytes - 1) / sectorBytes
    }

    /// Copies up to `count` bytes into `buffer` at `position`; gives how many there were.
    func read(
        _ count: Int, at offset: Int, into buffer: inout [UInt8], from position: Int
    ) -> Int {
        let end = min(byteCount, offset + count)
        guard offset < end else { return 0 }
        let filled = position + end - offset
        if buffer.count < filled {
            buffer.append(contentsOf: repeatElement(0, count: filled - buffer.count))
        }
        Self.forEachPage(offset, end) { page, range, start in
            Self.copy(pages[page][range], into: &buffer, at: position + start)
        }
        return end - offset
    }

    /// Puts bytes at an offset; lengthens the file where need be.
    mutating func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        let end = offset + bytes.count
        if end > byteCount { resize(to: end) }
        Self.forEachPage(offset, end) { page, range, start in
            let from = bytes.startIndex + start
            Self.copy(
                bytes[from..<from + range.count], into: &pages[page], at: range.lowerBound)
        }
    }

    /// Cuts the file, or lengthens it with zeros.
    mutating func resize(to newByteCount: Int) {
        let pageCount = (newByteCount + Self.pageBytes - 1) / Self.pageBytes
        if pageCount < pages.count { pages.removeLast(pages.count - pageCount) }
        while pages.count < pageCount { pages.append(Self.zeroPage) }
        let tail = newByteCount % Self.pageBytes
        if newByteCount < byteCount && tail > 0 {
            Self.copy(Self.zeroPage[tail...], into: &pages[pageCount - 1], at: tail)
        }
        byteCount = newByteCount
    }

    /// A sector's bytes; zeros where the file does not reach.
    func sector(_ number: Int) -> ArraySlice<UInt8> {
        let offset = number * Self.sectorBytes
        let page = offset / Self.pageBytes
        let start = offset % Self.pageBytes
        return (page < pages.count ? pages[page] : Self.zeroPage)[start..<start + Self.sectorBytes]
    }

    /// Replaces the part of a sector that lies within the file.
    mutating func setSector(_ number: Int, to bytes: ArraySlice<UInt8>) {
        let offset = number * Self.sectorBytes
        guard offset < byteCount else { return }
        write(bytes.prefix(byteCount - offset), at: offset)
    }

    /// Mixes every byte into `hash`.
    func mix(into hash: inout UInt64) {
        hash = (hash ^ UInt64(byteCount)) &* 0x9FB2_1C65_1E98_DF25
        // Four at a time: each must wait for its own multiplication only.
        var lanes = SIMD4<UInt64>(hash, hash &+ 1, hash &+ 2, hash &+ 3)
        for page in pages {
            // Whole words of an array that lives until the closure returns.
            unsafe page.withUnsafeBytes { bytes in
                for offset in stride(from: 0, to: Self.pageBytes, by: 32) {
                    let words = unsafe bytes.loadUnaligned(
                        fromByteOffset: offset, as: SIMD4<UInt64>.self)
                    lanes = (lanes ^ words) &* 0x9FB2_1C65_1E98_DF25
                    lanes ^= lanes &>> 29
                }
            }
        }
        for index in lanes.indices {
            hash = (hash ^ lanes[index]) &* 0x9FB2_1C65_1E98_DF25
            hash ^= hash >> 29
        }
    }

    /// Gives each page from `offset` to `end`, the range inside it, and where that range begins
    /// counted from `offset`.
    private static func forEachPage(
        _ offset: Int, _ end: Int, _ body: (_ page: Int, _ range: Range<Int>, _ start: Int) -> Void
    ) {
        var start = offset
        while start < end {
            let page = start / pageBytes
            let stop = min(end, (page + 1) * pageBytes)
            body(page, start - page * pageBytes..<stop - page * pageBytes, start - offset)
            start = stop
        }
    }

    private static func copy(_ bytes: ArraySlice<UInt8>, into target: inout [UInt8], at offset: Int)
    {
        precondition(offset + bytes.count <= target.count, "no room for \(bytes.count) bytes")
        // In bounds by the line above; the two do not overlap, `target` is held exclusively.
        unsafe target.withUnsafeMutableBytes { target in
            unsafe bytes.withUnsafeBytes { bytes in
                let room = unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset...])
                unsafe room.copyMemory(from: bytes)
            }
        }
    }
}
