import JobModel
import Tables
import Units

/// What memory holds of every job, in 64 bytes: one line of the cache.
///
/// What only jobs have that were once touched stands in `Activity`; names and payload lie in the
/// blob, the rest of the content in the `JobClass` that it shares with others.
struct JobRecord: HashedElement, TimedElement {
    /// LSN of the job's first event.
    var submitted: UInt64
    /// Time of the job's first event.
    var submittedAt: WallTime
    /// While the job waits: when it may start.
    ///
    /// Of a recurring job: its next tick.
    var dueAt: WallTime
    let keyHash: UInt32
    /// Slot in `users`.
    let user: UInt32
    /// The user's job that was submitted before this one; 0: none.
    var older: UInt32
    /// The user's job that was submitted after this one; 0: none.
    var newer: UInt32
    /// Place in the due wheel, next in a ready queue, or next dead letter.
    var link: UInt32
    /// Previous in a ready queue, or previous dead letter.
    var backLink: UInt32
    /// Names and payload, see `JobBlob`.
    var blob: UInt32
    /// Slot in `activities`; 0: nothing has happened since the submit.
    var activity: UInt32
    /// Slot in `classes`.
    let kind: UInt32
    var priority: UInt8
    /// The status, and in the highest bit whether the payload is large.
    private var statusBits: UInt8
    private static let largeBit: UInt8 = 1 << 7
    var flags: JobFlags
    /// Never 0 but in a record that nobody uses any more.
    private(set) var jobBytes: UInt8

    init(
        submitted: LSN, submittedAt: WallTime, dueAt: WallTime, keyHash: UInt32, user: UInt32,
        kind: UInt32, priority: UInt8, content: JobBlob, blob: UInt32, flags: JobFlags
    ) {
        self.submitted = submitted.rawValue
        self.submittedAt = submittedAt
        self.dueAt = dueAt
        self.keyHash = keyHash
        self.user = user
        self.kind = kind
        self.priority = priority
        jobBytes = UInt8(content.jobBytes)
        self.blob = blob
        self.flags = flags
        statusBits = ExecutionStatus.notStarted.rawValue
        older = 0
        newer = 0
        link = 0
        backLink = 0
        activity = 0
        hasLargePayload = content.storedPayloadBytes > JobBlob.smallPayloadBytes
    }

    var status: ExecutionStatus {
        get {
            guard let status = ExecutionStatus(rawValue: statusBits & ~Self.largeBit) else {
                preconditionFailure("job \(submitted) has status \(statusBits)")
            }
            return status
        }
        set { statusBits = statusBits & Self.largeBit | newValue.rawValue }
    }

    /// The payload's memory is given back when the job ends, not when it leaves memory.
    var hasLargePayload: Bool {
        get { statusBits & Self.largeBit != 0 }
        set { statusBits = statusBits & ~Self.largeBit | (newValue ? Self.largeBit : 0) }
    }

    /// The slot was freed, and not used again since.
    var isFree: Bool { jobBytes == 0 }

    /// Marks the record before its slot is freed.
    mutating func markFree() { jobBytes = 0 }

    var submittedLSN: LSN { LSN(rawValue: submitted) }

    /// The job waits for its time, or for a worker.
    var isWaiting: Bool {
        status == .notStarted || status == .retriableFailure
    }

    /// The job may run still: it has not ended, or is a dead letter.
    var needsPayload: Bool { !status.isFinal || status == .fatalFailure }

    var dueMicroseconds: Int64 { dueAt.microseconds }

    var order: UInt64 { submitted }

    var duePosition: UInt32 {
        get { link }
        set { link = newValue }
    }
}

/// Marks of a job.
struct JobFlags: OptionSet, BitwiseCopyable {
    let rawValue: UInt8

    /// It is in a ready queue.
    static let ready = JobFlags(rawValue: 1)
    /// It is in the due wheel.
    static let timed = JobFlags(rawValue: 2)
    /// An occurrence that waits until those before it have ended.
    static let blocked = JobFlags(rawValue: 4)
    /// It ticks, it never runs.
    static let recurring = JobFlags(rawValue: 8)
    /// It is an open occurrence of a recurring job.
    static let occurrence = JobFlags(rawValue: 16)
    /// It expires if it is not started in time.
    static let expires = JobFlags(rawValue: 32)
    /// Its payload is packed with the dictionary of its type.
    static let packed = JobFlags(rawValue: 64)
    /// A recurring job whose tick has come and waits to be decided.
    static let ticking = JobFlags(rawValue: 128)
}

/// What memory holds in addition of a job that was claimed, changed, or has ended.
struct Activity: HashedElement {
    /// Hash of the token, by which it is found while the job is leased.
    var keyHash: UInt32 = 0
    let job: UInt32
    /// Fencing token of the newest attempt; 0 before the first.
    var token: UInt64 = 0
    /// LSN of the job's newest event.
    var last: UInt64
    /// Time of the job's newest event.
    var updatedAt: WallTime
    /// LSN of the newest failed attempt's event; 0 if none failed.
    var lastFailure: UInt64 = 0
    /// When the lease was granted or last extended.
    var renewedAt = WallTime.earliest
    var leaseDuration = TimeSpan.zero
    /// As submitted or rescheduled, kept where a retry has moved the due time.
    var executionTime: WallTime
    /// Slot in `workers`.
    var worker: UInt32 = 0
    /// Attempts begun.
    var attempt: UInt32 = 0
    /// Attempts begun when the job was last redriven: its retries count from there.
    var attemptBase: UInt32 = 0
    var leaseExpiries: UInt32 = 0
    /// Lease expiries when the job was last redriven.
    var expiryBase: UInt32 = 0
    /// The engine's timer of the lease; not part of the folded state.
    var timer: UInt32 = 0

    init(job: UInt32, record: JobRecord) {
        self.job = job
        last = record.submitted
        updatedAt = record.submittedAt
        executionTime = record.dueAt
    }

    static func hash(ofToken token: UInt64) -> UInt32 {
        // Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): tokens are counted up.
        UInt32(truncatingIfNeeded: (token &* 0x9E37_79B9_7F4A_7C15) >> 32)
    }
}

/// What many jobs share: their type and policy.
struct JobClass {
    /// Slot in `types`.
    let type: UInt32
    let policy: JobPolicy
}
