package import JobModel
package import Units

/// What can go wrong with a call beside the job model's own rejections.
package enum EngineError: Error, Equatable, Sendable {
    /// The command was refused; nothing was changed.
    case rejected(Rejection)
    /// The inbox is full: nothing was changed, try again later.
    case overloaded
    /// The engine is shutting down or has not finished starting; nothing was changed.
    case notServing
    /// The log failed while the command was under way: it may or may not have happened.
    /// Submit again with the same job id to find out.
    case outcomeUnknown
    /// The log could not be read back.
    case unreadable(String)
}

/// How to open an engine.
package struct EngineOptions: Sendable {
    /// Commands that may wait for the writer; one more is refused.
    package var inboxCommandsMax: Int = 65_536
    /// Bytes of a log segment.
    package var segmentBytes: Int = 64 << 20

    package init() {}
}

/// What recovery has done so far, for progress lines.
package struct RecoveryProgress: Equatable, Sendable {
    package var recordsReplayed: UInt64
    package var bytesRead: UInt64
    package var bytesTotal: UInt64
    /// Said once, if a torn tail was cut: where, and where the cut bytes are kept.
    package var tornTail: String?

    package init(recordsReplayed: UInt64, bytesRead: UInt64, bytesTotal: UInt64, tornTail: String?) {
        self.recordsReplayed = recordsReplayed
        self.bytesRead = bytesRead
        self.bytesTotal = bytesTotal
        self.tornTail = tornTail
    }
}

/// Outcome of a submit.
package struct SubmitReceipt: Equatable, Sendable {
    /// False: the same job with the same content was there already.
    package var isNew: Bool
    package var job: JobView
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

/// A job handed to a worker. Durable before the worker sees it.
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
    /// Only jobs submitted before this position; nil: from the newest.
    package var before: LSN?
    package var limit: Int

    package init(
        user: UserID, statuses: Set<ExecutionStatus> = [], type: JobType? = nil,
        before: LSN? = nil, limit: Int
    ) {
        self.user = user
        self.statuses = statuses
        self.type = type
        self.before = before
        self.limit = limit
    }
}

/// One page of a listing. `next` is the `before` of the page that follows; nil: this is the last.
///
/// A page may hold fewer jobs than asked for, even none, and still have a next one: the work of
/// one call is bounded however few jobs pass the filters.
package struct JobPage: Equatable, Sendable {
    package var jobs: [JobView]
    package var next: LSN?
}

/// A job with what only a look at one job shows.
package struct JobDetail: Equatable, Sendable {
    package var job: JobView
    package var payload: [UInt8]
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
    package var durableLSN: LSN
    package var logSegments: Int
    package var logRawBytes: UInt64
    package var logStoredBytes: UInt64

    package struct TypeCounts: Equatable, Sendable {
        package var type: JobType
        package var counts: StatusCounts
    }
}

/// The scheduler on one data directory: a single writer thread owns the state and the log.
///
/// Every call answers only when all that its answer shows is durable.
package final class Engine: Sendable {
    package init() {}
    /// Submits a job; idempotent by key.
    package func submit(_ key: JobKey, _ content: JobContent) async throws(EngineError) -> SubmitReceipt { fatalError() }
    /// Cancels a job that has not ended; a cancelled one stays cancelled, without an error.
    package func cancel(_ key: JobKey) async throws(EngineError) -> JobView { fatalError() }
    /// Claims jobs that are due; waits up to `wait` for the first. Empty where none became due.
    ///
    /// Cancelling the task withdraws the wish; jobs granted at that very moment stay leased until
    /// their leases run out.
    package func claim(_ order: ClaimOrder, wait: TimeSpan) async throws(EngineError) -> [Grant] { fatalError() }
    package func start(token: LSN) async throws(EngineError) -> JobView { fatalError() }
    package func heartbeat(
        token: LSN, leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?
    ) async throws(EngineError) -> JobView { fatalError() }
    package func succeed(token: LSN, message: String?) async throws(EngineError) -> JobView { fatalError() }
    package func fail(token: LSN, isRetriable: Bool, message: String?) async throws(EngineError) -> JobView { fatalError() }
    package func detail(_ key: JobKey) async throws(EngineError) -> JobDetail { fatalError() }
    package func list(_ query: JobQuery) async throws(EngineError) -> JobPage { fatalError() }
    package func timeline(_ key: JobKey, eventsMax: Int) async throws(EngineError) -> Timeline { fatalError() }
    package func users(skip: Int, limit: Int) async throws(EngineError) -> UserPage { fatalError() }
    package func stats() async throws(EngineError) -> EngineStats { fatalError() }
    /// Nil while the log can be written; else why not. For `/readyz`.
    package var failure: String? { fatalError() }
    /// Answers what is under way, refuses what comes, makes everything durable and closes the log.
    package func close() async { fatalError() }
}
