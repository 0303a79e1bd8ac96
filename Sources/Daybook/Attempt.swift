import Engine
import JobModel
import Units
import Wire

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
    ///   - checkpoint: One JSON value, because workers by HTTP may go on from it: at most 65 536 bytes.
    ///   - progress: Shown to people, one JSON value of at most 1 024 bytes; nil: as it was.
    /// - Throws: `leaseLost` where the job was given to another worker or cancelled; `invalid`; what keeps the
    ///   scheduler from working.
    public func save(
        checkpoint: [UInt8], progress: String? = nil
    ) async throws(SchedulerError) {
        try Self.check(checkpoint, "checkpoint", bytesMax: JobLimits.checkpointBytesMax)
        let progress = progress.map { Array($0.utf8) }
        if let progress {
            try Self.check(progress, "progress", bytesMax: JobLimits.progressBytesMax)
        }
        _ = try await answering { () throws(EngineError) in
            try await engine.heartbeat(
                token: token, leaseDuration: nil, progress: progress, checkpoint: checkpoint)
        }
    }

    private static func check(
        _ json: [UInt8], _ field: String, bytesMax: Int
    ) throws(SchedulerError) {
        guard json.count <= bytesMax else {
            throw .invalid(
                field: field,
                problem: "is \(json.count) bytes long: at most \(bytesMax) are allowed")
        }
        do throws(JSONFault) {
            try JSONText.check(json)
        } catch {
            throw .invalid(
                field: field,
                problem: "must be JSON: \(error.problem) (at byte \(error.offsetBytes))")
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
