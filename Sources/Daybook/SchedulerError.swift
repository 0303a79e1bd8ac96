import Engine
import EventLog
import JobModel

/// Why a call did not do what was asked; nothing was changed where it does not say otherwise.
///
/// Later versions may add cases: have a `default` where you tell them apart.
public enum SchedulerError: Error, Equatable, Sendable {
    /// A field cannot be taken, and what would be right.
    case invalid(field: String, problem: String)
    /// The user has no such job.
    case unknownJob
    /// The user has a job of this id with other content: submit this one under another id.
    case contentConflict
    /// The user has as many jobs waiting as may: try again when some have run.
    case waitingLimit(Int)
    /// The job's status does not allow it.
    case wrongStatus(JobStatus)
    /// The attempt has lost its lease, or its job was cancelled: stop working on it.
    case leaseLost
    /// Too many calls wait already: try again later.
    case overloaded
    /// The disk is full: free space, and try again; what runs can still be finished.
    case outOfSpace
    /// The scheduler is closed, or cannot write its log any more.
    case notServing
    /// The log failed while this was written, so it may or may not have happened.
    ///
    /// Submitting the same job again is safe.
    case outcomeUnknown
    /// The job may have ended in a part of history that is being built again: try again later.
    case historyMissing(String)
    /// The data directory cannot be opened or read, in words for people.
    case storage(String)
}

extension SchedulerError: CustomStringConvertible {
    /// What went wrong, in words for people.
    public var description: String {
        switch self {
        case .invalid(let field, let problem): "'\(field)' \(problem)"
        case .unknownJob: "there is no such job"
        case .contentConflict: "the user has a job of this id with other content"
        case .waitingLimit(let limit): "the user may have \(limit) jobs waiting and has as many"
        case .wrongStatus(let status): "not possible while the job is \(status.rawValue)"
        case .leaseLost: "the attempt no longer holds its job"
        case .overloaded: "too many calls wait already: try again later"
        case .outOfSpace: "the disk is full: free space, and try again"
        case .notServing: "the scheduler is closed, or cannot write its log any more"
        case .outcomeUnknown: "the log failed: this may or may not have happened"
        case .historyMissing(let reason), .storage(let reason): reason
        }
    }
}

extension SchedulerError {
    init(_ error: EngineError) {
        switch error {
        case .rejected(let rejection): self.init(rejection)
        case .overloaded: self = .overloaded
        case .outOfSpace: self = .outOfSpace
        case .notServing: self = .notServing
        case .outcomeUnknown: self = .outcomeUnknown
        case .historyMissing(let reason): self = .historyMissing(reason)
        case .unreadable(let reason): self = .storage(reason)
        }
    }

    init(_ rejection: Rejection) {
        switch rejection {
        case .unknownUser, .unknownJob: self = .unknownJob
        case .contentConflict: self = .contentConflict
        case .waitingLimit(_, let limit): self = .waitingLimit(Int(limit))
        case .invalidRecurrence(let fault):
            // `recurrence.cron` of the HTTP API.
            let field = fault.field.split(separator: ".").last.map(String.init) ?? fault.field
            self = .invalid(field: field, problem: fault.problem)
        case .wrongStatus(_, let status, _): self = .wrongStatus(JobStatus(status))
        case .unknownToken, .staleToken: self = .leaseLost
        case .momentAhead, .momentDropped:
            preconditionFailure("no call of a scheduler names a moment of the past")
        }
    }
}

/// Makes the engine's errors the application's.
func answering<Answer>(
    _ body: () async throws(EngineError) -> Answer
) async throws(SchedulerError) -> Answer {
    do throws(EngineError) {
        return try await body()
    } catch {
        throw SchedulerError(error)
    }
}
