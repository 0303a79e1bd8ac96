import ByteCoding

/// Finds the block of a key: pages of about 256 keys by the highest bits of their hashes.
///
/// A page is for each of its keys 16 bits of its hash, then for each the number of its block in as
/// few bytes as the file needs. One read, and one in 256 times a wrong block beside the right one.
enum KeyIndex {
    private static let keysPerPage = 256

    static func pages(rows: Int) -> Int { (rows + keysPerPage - 1) / keysPerPage }

    static func page(of hash: UInt64, pages: Int) -> Int {
        Int(((hash >> 40) &* UInt64(pages)) >> 24)
    }

    static func blockBytes(blocks: Int) -> Int {
        blocks <= 1 << 8 ? 1 : blocks <= 1 << 16 ? 2 : 3
    }

    /// A key on its way into a page: the highest 40 bits of its hash, and its block.
    static func element(hash: UInt64, block: Int) -> UInt64 {
        hash & ~0xFF_FFFF | UInt64(block)
    }

    private static func tag(_ hash: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: hash >> 24) }

    /// The elements by page, and where each page begins; in the order they came in within a page.
    static func sorted(_ elements: [UInt64], pages: Int) -> (elements: [UInt64], starts: [Int]) {
        var starts = [Int](repeating: 0, count: pages + 1)
        for element in elements { starts[page(of: element, pages: pages) + 1] += 1 }
        for page in 0..<pages { starts[page + 1] += starts[page] }
        var next = starts
        var sorted = [UInt64](repeating: 0, count: elements.count)
        for element in elements {
            let page = page(of: element, pages: pages)
            sorted[next[page]] = element
            next[page] += 1
        }
        return (sorted, starts)
    }

    static func encode(_ elements: ArraySlice<UInt64>, blockBytes: Int, to out: inout ByteWriter) {
        for element in elements { out.writeFixed(tag(element)) }
        for element in elements {
            for byte in 0..<blockBytes {
                out.writeFixed(UInt8(truncatingIfNeeded: element >> UInt64(8 * byte)))
            }
        }
    }

    /// Blocks in which the key may be, each once, in no order.
    static func blocks(
        of hash: UInt64, in page: RawSpan, count: Int, blocks blockCount: Int
    ) throws(Flaw) -> [Int] {
        let blockBytes = try blockBytes(of: page, count: count, blocks: blockCount)
        let wanted = tag(hash)
        var blocks: [Int] = []
        for number in 0..<count where page.fixed(at: 2 * number, as: UInt16.self) == wanted {
            let block = block(number, in: page, count: count, blockBytes: blockBytes)
            guard block < blockCount else { throw Flaw("block of a key") }
            if !blocks.contains(block) { blocks.append(block) }
        }
        return blocks
    }

    /// Throws where the page names a block that is not there.
    static func check(_ page: RawSpan, count: Int, blocks blockCount: Int) throws(Flaw) {
        let blockBytes = try blockBytes(of: page, count: count, blocks: blockCount)
        for number in 0..<count
        where block(number, in: page, count: count, blockBytes: blockBytes) >= blockCount {
            throw Flaw("block of a key")
        }
    }

    private static func blockBytes(
        of page: RawSpan, count: Int, blocks: Int
    ) throws(Flaw) -> Int {
        let blockBytes = blockBytes(blocks: blocks)
        guard page.byteCount == count * (2 + blockBytes) else { throw Flaw("length of a key page") }
        return blockBytes
    }

    private static func block(
        _ number: Int, in page: RawSpan, count: Int, blockBytes: Int
    ) -> Int {
        var block = 0
        for byte in 0..<blockBytes {
            let offset = 2 * count + blockBytes * number + byte
            block |= Int(page.fixed(at: offset, as: UInt8.self)) << (8 * byte)
        }
        return block
    }
}
