import EventLog
import FoundationEssentials
import Glibc
import Storage
import Units

/// Makes a new log to be measured; a failure of the disk ends the program.
func openLog(
    _ directory: String, _ storage: WatchedStorage, options: LogOptions = LogOptions(),
    onDurable: @escaping @Sendable (LSN) -> Void = { _ in }
) throws(LogError) -> EventLog {
    try EventLog.open(
        directory: directory, storage: storage, options: options,
        replay: { _, _ throws(RecordRefusal) in }, onDurable: onDurable,
        onFailure: { fatalError("\($0)") })
}

/// Removes a file, or a directory with what it holds.
func remove(_ path: String) throws {
    try FileManager.default.removeItem(atPath: path)
}

/// Sleeps; a signal may end it early.
func pause(nanoseconds: UInt64) {
    usleep(UInt32(min(nanoseconds / 1000 + 1, 1_000_000)))
}
