import Glibc
import Storage

/// Writes beside live commits in steps of 256 KiB, each synced, with a pause behind each.
///
/// The same bytes in one go were measured to hold up commits beside them by 5 to 12 ms.
struct WritePace {
    let file: any StorageFile
    private static let pauseMicroseconds: UInt32 = 1000
    static let stepBytes = 256 << 10

    func write(_ bytes: RawSpan, at offset: Int) throws(StorageError) {
        try file.write(bytes, at: UInt64(offset))
    }

    /// Syncs what was written and leaves the disk to others for a moment; not where it is urgent.
    func pause(isUrgent: Bool) throws(StorageError) {
        if isUrgent { return }
        try file.sync()
        // Nobody waits for the pause to end.
        usleep(Self.pauseMicroseconds)
    }
}
