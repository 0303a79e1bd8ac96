import ArgumentParser
import Client
import Glibc
import Wire

/// The exit codes of every command, most of them those of sysexits.h; docs/operating.md lists them.
enum ExitStatus: Int32 {
    case failed = 1
    case usage = 64
    case refusedData = 65
    case notFound = 66
    case unreachable = 69
    case internalError = 70
    case cannotCreate = 73
    case inputOutput = 74
    case temporary = 75
    case protocolError = 76
    case notPermitted = 77
    case configuration = 78
    case corruption = 79
    case logFailed = 80
    case contradicted = 81
    case snapshotFailed = 82
}

/// Why a command ended without doing what it was asked for.
struct CommandFailure: Error {
    let status: ExitStatus
    /// For people: what is wrong and what to do.
    let message: String

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ error: ClientError) {
        switch error {
        case .refused(_, let body) where body.code == "snapshotFailed":
            self.init(.snapshotFailed, body.message)
        case .refused(let status, let body):
            self.init(Self.exitStatus(http: status), body.message)
        case .unreachable(let reason):
            self.init(
                .unreachable,
                "\(reason). Start one with `daybook serve`, or name another with --server.")
        case .unexpectedAnswer(let reason):
            self.init(.protocolError, reason)
        }
    }

    private static func exitStatus(http status: Int) -> ExitStatus {
        switch status {
        case 404: .notFound
        case 401, 403: .notPermitted
        case 429, 503: .temporary
        case 400..<500: .refusedData
        default: .internalError
        }
    }

    /// Prints the message and ends the process.
    func end() -> Never {
        printError("daybook: \(message)")
        exit(status.rawValue)
    }
}
