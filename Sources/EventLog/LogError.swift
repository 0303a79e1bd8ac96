package import Storage
package import Units

/// Thrown by a replayer that cannot decode a record; opening stops with the record's LSN.
package struct RecordRefusal: Error, Equatable, Sendable {
    package let reason: String

    package init(reason: String) {
        self.reason = reason
    }
}

/// Why a log cannot be opened, read or written.
package enum LogError: Error, Equatable, Sendable {
    /// The operating system refused; what the log holds is not in doubt, what it holds next is.
    case io(StorageError)
    /// Bytes that were once durable are damaged or gone.
    case corrupt(Corruption)
    /// Written by a later version of this program.
    case newerFormat(file: String, found: String, supported: String)
    /// Another process has the log open.
    case directoryInUse(directory: String, pid: Int32?)
    /// The data directory cannot be made or written.
    case notWritable(StorageError)
    /// A whole, checksummed record that the replayer could not decode.
    case refusedRecord(LSN, reason: String)
    /// Sound in itself, and not what was noted about it: only where something was expected.
    case contradicted(LogContradiction)
    /// Retention has dropped what was asked for: all records up to this one.
    case dropped(through: LSN)
    /// Records up to this one were dropped, and no good snapshot holds what they came to.
    case noFoundation(through: LSN)
    /// The archive holds this segment of another log, or of another past of this one.
    case archiveTaken(file: String)
}

/// What is damaged, where, and which records are in doubt.
package struct Corruption: Error, Equatable, Sendable {
    package let file: String
    package let offsetBytes: Int
    /// What was being checked.
    package let what: String
    package let expected: String
    package let found: String
    /// First record that cannot be read.
    package let firstLSN: LSN
    /// Last record in doubt; nil: all that followed.
    package let lastLSN: LSN?
}

extension LogError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .io(let error): "\(error). The log stops here; repair the disk and start again."
        case .corrupt(let corruption): corruption.description
        case .newerFormat(let file, let found, let supported):
            "\(file) was written by a newer version (\(found); this one reads \(supported)). "
                + "Start the version that wrote it, or a later one."
        case .directoryInUse(let directory, let pid):
            "\(directory) is in use by process \(pid.map(String.init) ?? "unknown"). "
                + "Stop that process or name another directory."
        case .notWritable(let error):
            "\(error). Give this user the right to write there, or name another directory."
        case .refusedRecord(let lsn, let reason):
            "record \(lsn) cannot be understood: \(reason). Nothing was skipped; "
                + "start the version that wrote it, or look at it with `daybook log inspect`."
        case .contradicted(let contradiction): contradiction.description
        case .dropped(let last):
            "events up to \(last) were dropped by retention; the log begins with event \(last.next). "
                + "Where they were archived, name the archive."
        case .archiveTaken(let file):
            "\(file) is a segment of another log, or of another past of this one. Name another directory: "
                + "each log needs an archive of its own."
        case .noFoundation(let last):
            "the log begins with event \(last.next), because those before were dropped by retention, and "
                + "there is no good snapshot of event \(last) or a later one to begin with. Nothing was "
                + "changed. Restore a backup with `daybook restore`, or put back a snapshot from a copy."
        }
    }
}

extension Corruption: CustomStringConvertible {
    package var description: String {
        let range = lastLSN.map { "records \(firstLSN) to \($0)" } ?? "records from \(firstLSN) on"
        return "\(file) is damaged at offset \(offsetBytes): \(what): expected \(expected), "
            + "found \(found). In doubt: \(range). Nothing was changed; restore the file from a "
            + "copy; or let `daybook log repair` keep what comes before (it asks first)."
    }
}
