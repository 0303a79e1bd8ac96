import Backup
import Glibc
import Storage

extension CommandFailure {
    /// Why a backup was not taken or not restored.
    init(_ error: BackupError) {
        let status: ExitStatus
        switch error {
        case .log(let error):
            self.init(error)
            return
        // Nothing is there to be read.
        case .io(let refusal) where refusal.errno == ENOENT: status = .notFound
        case .io: status = .inputOutput
        case .noLog, .noBackup: status = .notFound
        case .damaged: status = .corruption
        case .newerFormat: status = .configuration
        case .notEmpty: status = .cannotCreate
        case .otherLog, .otherHistory: status = .contradicted
        case .inUse: status = .temporary
        }
        self.init(status, error.description)
    }
}
