package import Storage

/// A moment at which the power was cut, and what may be found on the disk afterwards.
package struct PowerCut: Sendable {
    /// Changes made before.
    package let changes: Int
    /// The change that did not come about; nil where the cut came between changes.
    package let prevented: StorageError.Operation?
    let disk: SimulatedDisk

    /// True where everything was synced, so that the disk can be found in one state only.
    package var isSettled: Bool { disk.isSettled }

    /// The disk with all that was synced and nothing else.
    package func synced() -> SimulatedStorage {
        var drawing = CrashDrawing(disk, seed: 0)
        return SimulatedStorage(disk: drawing.draw(.lost))
    }

    /// One of the disks that may be found, and what happened to it.
    ///
    /// What was synced is there. What was not is lost, kept, kept up to some point, or torn sector by
    /// sector; each file and each name by itself.
    package func image(seed: UInt64) -> CrashImage {
        var drawing = CrashDrawing(disk, seed: seed)
        let found = drawing.draw()
        return CrashImage(
            storage: SimulatedStorage(disk: found, seed: seed), damage: drawing.damage)
    }

    /// The disk for a program that was killed while the machine went on: no lock, no fault.
    package func killed() -> SimulatedStorage {
        var disk = disk
        disk.locked = []
        return SimulatedStorage(disk: disk)
    }
}

/// A disk after a power cut.
package struct CrashImage: Sendable {
    package let storage: SimulatedStorage
    package let damage: Set<CrashDamage>
}

/// What a power cut can do to what was not synced.
package enum CrashDamage: String, CaseIterable, Sendable {
    /// Every write since the last sync of a file.
    case lostWrites
    /// All that was written to a file is there, without a sync.
    case keptWrites
    /// The writes up to some point, the last one perhaps in part.
    case keptPrefix
    /// Some sectors new, others old.
    case tornSectors
    /// A file with its new length, zeros where its new bytes should be.
    case grownWithZeros
    /// The same with what was in those sectors before.
    case grownWithGarbage
    /// A file is as long as before it was cut.
    case lostTruncation
    /// Of two files that were changed, one has its changes and the other does not.
    case reorderedFiles
    /// Bytes whose sync had failed are gone, or there after all.
    case lostAfterFailedSync, keptAfterFailedSync
    /// A new name is gone, or there without a sync of its directory.
    case lostName, keptName
    /// A removed name is there again.
    case revivedName
    /// Of a rename only the old name is there, only the new one, or both.
    case renameOldName, renameNewName, renameBothNames
    /// Both the file that a rename replaced and the one that replaced it are there.
    case replacedFileKept
    /// A new directory is gone, with all that is in it.
    case lostDirectory
}
