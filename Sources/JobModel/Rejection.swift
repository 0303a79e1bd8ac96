package import Units

/// Why a command was refused.
///
/// Nothing was changed.
package enum Rejection: Error, Equatable, Sendable {
    case unknownUser(UserID)
    case unknownJob(JobKey)
    /// The key is taken by a job with other content.
    case contentConflict(JobKey)
    /// No lease carries this token now; `Engine` finds out whether one ever did.
    case unknownToken(LSN)
    /// The token was good once; the job has moved on. Indirect, so that what most answers never hold makes none
    /// of them large: outcomes of a batch are copied by the thousand.
    indirect case staleToken(LSN, JobView)
    /// The user has as many jobs waiting as may.
    case waitingLimit(UserID, limit: UInt32)
    /// The recurrence can't be taken: a field and what is wrong with it.
    case invalidRecurrence(InvalidField)
    /// A moment of the past was asked about that has not come yet.
    case momentAhead(newest: LSN, now: WallTime)
    /// Retention has dropped the events of that moment: the past can be told from `oldest` on; nil: no moment of
    /// it can.
    case momentDropped(oldest: LSN?)
    /// docs/state-machine.md draws no such transition.
    case wrongStatus(JobKey, ExecutionStatus, wanted: Transition)
}

/// What a caller wanted to do to a job, for messages.
package enum Transition: String, Sendable {
    case start
    case heartbeat
    case succeed
    case fail
    case cancel
    case redrive
    case reschedule
}
