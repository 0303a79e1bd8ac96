package import JobModel
package import Units

/// Outcome of a submit.
package struct SubmitReceipt: Equatable, Sendable {
    /// False: the same job with the same content was there already.
    package var isNew: Bool
    package var job: JobView
}

/// What became of one job of a batch.
package enum SubmitOutcome: Equatable, Sendable {
    /// Submitted, at this position.
    case new(LSN)
    /// The same job with the same content was there already; this is how it stands.
    case existing(LSN, ExecutionStatus)
    case rejected(Rejection)
}

/// What became of one report of a batch.
package enum AttemptOutcome: Equatable, Sendable {
    /// How the job stands now.
    case done(ExecutionStatus)
    case rejected(Rejection)
}

/// What the state comes to at one position of the log.
package struct StateDigest: Equatable, Sendable {
    package var lsn: LSN
    package var digest: UInt64
}

/// A wish for jobs to run.
package struct ClaimOrder: Sendable {
    package var worker: WorkerName
    /// Taken from in this order of preference only where priority and due time are equal.
    package var types: [JobType]
    package var countMax: Int
    /// Nil: each job's own.
    package var leaseDuration: TimeSpan?

    package init(worker: WorkerName, types: [JobType], countMax: Int, leaseDuration: TimeSpan?) {
        self.worker = worker
        self.types = types
        self.countMax = countMax
        self.leaseDuration = leaseDuration
    }
}

/// A job handed to a worker.
///
/// Durable before the worker sees it.
package struct Grant: Equatable, Sendable {
    package var job: JobView
    package var payload: [UInt8]
    /// The newest checkpoint of an earlier attempt.
    package var checkpoint: [UInt8]?
}

/// Which of a user's jobs to list; newest submit first.
package struct JobQuery: Sendable {
    package var user: UserID
    /// Empty: all.
    package var statuses: Set<ExecutionStatus>
    package var type: JobType?
    /// Only jobs submitted before this one; nil: from the newest.
    package var before: JobPosition?
    package var limit: Int

    /// Jobs in memory, or rows of history, that the work of one listing looks at.
    static let looksMax = 10_000

    package init(
        user: UserID, statuses: Set<ExecutionStatus> = [], type: JobType? = nil,
        before: JobPosition? = nil, limit: Int
    ) {
        self.user = user
        self.statuses = statuses
        self.type = type
        self.before = before
        self.limit = limit
    }
}

/// One page of a listing.
///
/// `next` is the `before` of the page that follows; nil: this is the last.
///
/// A page may hold fewer jobs than asked for, even none, and still have a next one: the work of
/// one call is bounded however few jobs pass the filters.
package struct JobPage: Equatable, Sendable {
    package var jobs: [JobView]
    package var next: JobPosition?
}

/// A job with what only a look at one job shows.
package struct JobDetail: Equatable, Sendable {
    package var job: JobView
    /// Nil: retention has dropped it.
    package var payload: [UInt8]?
    package var progress: [UInt8]?
    package var lastFailure: (time: WallTime, reason: FailureReason, message: String?)?

    package static func == (left: JobDetail, right: JobDetail) -> Bool {
        left.job == right.job && left.payload == right.payload && left.progress == right.progress
            && left.lastFailure?.time == right.lastFailure?.time
            && left.lastFailure?.reason == right.lastFailure?.reason
            && left.lastFailure?.message == right.lastFailure?.message
    }
}

/// One event of a timeline.
package struct RecordedEvent: Equatable, Sendable {
    package var lsn: LSN
    package var event: Event

    package init(lsn: LSN, event: Event) {
        self.lsn = lsn
        self.event = event
    }
}

/// A job's events, oldest first.
package struct Timeline: Equatable, Sendable {
    package var events: [RecordedEvent]
    /// True where the oldest were left out because there are more than the limit.
    package var isTruncated: Bool
    /// The oldest are gone, as all events up to this one that retention has dropped; nil: none is.
    package var droppedThrough: LSN?

    init(events: [RecordedEvent], isTruncated: Bool, droppedThrough: LSN? = nil) {
        self.events = events
        self.isTruncated = isTruncated
        self.droppedThrough = droppedThrough
    }
}

/// A user and how many jobs they have, by status.
package struct UserCounts: Equatable, Sendable {
    package var user: UserID
    package var counts: StatusCounts
}

/// One page of the users, in order of their first submit.
package struct UserPage: Equatable, Sendable {
    package var users: [UserCounts]
    /// How many users to skip for the next page; nil: this is the last.
    package var next: Int?
}

/// Counters of the whole engine at one moment.
package struct EngineStats: Equatable, Sendable {
    package var now: WallTime
    package var uptime: TimeSpan
    package var counts: StatusCounts
    package var users: Int
    package var types: [TypeCounts]
    package var ready: Int
    package var waitingClaims: Int
    /// Bytes of names and payloads in memory.
    package var payloadBytes: Int
    package var durableLSN: LSN
    package var logSegments: Int
    package var logRawBytes: UInt64
    package var logStoredBytes: UInt64
    /// What is wrong with the log's disk, in words for people; nil where nothing is.
    package var logTrouble: String?
    /// Retention has dropped all events up to this one; zero: none.
    package var logDroppedThrough: LSN
    /// The others have ended and are in history.
    package var jobsInMemory: Int
    package var historyJobs: UInt64
    package var historyFiles: Int
    package var historyBytes: UInt64
    /// What of history is missing or cannot be done, in words for people; nil where all is well.
    package var historyTrouble: String?

    package struct TypeCounts: Equatable, Sendable {
        package var type: JobType
        package var counts: StatusCounts
    }
}
