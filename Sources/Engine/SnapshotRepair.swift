package import EventLog
import Snapshots
package import Storage
package import Units

/// Sets snapshots aside that know of events which a repair takes from the log: no daemon starts with one that
/// is ahead of its log.
package struct SnapshotRepair: Sendable {
    /// The newest events in them, the newest first.
    package let ahead: [LSN]
    private let snapshots: SnapshotDirectory

    /// Looks for them without changing anything.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where it is.
    ///   - kept: The last event that stays in the log.
    /// - Throws: `LogError.noFoundation` where the log's first events were dropped and no snapshot would be
    ///   left to begin with: the repaired log could not be opened; `.io`.
    package init(
        directory: String, storage: any Storage, after kept: LSN
    ) throws(LogError) {
        let snapshots = SnapshotDirectory(directory, storage: storage)
        let dropped = try LogCopy(directory: directory, storage: storage).dropped().lastLSN
        let all: [LSN]
        do throws(StorageError) {
            all = try snapshots.list()
        } catch {
            throw .io(error)
        }
        let isFounded = all.contains { $0 >= dropped && $0 <= kept && snapshots.isGood($0) }
        guard dropped == .zero || isFounded else {
            throw .noFoundation(through: dropped)
        }
        self.snapshots = snapshots
        ahead = all.filter { $0 > kept }
    }

    /// Gives them names under which nobody reads them.
    ///
    /// Before the log is repaired: cut short, the damage is still there and is found again.
    package func run() throws(LogError) {
        do throws(StorageError) {
            for lsn in ahead { try snapshots.setAside(lsn, as: SnapshotDirectory.aheadSuffix) }
        } catch {
            throw .io(error)
        }
    }
}
