package import Wire

/// Why a call to a daemon gave no result.
package enum ClientError: Error, Sendable {
    /// The daemon answered with an error.
    case refused(status: Int, ErrorBody)
    /// No answer: the daemon is not there, or the connection broke. A submit may have happened.
    case unreachable(String)
    /// The answer was not what a daybook daemon sends.
    case unexpectedAnswer(String)
}

extension ClientError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refused(let status, let body): "\(body.message) (HTTP \(status), \(body.code))"
        case .unreachable(let reason), .unexpectedAnswer(let reason): reason
        }
    }
}
