package import EventLog
package import Storage

/// Why a backup was not taken or not restored.
package enum BackupError: Error, Equatable, Sendable {
    case io(StorageError)
    /// The log that was to be copied cannot be read.
    case log(LogError)
    /// The data directory holds no log.
    case noLog(directory: String)
    /// There is no backup in the directory.
    case noBackup(directory: String)
    /// The backup's bytes are not what was written.
    case damaged(file: String, what: String)
    /// Written by a later version of this program.
    case newerFormat(file: String)
    /// The directory to write to holds something else already.
    case notEmpty(directory: String)
    /// The directory holds a backup of another log.
    case otherLog(directory: String, found: LogIdentity, wanted: LogIdentity)
    /// The directory holds a backup of this log that the log does not go on from.
    case otherHistory(directory: String, reason: String)
    /// Another process writes there.
    case inUse(directory: String, pid: Int32?)

    /// What reading the backup's own files came to.
    init(inBackup error: LogError) {
        switch error {
        case .io(let refusal): self = .io(refusal)
        case .corrupt(let corruption):
            self = .damaged(
                file: corruption.file,
                what: "\(corruption.what) at offset \(corruption.offsetBytes): expected "
                    + "\(corruption.expected), found \(corruption.found)")
        case .newerFormat(let file, _, _): self = .newerFormat(file: file)
        case .directoryInUse, .notWritable, .refusedRecord, .contradicted, .dropped, .noFoundation,
            .archiveTaken:
            self = .log(error)
        }
    }
}

extension BackupError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .io(let error): "\(error)"
        case .log(let error): "\(error)"
        case .noLog(let directory): "\(directory) holds no log"
        case .noBackup(let directory): "\(directory) holds no backup"
        case .damaged(let file, let what):
            "\(file) of the backup is damaged: \(what). Take a backup to another directory, or "
                + "restore another one."
        case .newerFormat(let file): "\(file) was written by a newer version: use that one"
        case .notEmpty(let directory):
            "\(directory) is not empty. Name an empty directory, or one that is not there."
        case .otherLog(let directory, let found, let wanted):
            "\(directory) holds a backup of another log (\(found.text), not \(wanted.text)). "
                + "Name another directory."
        case .otherHistory(let directory, let reason):
            "the log does not go on from the backup in \(directory): \(reason) "
                + "To keep both, name another directory."
        case .inUse(let directory, let pid):
            "\(directory) is in use by process \(pid.map(String.init) ?? "unknown")"
        }
    }
}

/// Calls storage and turns its refusal into a backup's.
func unwrap<T>(_ call: () throws(StorageError) -> T) throws(BackupError) -> T {
    do throws(StorageError) {
        return try call()
    } catch {
        throw .io(error)
    }
}

/// Reads the log that is copied.
func reading<T>(_ call: () throws(LogError) -> T) throws(BackupError) -> T {
    do throws(LogError) {
        return try call()
    } catch {
        if case .io(let refusal) = error { throw .io(refusal) }
        throw .log(error)
    }
}

/// Reads files of a backup, or of what was restored.
func checking<T>(_ call: () throws(LogError) -> T) throws(BackupError) -> T {
    do throws(LogError) {
        return try call()
    } catch {
        throw BackupError(inBackup: error)
    }
}
