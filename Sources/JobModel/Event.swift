package import Units

/// Why an attempt ended without success.
package enum FailureReason: UInt8, CaseIterable, Sendable {
    /// The worker said so.
    case reported = 0
    /// The worker fell silent for longer than its lease.
    case leaseExpired = 1
    /// The attempt took longer than the job's run limit.
    case runLimitExceeded = 2
    /// The job has silenced as many workers as its policy bears: its lease ran out once too often.
    case poison = 3

    /// The name on the wire and in the log's JSON.
    package var name: String {
        switch self {
        case .reported: "reported"
        case .leaseExpired: "leaseExpired"
        case .runLimitExceeded: "runLimitExceeded"
        case .poison: "poison"
        }
    }
}

/// Why a job was cancelled.
package enum CancelReason: UInt8, CaseIterable, Sendable {
    /// Somebody asked for it.
    case requested = 0
    /// It was not started by its `expiresAt`.
    case expired = 1

    /// The name on the wire and in the log's JSON.
    package var name: String {
        switch self {
        case .requested: "requested"
        case .expired: "expired"
        }
    }
}

/// A fact, as the log keeps it: about one job, or about the settings of a user or a type.
///
/// Except for `submitted`, an event about a job names it by the LSN of the job's first event and
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
    /// LSN of the job's first event, its identity in the log: `submitted`, or the `ticked` of the
    /// recurring job that it is an occurrence of.
    package let submitted: LSN
    /// LSN of the job's event before this one.
    package let previous: LSN
    /// Hash of the job's key under the log's own secret, which finds the job in memory.
    ///
    /// Nil in events of the first encoding.
    package let keyHash: UInt32?

    package init(submitted: LSN, previous: LSN, keyHash: UInt32?) {
        self.submitted = submitted
        self.previous = previous
        self.keyHash = keyHash
    }
}

/// What became of a tick of a recurring job.
package enum TickOutcome: UInt8, CaseIterable, Sendable {
    /// An occurrence was submitted.
    case submitted = 0
    /// An occurrence was submitted; it waits until the one before it has ended.
    case queued = 1
    /// No occurrence: the one before had not ended, and the overlap policy is to skip.
    case overlapped = 2
    /// No occurrence: the tick was missed, and the missed-tick policy is not to make it up.
    case missed = 3
    /// No occurrence: its job id is taken by another job.
    case taken = 4

    /// The name on the wire and in the log's JSON.
    package var name: String {
        switch self {
        case .submitted: "submitted"
        case .queued: "queued"
        case .overlapped: "overlapped"
        case .missed: "missed"
        case .taken: "taken"
        }
    }

    /// An occurrence came of it.
    package var makesOccurrence: Bool { self == .submitted || self == .queued }
}

/// One tick of a recurring job.
package struct Tick: Hashable, Sendable {
    /// The moment that the recurrence names.
    package var at: WallTime
    /// The tick that follows; nil: none ever does, or it follows the end of this occurrence.
    package var next: WallTime?
    package var outcome: TickOutcome
    /// Earlier ticks that were missed and not made up, told by this event.
    package var missedCount: UInt32
    /// Hash of the occurrence's key.
    package var occurrenceHash: UInt32

    package init(
        at: WallTime, next: WallTime?, outcome: TickOutcome, missedCount: UInt32,
        occurrenceHash: UInt32
    ) {
        self.at = at
        self.next = next
        self.outcome = outcome
        self.missedCount = missedCount
        self.occurrenceHash = occurrenceHash
    }
}

/// What happened.
package enum Fact: Hashable, Sendable {
    /// `firstTick`: of a recurring job only.
    ///
    /// Indirect, so that the facts of running jobs stay small: they are copied several times each.
    indirect case submitted(JobKey, JobContent, keyHash: UInt32?, firstTick: WallTime?)
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
    case cancelled(JobReference, reason: CancelReason)
    /// A dead letter is to be tried again from `dueAt` on, with all its retries.
    case redriven(JobReference, dueAt: WallTime)
    /// A waiting job gets another priority, another time, or both; it joins the end of its line.
    case rescheduled(JobReference, priority: UInt8?, executionTime: WallTime?)
    /// A recurring job ticked; the event is also the first one of the occurrence, if there is one.
    case ticked(JobReference, Tick)
    /// The settings of a user or a type are these from now on.
    ///
    /// Nil: they have none of their own any more.
    case controlChanged(ControlScope, Control?)

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
        case .redriven: "Redriven"
        case .rescheduled: "Rescheduled"
        case .ticked: "Ticked"
        case .controlChanged: "ControlChanged"
        }
    }

    /// The job's earlier events; nil for `submitted`, which has none, and for settings.
    package var reference: JobReference? {
        switch self {
        case .submitted, .controlChanged: nil
        case .claimed(let job, _, _), .processing(let job), .heartbeat(let job, _, _, _),
            .succeeded(let job, _), .retriableFailed(let job, _, _, _),
            .fatalFailed(let job, _, _, _), .cancelled(let job, _), .redriven(let job, _),
            .rescheduled(let job, _, _), .ticked(let job, _):
            job
        }
    }
}
