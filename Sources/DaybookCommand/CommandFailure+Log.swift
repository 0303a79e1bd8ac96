import EventLog
import Glibc
import Storage

extension CommandFailure {
    /// Why a data directory could not be opened or read.
    init(_ error: LogError) {
        let status: ExitStatus =
            switch error {
            // Nothing is there to be read.
            case .io(let refusal) where refusal.errno == ENOENT: .notFound
            case .io: .inputOutput
            case .corrupt: .corruption
            case .contradicted: .contradicted
            case .dropped: .notFound
            case .noFoundation: .corruption
            case .newerFormat, .refusedRecord: .configuration
            case .directoryInUse: .temporary
            case .notWritable, .archiveTaken: .cannotCreate
            }
        self.init(status, error.description)
    }

    /// The log can no longer be written.
    init(logFailure reason: String) {
        self.init(
            .logFailed,
            "the log can no longer be written: \(reason). Nothing acknowledged is lost: repair the "
                + "cause and start the daemon again.")
    }
}
