/// Why a bench could not go on.
package enum LoadError: Error, Equatable, Sendable {
    /// A line of the trace that cannot be read; lines are counted from 1.
    case badLine(line: Int, field: String, problem: String)
    /// The trace as a whole cannot be read.
    case unreadable(source: String, problem: String)
    /// The daemon does not answer as it should.
    case daemon(String)
    /// The daemon holds a job of this name with other content.
    case jobTaken(user: String, job: String)
}

extension LoadError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .badLine(let line, let field, let problem):
            "line \(line) of the trace: \(field) \(problem)"
        case .unreadable(let source, let problem):
            "\(source): \(problem)"
        case .daemon(let problem):
            problem
        case .jobTaken(let user, let job):
            "the daemon already has another job '\(job)' of \(user): was a trace replayed there "
                + "before? Give a fresh --data directory or another --server"
        }
    }
}
