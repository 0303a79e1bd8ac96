package import Units

/// A job as `GET …/jobs/{job}`, the list, submit and cancel show it.
///
/// `payload`, `payloadBase64` and `lastFailure` are there only where one job is asked for.
package struct JobBody: Equatable, Sendable {
    package var user: String
    package var job: String
    package var type: String
    /// `NOT_STARTED`, `CLAIMED`, `PROCESSING`, `SUCCESS`, `RETRIABLE_FAILURE`, `FATAL_FAILURE` or `CANCELLED`.
    package var status: String
    /// `STARTED`, `IN_PROCESS` or `COMPLETED`.
    package var jobStatus: String
    package var executionTime: WallTime
    package var expiresAt: WallTime?
    package var priority: Int
    /// JSON text of the payload.
    package var payload: [UInt8]?
    package var payloadBase64: String?
    /// True where there was a payload, perhaps, and retention has dropped it.
    package var payloadDropped: Bool?
    package var contentType: String
    package var resultLocation: String?
    package var maxRetries: Int
    package var backoff: BackoffBody
    package var leaseSeconds: Double
    package var runLimitSeconds: Double?
    package var leaseExpiriesMax: Int
    package var recurrence: RecurrenceBody?
    /// The recurring job that this one is an occurrence of, until it has ended.
    package var occurrenceOf: String?
    package var attempt: Int
    package var leaseExpiries: Int
    package var submittedAt: WallTime
    package var updatedAt: WallTime
    package var nextAttemptAt: WallTime?
    /// Why it waits, while it does.
    package var hold: HoldBody?
    package var worker: String?
    package var token: UInt64?
    package var leaseUntil: WallTime?
    /// JSON text of the newest progress, while an attempt runs.
    package var progress: [UInt8]?
    package var lastFailure: FailureBody?
    /// Positions of the job's first and newest event in the log.
    package var submittedLSN: UInt64
    package var lastLSN: UInt64

    package init(
        user: String, job: String, type: String, status: String, jobStatus: String,
        executionTime: WallTime, expiresAt: WallTime? = nil, priority: Int,
        payload: [UInt8]? = nil, payloadBase64: String? = nil, payloadDropped: Bool? = nil,
        contentType: String,
        resultLocation: String? = nil, maxRetries: Int, backoff: BackoffBody,
        leaseSeconds: Double, runLimitSeconds: Double? = nil, leaseExpiriesMax: Int,
        recurrence: RecurrenceBody? = nil, occurrenceOf: String? = nil, attempt: Int,
        leaseExpiries: Int, submittedAt: WallTime, updatedAt: WallTime,
        nextAttemptAt: WallTime? = nil, hold: HoldBody? = nil, worker: String? = nil,
        token: UInt64? = nil, leaseUntil: WallTime? = nil, progress: [UInt8]? = nil,
        lastFailure: FailureBody? = nil, submittedLSN: UInt64, lastLSN: UInt64
    ) {
        self.user = user
        self.job = job
        self.type = type
        self.status = status
        self.jobStatus = jobStatus
        self.executionTime = executionTime
        self.expiresAt = expiresAt
        self.priority = priority
        self.payload = payload
        self.payloadBase64 = payloadBase64
        self.payloadDropped = payloadDropped
        self.contentType = contentType
        self.resultLocation = resultLocation
        self.maxRetries = maxRetries
        self.backoff = backoff
        self.leaseSeconds = leaseSeconds
        self.runLimitSeconds = runLimitSeconds
        self.leaseExpiriesMax = leaseExpiriesMax
        self.recurrence = recurrence
        self.occurrenceOf = occurrenceOf
        self.attempt = attempt
        self.leaseExpiries = leaseExpiries
        self.submittedAt = submittedAt
        self.updatedAt = updatedAt
        self.nextAttemptAt = nextAttemptAt
        self.hold = hold
        self.worker = worker
        self.token = token
        self.leaseUntil = leaseUntil
        self.progress = progress
        self.lastFailure = lastFailure
        self.submittedLSN = submittedLSN
        self.lastLSN = lastLSN
    }
}

/// Why a job waits: `{"reason":"typeLimit","limit":5}`.
package struct HoldBody: Equatable, Sendable {
    /// `notDue`, `backoff`, `previousOccurrence`, `typePaused`, `userPaused`, `typeLimit`,
    /// `userLimit` or `noWorker`.
    package var reason: String
    /// When it ends, where that is known.
    package var until: WallTime?
    /// How many may run at once.
    package var limit: Int?

    package init(reason: String, until: WallTime? = nil, limit: Int? = nil) {
        self.reason = reason
        self.until = until
        self.limit = limit
    }
}

/// The newest failed attempt of a job.
package struct FailureBody: Equatable, Sendable {
    package var time: WallTime
    /// `reported`, `leaseExpired`, `runLimitExceeded` or `poison`.
    package var reason: String
    package var message: String?

    package init(time: WallTime, reason: String, message: String?) {
        self.time = time
        self.reason = reason
        self.message = message
    }
}
