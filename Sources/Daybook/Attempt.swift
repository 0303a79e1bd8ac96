import Engine
import JobModel
import Units

/// One attempt at a job, as the closure of `Scheduler.work` receives it.
public struct Attempt: Sendable {
    /// The job, as it was when it was claimed.
    public let job: JobInfo
    /// What was submitted with it.
    public let payload: [UInt8]
    /// What the attempt before left by `save`; nil: nothing.
    public let checkpoint: [UInt8]?

    let engine: Engine
    let token: LSN

    /// Saves how far the work has come: the next attempt receives it if this one fails.
    ///
    /// The lease is extended as well.
    ///
    /// - Parameters:
    ///   - checkpoint: At most 65 536 bytes.
    ///   - progress: Shown to people, JSON of at most 1 024 bytes; nil: as it was.
    /// - Throws: `leaseLost` where the job was given to another worker or cancelled; `invalid`.
    public func save(
        checkpoint: [UInt8], progress: String? = nil
    ) async throws(SchedulerError) {
        _ = try check(checkpoint.count, "checkpoint", 0...JobLimits.checkpointBytesMax)
        if let progress {
            _ = try check(progress.utf8.count, "progress", 0...JobLimits.progressBytesMax)
        }
        _ = try await answering { () throws(EngineError) in
            try await engine.heartbeat(
                token: token, leaseDuration: nil, progress: progress.map { Array($0.utf8) },
                checkpoint: checkpoint)
        }
    }
}

/// Thrown by a worker's closure: the job has failed for good, no retry will help.
public struct FatalFailure: Error, Sendable {
    /// Why, for people: at most 4 096 bytes are kept.
    public var message: String

    /// A failure that is not tried again.
    public init(_ message: String) { self.message = message }
}
