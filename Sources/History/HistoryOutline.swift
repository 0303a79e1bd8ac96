import ByteCoding
package import Storage
package import Units

/// What tells a file of history from every other, whichever name it has.
package struct HistoryOutline: Equatable, Sendable {
    private let header: HistoryHeader
    private let footer: HistoryFooter

    /// The part of the log that it is an index of.
    package var range: ClosedRange<LSN> { header.range }
    /// The checksum of its footer, which goes on from that of its header.
    package var mark: UInt32 {
        var out = ByteWriter(capacity: HistoryFooter.byteCount)
        footer.encode(to: &out, seed: header.seed)
        return out.bytes.fixed(at: 0)
    }

    /// Reads the ends of a file, no more.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - log: Identity of its log: a file of another one is damaged for us.
    ///   - storage: Where it is.
    /// - Throws: `HistoryError.damaged`, `.io`.
    package init(of path: String, log: UInt64, storage: any Storage) throws(HistoryError) {
        let file = try unwrap { () throws(StorageError) in try storage.open(path, .read) }
        do throws(Flaw) {
            (header, footer) = try FileParts.ends(of: file)
            guard header.log == log else { throw Flaw("identity of the log") }
        } catch {
            throw error.error(in: path)
        }
    }

    /// The same, and reads all of the file: every checksum.
    package init(checking path: String, log: UInt64, storage: any Storage) throws(HistoryError) {
        try self.init(of: path, log: log, storage: storage)
        try HistoryFile(path, as: path, storage: storage, cache: FrameCache(bytesMax: 0))
            .verifyChecksums()
    }

    /// Leaves out those that were merged into others.
    package static func withoutMerged(_ outlines: [HistoryOutline]) -> [HistoryOutline] {
        let byRange = Dictionary(outlines.map { ($0.range, $0) }) { $1 }
        var kept: [HistoryOutline] = []
        for range in Array(byRange.keys).widestFirst {
            guard let outline = byRange[range], !kept.contains(where: { $0.range.overlaps(range) })
            else { continue }
            kept.append(outline)
        }
        return kept.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }
}
