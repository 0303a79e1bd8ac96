import Glibc
package import Storage

extension LogScan {
    /// Keeps every daemon away from a data directory that is there, until the lock is released.
    ///
    /// A scan needs none; whoever reads more than the log, and wants it not to change, does.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where it is.
    /// - Returns: The lock.
    /// - Throws: `LogError.directoryInUse` while a daemon runs, `.io` where there is no directory.
    package static func lock(
        directory: String, storage: any Storage
    ) throws(LogError) -> any DirectoryLock {
        do throws(LogError) {
            return try LogDirectory(path: directory, storage: storage).lock()
        } catch .notWritable(let error) where error.errno == ENOENT {
            throw .io(error)
        }
    }
}
