import Engine
import EventLog
import Snapshots
import Storage
import TestKit
import Units

// Retention: on some days the log loses its first segments now and then, archived before.
extension SimulatedDay {
    static let archive = "/archive"

    /// History that was damaged could not be built again on such a day.
    var dropsSegments: Bool { seed % 5 == 2 }

    /// Drops what the older of the two newest snapshots knows, as the engine's retention does; the power may
    /// be cut meanwhile.
    func dropSegments() {
        agenda.plan(.drop, at: soon(7_200))
        guard let engine, !isEvening, trap == nil else { return }
        // Refused by a disk that syncs no names at the moment: nothing is dropped.
        let covered = try? SnapshotDirectory("/data", storage: storage).coveredTwice()
        guard let last = covered, last > .zero else { return }
        knownThrough = max(knownThrough, last)
        if random.strikes(onceIn: 3) {
            let trap = Trap(
                changes: 1 + random.number(below: 24), isKill: random.strikes(onceIn: 3),
                mailbox: mailbox)
            trap.set(on: storage)
            self.trap = trap
        }
        let dropped = try? engine.trimmer.drop(
            through: last, archive: Self.archive, now: clock.wallTime())
        // Refused by a disk that refuses everything at the moment: tried again later.
        if let dropped, dropped > 0 { record.note(.segmentsDropped) }
    }

    /// A power cut came while a segment was archived, or before one that was dropped was removed.
    func noteHalfDrop() {
        let isHalf = storage.filePaths.contains {
            $0.hasPrefix(Self.archive) && $0.hasSuffix(".writing")
        }
        let firsts = Set(names(in: "/data/log"))
        if isHalf || !firsts.isDisjoint(with: names(in: Self.archive)) {
            record.note(.dropCutShort)
        }
    }

    /// Damaged, the newest must leave another that knows what was dropped and is not damaged.
    var maySpareSnapshot: Bool {
        let good = names(in: "/data/snapshots").filter { name in
            guard let lsn = UInt64(name.prefix(20)) else { return false }
            return lsn >= knownThrough.rawValue && !snapshotsDamaged.contains(name)
        }
        return !dropsSegments || good.count > 1
    }

    private func names(in directory: String) -> [String] {
        storage.filePaths.filter {
            $0.hasPrefix(directory + "/") && ($0.hasSuffix(".lz4") || $0.hasSuffix(".snapshot"))
        }.map { String($0.dropFirst(directory.utf8.count + 1)) }
    }
}

extension SimulatedStorage {
    /// A copy of the disk on which the log is whole again: archived segments are put back, and the list of
    /// those that were dropped is gone.
    func withWholeLog() throws(StorageError) -> SimulatedStorage {
        let copy = killed()
        copy.limit(toBytes: nil)
        let archived = filePaths.filter {
            $0.hasPrefix(SimulatedDay.archive + "/") && $0.hasSuffix(".lz4")
        }
        for path in archived {
            let place = "/data/log" + path.dropFirst(SimulatedDay.archive.utf8.count)
            if bytes(of: place) == nil { _ = try copy.open(place, .create) }
            copy.replace(place, with: bytes(of: path) ?? [])
        }
        if bytes(of: "/data/log/dropped") != nil { try copy.remove("/data/log/dropped") }
        return copy
    }
}
