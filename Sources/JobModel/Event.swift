package import Units

/// Why an attempt ended without success.
package enum FailureReason: UInt8, CaseIterable, Sendable {
    /// The worker said so.
    case reported = 0
    /// The worker fell silent for longer than its lease.
    case leaseExpired = 1
    /// The attempt took longer than the job's run limit.
    case runLimitExceeded = 2

    /// The name on the wire and in the log's JSON.
    package var name: String {
        switch self {
        case .reported: "reported"
        case .leaseExpired: "leaseExpired"
        case .runLimitExceeded: "runLimitExceeded"
        }
    }
}

/// A fact about one job, as the log keeps it.
///
/// Except for `submitted`, an event names its job by the LSN of the job's `submitted` event and
/// carries the LSN of the job's event before it, so that a timeline is found by walking back.
package struct Event: Hashable, Sendable {
    /// The engine's time when it decided; never goes backwards along the log.
    package var time: WallTime
    package var fact: Fact

    package init(time: WallTime, fact: Fact) {
        self.time = time
        self.fact = fact
    }
}

/// Which job an event is about and where that job's event before it lies.
package struct JobReference: Hashable, Sendable {
    /// LSN of the job's `submitted` event: its identity in the log.
    package let submitted: LSN
    /// LSN of the job's event before this one.
    package let previous: LSN

    package init(submitted: LSN, previous: LSN) {
        self.submitted = submitted
        self.previous = previous
    }
}

/// What happened.
package enum Fact: Hashable, Sendable {
    case submitted(JobKey, JobContent)
    /// The event's own LSN is the fencing token of the lease.
    case claimed(JobReference, worker: WorkerName, leaseDuration: TimeSpan)
    case processing(JobReference)
    case heartbeat(JobReference, leaseDuration: TimeSpan, progress: [UInt8]?, checkpoint: [UInt8]?)
    case succeeded(JobReference, message: String?)
    /// The job may be claimed again from `retryAt` on.
    case retriableFailed(JobReference, reason: FailureReason, message: String?, retryAt: WallTime)
    /// `retriesExhausted` tells a failure that used up the retries from one that forbade them.
    case fatalFailed(
        JobReference, reason: FailureReason, message: String?, retriesExhausted: Bool)
    case cancelled(JobReference)

    /// The event's name in the log's JSON and in timelines.
    package var name: String {
        switch self {
        case .submitted: "Submitted"
        case .claimed: "Claimed"
        case .processing: "Processing"
        case .heartbeat: "Heartbeat"
        case .succeeded: "Succeeded"
        case .retriableFailed: "RetriableFailed"
        case .fatalFailed: "FatalFailed"
        case .cancelled: "Cancelled"
        }
    }

    /// The job's earlier events; nil for `submitted`, which has none.
    package var reference: JobReference? {
        switch self {
        case .submitted: nil
        case .claimed(let job, _, _), .processing(let job), .heartbeat(let job, _, _, _),
            .succeeded(let job, _), .retriableFailed(let job, _, _, _),
            .fatalFailed(let job, _, _, _), .cancelled(let job):
            job
        }
    }
}
