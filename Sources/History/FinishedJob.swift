package import JobModel
package import Units

/// A job that has ended, as history keeps it: all that a listing shows, without a look at the log.
///
/// The payload, messages and a recurrence stay in the log: `submitted`, `last` and `lastFailure` say
/// where.
package struct FinishedJob: Equatable, Sendable {
    package var key: JobKey
    package var type: JobType
    package var row: HistoryRow
    /// The part of the content that many jobs share, in the caller's own coding.
    package var policy: [UInt8]
    package var resultLocation: String?

    /// - Precondition: the lengths keep to `HistoryLimits`.
    package init(
        key: JobKey, type: JobType, row: HistoryRow, policy: [UInt8] = [],
        resultLocation: String? = nil
    ) {
        self.key = key
        self.type = type
        self.row = row
        self.policy = policy
        self.resultLocation = resultLocation
    }
}

/// The numbers of a job that has ended.
package struct HistoryRow: Equatable, Sendable {
    /// LSN of the job's first event, its identity in the log.
    package var submitted: LSN
    /// LSN of its last event, from which its events are walked back.
    package var last: LSN
    /// LSN of the event of its newest failed attempt; zero if none failed.
    package var lastFailure = LSN.zero
    package var submittedAt: WallTime
    /// Time of the last event.
    package var finishedAt: WallTime
    package var executionTime: WallTime
    /// Nil: it did not expire.
    package var expiresAt: WallTime?
    /// What a submit of the same key again is compared with.
    package var contentHash: UInt64
    package var attempts: UInt32 = 0
    package var leaseExpiries: UInt32 = 0
    package var end: HistoryEnd
    package var priority: UInt8 = JobContent.priorityStandard
    package var isRecurring = false
    /// It was a tick of a recurring job.
    package var isOccurrence = false

    package init(
        submitted: LSN, last: LSN, end: HistoryEnd, submittedAt: WallTime, finishedAt: WallTime,
        executionTime: WallTime, contentHash: UInt64
    ) {
        self.submitted = submitted
        self.last = last
        self.end = end
        self.submittedAt = submittedAt
        self.finishedAt = finishedAt
        self.executionTime = executionTime
        self.contentHash = contentHash
    }
}

/// How a job ended: the final ones among the statuses, in the numbers of the files.
package enum HistoryEnd: UInt8, CaseIterable, Sendable {
    case success = 0
    case fatalFailure = 1
    case cancelled = 2

    package var status: ExecutionStatus {
        switch self {
        case .success: .success
        case .fatalFailure: .fatalFailure
        case .cancelled: .cancelled
        }
    }

    /// Nil: a job of this status has not ended.
    package init?(_ status: ExecutionStatus) {
        guard let end = Self.allCases.first(where: { $0.status == status }) else { return nil }
        self = end
    }
}

/// Bounds of what a file holds; checked when it is built and again when it is read.
package enum HistoryLimits {
    package static let nameBytesMax = 128
    package static let policyBytesMax = 1_024
    package static let locationBytesMax = 1_024
    /// Rows of one file: the number of a block must fit 24 bits.
    package static let rowsMax = 1 << 26
}
