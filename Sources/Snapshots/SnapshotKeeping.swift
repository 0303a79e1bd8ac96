package import Units

/// Which snapshots are kept beside the newest: they shorten the way to a moment of the past.
package struct SnapshotKeeping: Sendable {
    /// Those before this event are of no use: the log no longer goes back to them.
    package var from: LSN
    /// So many at most.
    package var countMax: Int
    /// So many bytes at most, all of them together.
    package var bytesMax: UInt64

    package init(from: LSN, countMax: Int, bytesMax: UInt64) {
        self.from = from
        self.countMax = countMax
        self.bytesMax = bytesMax
    }

    /// Those that stay of `older`, which are in order from the newest on: where there are too many, the
    /// one goes that leaves the smallest gap, so that they stay spread over all of the log.
    func choose(_ older: [(lsn: LSN, bytes: UInt64)], before newer: LSN) -> [LSN] {
        var kept = older.filter { $0.lsn >= from }
        while kept.count > countMax || kept.reduce(0, { $0 + $1.bytes }) > bytesMax {
            let gaps = kept.indices.map { index in
                let after = index > 0 ? kept[index - 1].lsn : newer
                let before = index + 1 < kept.count ? kept[index + 1].lsn : from
                return after.rawValue - min(before, after).rawValue
            }
            guard let least = gaps.indices.min(by: { gaps[$0] < gaps[$1] }) else { break }
            kept.remove(at: least)
        }
        return kept.map(\.lsn)
    }
}
