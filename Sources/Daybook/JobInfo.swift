import Engine
public import FoundationEssentials
import JobModel
import Units

/// Where a job stands; docs/state-machine.md draws the transitions.
public enum JobStatus: String, CaseIterable, Sendable {
    /// It waits for its time, or for a worker.
    case notStarted = "NOT_STARTED"
    /// A worker has it and has not begun.
    case claimed = "CLAIMED"
    /// A worker has begun.
    case processing = "PROCESSING"
    /// It is done.
    case success = "SUCCESS"
    /// An attempt has failed, and it is tried again.
    case retriableFailure = "RETRIABLE_FAILURE"
    /// It has failed for good: a dead letter, which may be tried again on request.
    case fatalFailure = "FATAL_FAILURE"
    /// Somebody has cancelled it, or it has expired.
    case cancelled = "CANCELLED"

    init(_ status: ExecutionStatus) {
        switch status {
        case .notStarted: self = .notStarted
        case .claimed: self = .claimed
        case .processing: self = .processing
        case .success: self = .success
        case .retriableFailure: self = .retriableFailure
        case .fatalFailure: self = .fatalFailure
        case .cancelled: self = .cancelled
        }
    }

    var executionStatus: ExecutionStatus {
        switch self {
        case .notStarted: .notStarted
        case .claimed: .claimed
        case .processing: .processing
        case .success: .success
        case .retriableFailure: .retriableFailure
        case .fatalFailure: .fatalFailure
        case .cancelled: .cancelled
        }
    }
}

/// What a job looks like at one moment.
public struct JobInfo: Equatable, Sendable {
    /// Whose job it is.
    public var user: String
    /// What its user calls it.
    public var id: String
    /// The kind of work.
    public var type: String
    /// Where it stands.
    public var status: JobStatus
    /// Not run before this.
    public var executionTime: Date
    /// Lower runs first.
    public var priority: UInt8
    /// Attempts begun so far.
    public var attempts: Int
    /// When it was submitted.
    public var submittedAt: Date
    /// When its newest event happened.
    public var updatedAt: Date
    /// When the next attempt may start; nil unless it waits for one.
    public var nextAttemptAt: Date?
    /// Who holds it; nil: nobody does.
    public var worker: String?
    /// Why it waits, as `hold.reason` of the API names it (docs/api.md); nil unless it does.
    public var waitsFor: String?

    init(_ view: JobView) {
        user = view.key.user.text
        id = view.key.job.text
        type = view.type.text
        status = JobStatus(view.status)
        executionTime = view.executionTime.date
        priority = view.priority
        attempts = view.attempt
        submittedAt = view.submittedAt.date
        updatedAt = view.updatedAt.date
        nextAttemptAt = view.nextAttemptAt?.date
        worker = view.lease?.worker.text
        waitsFor = view.hold?.name
    }
}

/// One page of a listing.
public struct JobList: Equatable, Sendable {
    /// May be fewer than were asked for, even none, where there is more: the work of one call is bounded.
    public var jobs: [JobInfo]
    /// The `after` of the page that follows; nil: this is the last.
    public var next: String?
}

extension JobList {
    init(_ page: JobPage) {
        self.init(jobs: page.jobs.map(JobInfo.init), next: page.next?.description)
    }
}

/// What happened to a job, oldest first.
public struct JobTimeline: Equatable, Sendable {
    /// At most the newest 10 000.
    public var events: [JobEvent]
    /// False where older ones were left out, or retention has dropped them.
    public var isWhole: Bool

    init(_ timeline: Timeline) {
        events = timeline.events.map(JobEvent.init)
        isWhole = !timeline.isTruncated && timeline.droppedThrough == nil
    }
}

/// Something that happened to a job, as the log keeps it.
public struct JobEvent: Equatable, Sendable {
    /// Position in the log, counted from 1.
    public var lsn: UInt64
    /// When the scheduler decided it.
    public var time: Date
    /// `Submitted`, `Claimed`, `Processing`, `Heartbeat`, `Succeeded`, `RetriableFailed`, `FatalFailed`,
    /// `Cancelled`, `Redriven`, `Rescheduled` or `Ticked`.
    public var name: String
    /// Who claimed it, in `Claimed`.
    public var worker: String?
    /// What the worker said at the end of its attempt.
    public var message: String?

    init(_ recorded: RecordedEvent) {
        lsn = recorded.lsn.rawValue
        time = recorded.event.time.date
        name = recorded.event.fact.name
        switch recorded.event.fact {
        case .claimed(_, let worker, _): self.worker = worker.text
        case .succeeded(_, let message), .retriableFailed(_, _, let message, _),
            .fatalFailed(_, _, let message, _):
            self.message = message
        default: break
        }
    }
}

/// A stretch of a job's life, and what it waited for or who ran it.
public struct JobStretch: Equatable, Sendable {
    /// What it waited for, as `hold.reason` of the API names it (docs/api.md); nil while a worker had it.
    public var waitedFor: String?
    /// Who had it; nil while it waited.
    public var worker: String?
    /// When it began.
    public var from: Date
    /// When the next one begins; of the last: now, or when the job ended.
    public var to: Date

    init(_ span: WhySpan) {
        waitedFor = span.hold?.name
        worker = span.worker?.text
        from = span.from.date
        to = span.to.date
    }
}
