/// A file of a simulated disk: what programs see of it, and what a power cut may leave.
struct SimulatedNode: Sendable {
    /// What the last successful sync made sure of.
    private(set) var durable = SimulatedContent()
    /// What programs read.
    private(set) var visible = SimulatedContent()
    /// What each change since the last sync made of the file.
    private(set) var pending: [Change] = []
    /// Sectors whose sync failed: programs see them, no later sync writes them, as on Linux.
    private(set) var doomed: Set<Int> = []
    /// Space that the file takes up, in bytes.
    private(set) var allocatedBytes = 0

    struct Change: Sendable {
        /// All the bytes after the change.
        let content: SimulatedContent
        let sectors: Range<Int>
        /// True where the file was cut or lengthened: that happens as a whole or not at all.
        let isResize: Bool
    }

    init() {}

    /// A file as it lies on the disk.
    init(durable content: SimulatedContent) {
        durable = content
        visible = content
        allocatedBytes = Self.rounded(content.byteCount)
    }

    /// True where a power cut can leave nothing but what programs see.
    var isSettled: Bool { pending.isEmpty && doomed.isEmpty }

    /// Bytes of disk space that a change up to `end` would claim.
    func growth(to end: Int) -> Int { max(0, Self.rounded(end) - allocatedBytes) }

    mutating func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        guard !bytes.isEmpty else { return }
        let end = offset + bytes.count
        let start = min(offset, visible.byteCount)
        visible.write(bytes, at: offset)
        note(SimulatedContent.sectors(from: start, to: end), isResize: false)
        reserve(end)
    }

    mutating func resize(to byteCount: Int) {
        let start = min(byteCount, visible.byteCount)
        var end = max(byteCount, visible.byteCount)
        guard start < end else { return }
        // A file system zeroes what is behind the new end in its page, and lets the other pages go.
        if byteCount < visible.byteCount { end = min(end, Self.rounded(byteCount)) }
        visible.resize(to: byteCount)
        note(SimulatedContent.sectors(from: start, to: end), isResize: true)
        allocatedBytes = min(allocatedBytes, Self.rounded(byteCount))
    }

    /// Claims space without a change to the bytes.
    mutating func reserve(_ byteCount: Int) {
        allocatedBytes = max(allocatedBytes, Self.rounded(byteCount))
    }

    /// Makes everything durable but the sectors whose sync has failed before.
    mutating func sync() {
        if doomed.isEmpty {
            durable = visible
        } else {
            let stale = durable
            durable = visible
            for sector in doomed { durable.setSector(sector, to: stale.sector(sector)) }
        }
        pending = []
    }

    /// A sync that failed: what it was to write is taken for written from now on.
    mutating func failToSync() {
        for change in pending { doomed.formUnion(change.sectors) }
        pending = []
    }

    private mutating func note(_ sectors: Range<Int>, isResize: Bool) {
        // Written anew, a sector is written out with the next sync.
        if !doomed.isEmpty { doomed.subtract(sectors) }
        pending.append(Change(content: visible, sectors: sectors, isResize: isResize))
    }

    private static func rounded(_ byteCount: Int) -> Int {
        let page = SimulatedContent.pageBytes
        return (byteCount + page - 1) / page * page
    }
}
