import Engine
public import FoundationEssentials
import JobModel
import Units

/// What people change of jobs, users and types; all of it is durable on return.
extension Scheduler {
    /// Cancels a job that has not ended; a worker that runs it loses it at its next heartbeat.
    ///
    /// - Returns: The job, which is cancelled: also where it was before.
    /// - Throws: `unknownJob`; `wrongStatus` where it has ended otherwise; what keeps the scheduler from
    ///   working.
    @discardableResult
    public func cancel(_ id: String, of user: String) async throws(SchedulerError) -> JobInfo {
        try await change(id, of: user, .cancel)
    }

    /// Tries a dead letter again, at once, with all its retries.
    ///
    /// - Returns: The job, which waits.
    /// - Throws: `unknownJob`; `wrongStatus` where it is no dead letter; what keeps the scheduler from
    ///   working.
    @discardableResult
    public func redrive(_ id: String, of user: String) async throws(SchedulerError) -> JobInfo {
        try await change(id, of: user, .redrive(dueAt: nil))
    }

    /// Gives a waiting job another priority, another time, or both.
    ///
    /// - Parameters:
    ///   - id: The job.
    ///   - user: Whose it is.
    ///   - priority: Lower runs first; nil: as it was.
    ///   - executionTime: From 1970 to the end of the year 9999; nil: as it was.
    /// - Returns: The job.
    /// - Throws: `unknownJob`; `wrongStatus` where it does not wait, or recurs; what keeps the scheduler
    ///   from working.
    @discardableResult
    public func reschedule(
        _ id: String, of user: String, priority: UInt8? = nil, executionTime: Date? = nil
    ) async throws(SchedulerError) -> JobInfo {
        let time = try executionTime.map { date throws(SchedulerError) in
            try WallTime(date, "executionTime")
        }
        return try await change(
            id, of: user, .reschedule(priority: priority, executionTime: time))
    }

    private func change(
        _ id: String, of user: String, _ change: JobChange
    ) async throws(SchedulerError) -> JobInfo {
        let key = try JobKey(user: user, id: id)
        return try await answering { () throws(EngineError) in
            JobInfo(try await engine.change(key, change))
        }
    }

    /// Bounds a type, or lets it go on, in place of all that was set for it; stays, also after a restart.
    ///
    /// - Parameters:
    ///   - type: Its jobs.
    ///   - isPaused: None of them is given to a worker; what runs goes on.
    ///   - runningMax: So many run at most at once; nil: any number.
    /// - Throws: `invalid`, or what keeps the scheduler from working.
    public func set(
        type: String, isPaused: Bool = false, runningMax: UInt32? = nil
    ) async throws(SchedulerError) {
        let type = try JobType(checking: type)
        try await set(.type(type), ControlChange(isPaused: isPaused, runningMax: .some(runningMax)))
    }

    /// Bounds a user, or lets them go on, in place of all that was set for them; stays, also after a
    /// restart.
    ///
    /// - Parameters:
    ///   - user: Their jobs.
    ///   - isPaused: None of them is given to a worker; what runs goes on.
    ///   - waitingMax: So many wait at most at once, and a submit beyond is refused; nil: any number.
    ///   - runningMax: So many run at most at once; nil: any number.
    /// - Throws: `invalid`, or what keeps the scheduler from working.
    public func set(
        user: String, isPaused: Bool = false, waitingMax: UInt32? = nil, runningMax: UInt32? = nil
    ) async throws(SchedulerError) {
        let user = try UserID(checking: user)
        let change = ControlChange(
            isPaused: isPaused, waitingMax: .some(waitingMax), runningMax: .some(runningMax))
        try await set(.user(user), change)
    }

    private func set(
        _ scope: ControlScope, _ change: ControlChange
    ) async throws(SchedulerError) {
        _ = try await answering { () throws(EngineError) in
            try await engine.control(scope, change)
        }
    }

    /// Sets how much of the past is kept from now on, in place of what was set before: what is beyond goes in
    /// the background.
    ///
    /// - Parameters:
    ///   - age: Events older than this go, and jobs that ended before; nil: none is too old.
    ///   - bytesMax: Bytes that the directory may take, the oldest go; nil: any number.
    /// - Throws: `invalid`, or what keeps the scheduler from working.
    public func retain(
        age: Duration? = nil, bytesMax: UInt64? = nil
    ) async throws(SchedulerError) {
        let span = try age.map { age throws(SchedulerError) in
            try TimeSpan(age, "age", .seconds(1)...TimeSpan(microseconds: .max))
        }
        _ = try await answering { () throws(EngineError) in
            try await engine.retain(RetentionRules(age: span, bytesMax: bytesMax))
        }
    }

    /// Takes a snapshot now, beside whatever else goes on, so that the next start is short.
    ///
    /// They are taken by themselves, too.
    ///
    /// - Throws: `storage` where it cannot be written, or what keeps the scheduler from working.
    public func snapshot() async throws(SchedulerError) {
        let outcome = try await answering { () throws(EngineError) in try await engine.snapshot() }
        if case .failed(let reason) = outcome { throw .storage(reason) }
    }
}
