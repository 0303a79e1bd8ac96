package import Units

/// What a reader sees of a job at one moment.
///
/// Optional properties are spelled out: what is written with a question mark is nil first, and `init` then copies and
/// destroys the whole view.
package struct JobView: Equatable, Sendable {
    package var key: JobKey
    package var type: JobType
    package var status: ExecutionStatus
    package var executionTime: WallTime
    package var expiresAt: Optional<WallTime>
    package var priority: UInt8
    package var policy: JobPolicy
    package var resultLocation: Optional<String>
    /// Attempts begun so far.
    package var attempt: Int
    /// Attempts that ended because the worker fell silent; counted in `attempt` too.
    package var leaseExpiries: Int
    package var submittedAt: WallTime
    /// Time of the job's latest event.
    package var updatedAt: WallTime
    /// When the next attempt may start; nil unless the job waits for one.
    package var nextAttemptAt: Optional<WallTime>
    package var lease: Optional<LeaseView>
    /// Why the job waits; nil unless it does.
    package var hold: Optional<Hold>
    /// Nil: runs once.
    package var recurrence: Optional<Recurrence>
    /// The recurring job that this one is an occurrence of, until it has ended.
    package var occurrenceOf: Optional<JobID>
    /// LSN of the job's `submitted` event.
    package var submittedLSN: LSN
    /// LSN of the job's latest event.
    package var lastLSN: LSN

    package init(
        key: JobKey, type: JobType, status: ExecutionStatus, executionTime: WallTime,
        expiresAt: WallTime?, priority: UInt8, policy: JobPolicy, resultLocation: String?,
        attempt: Int, leaseExpiries: Int, submittedAt: WallTime, updatedAt: WallTime,
        nextAttemptAt: WallTime?, lease: LeaseView?, hold: Hold?, recurrence: Recurrence?,
        occurrenceOf: JobID?, submittedLSN: LSN, lastLSN: LSN
    ) {
        self.key = key
        self.type = type
        self.status = status
        self.executionTime = executionTime
        self.expiresAt = expiresAt
        self.priority = priority
        self.policy = policy
        self.resultLocation = resultLocation
        self.attempt = attempt
        self.leaseExpiries = leaseExpiries
        self.submittedAt = submittedAt
        self.updatedAt = updatedAt
        self.nextAttemptAt = nextAttemptAt
        self.lease = lease
        self.hold = hold
        self.recurrence = recurrence
        self.occurrenceOf = occurrenceOf
        self.submittedLSN = submittedLSN
        self.lastLSN = lastLSN
    }
}

/// The right of one worker to run a job, as shown to people.
package struct LeaseView: Equatable, Sendable {
    package var worker: WorkerName
    package var token: LSN
    /// On the engine's wall clock; the lease itself runs on the monotonic clock.
    package var until: WallTime

    package init(worker: WorkerName, token: LSN, until: WallTime) {
        self.worker = worker
        self.token = token
        self.until = until
    }
}

/// Jobs of one user or type, by status.
@usableFromInline
package struct StatusCounts: Equatable, Sendable {
    @usableFromInline
    var counts: [7 of UInt64]

    package init() {
        counts = .init(repeating: 0)
    }

    @inlinable
    package subscript(status: ExecutionStatus) -> UInt64 {
        get { counts[Int(status.rawValue)] }
        set { counts[Int(status.rawValue)] = newValue }
    }

    package var total: UInt64 {
        ExecutionStatus.allCases.reduce(0) { $0 + self[$1] }
    }

    @usableFromInline
    package static func == (left: StatusCounts, right: StatusCounts) -> Bool {
        ExecutionStatus.allCases.allSatisfy { left[$0] == right[$0] }
    }
}
