public import FoundationEssentials

/// A job as an application submits it.
public struct Job: Equatable, Sendable {
    /// Whose job it is: 1 to 128 bytes of UTF-8 without control characters.
    public var user: String
    /// What its user calls it, unique within the user: submitting it again changes nothing.
    ///
    /// 1 to 128 bytes as above; of a recurring job at most 100.
    public var id: String
    /// The kind of work, by which workers ask for it: 1 to 128 bytes as above.
    public var type: String
    /// Not run before this; nil or a time that has passed: at once.
    ///
    /// From 1970 to the end of the year 9999, kept to the microsecond.
    public var executionTime: Date?
    /// Cancelled if no attempt has begun by then; of a recurring job: no tick after it.
    public var expiresAt: Date?
    /// Lower runs first.
    public var priority: UInt8
    /// Handed to the worker as it is: at most 65 536 bytes.
    public var payload: [UInt8]
    /// Media type of the payload: at most 128 bytes of ASCII.
    public var contentType: String
    /// Retries, leases and limits.
    public var policy: RetryPolicy
    /// Nil: runs once.
    public var recurrence: Recurrence?

    /// A job that runs once, at once, with the standard priority of 100 and the standard policy.
    ///
    /// Nothing is checked before it is submitted.
    public init(
        user: String, id: String, type: String, executionTime: Date? = nil, expiresAt: Date? = nil,
        priority: UInt8 = 100, payload: [UInt8] = [], contentType: String = "application/json",
        policy: RetryPolicy = RetryPolicy(), recurrence: Recurrence? = nil
    ) {
        self.user = user
        self.id = id
        self.type = type
        self.executionTime = executionTime
        self.expiresAt = expiresAt
        self.priority = priority
        self.payload = payload
        self.contentType = contentType
        self.policy = policy
        self.recurrence = recurrence
    }
}

/// How long a worker may take, and what becomes of a job that fails.
public struct RetryPolicy: Equatable, Sendable {
    /// Attempts after the first: from 0 to 1 000.
    public var maxRetries = 3
    /// The wait after the first failed attempt, up to 30 days.
    public var backoffInitial = Duration.seconds(1)
    /// How much longer each further wait is: from 1 to 100, kept to hundredths.
    public var backoffFactor = 2.0
    /// The longest wait, not less than the first, up to 30 days.
    public var backoffMax = Duration.seconds(3_600)
    /// By how much of itself a wait may be shortened, so that jobs which failed together do not come back
    /// together: from 0 to 1.
    public var backoffJitter = 0.1
    /// How long a worker may be silent before the job is given to another: from 100 ms to one day.
    public var leaseDuration = Duration.seconds(60)
    /// The longest that one attempt may take, from 1 ms to 30 days; nil: any time.
    public var runLimit: Duration?
    /// Leases that may run out on the job before it is given up as poison: up to 1 000; 0: any number.
    public var leaseExpiriesMax = 3

    /// The standard: three retries after one, two and four seconds, leases of a minute.
    public init() {}
}

/// When a recurring job ticks; each tick submits an occurrence, a job of its own.
public struct Recurrence: Equatable, Sendable {
    /// What the ticks follow.
    public enum Rule: Equatable, Sendable {
        /// Every so often, counted from the first tick: from 1 s to 366 days.
        case fixedRate(Duration)
        /// So long after the end of the occurrence before: from 1 s to 366 days.
        case fixedDelay(Duration)
        /// By a cron expression, read in an IANA time zone (docs/cron.md).
        case cron(String, zone: String = "UTC")
    }

    /// What a tick does while an earlier occurrence has not ended.
    public enum Overlap: Sendable {
        /// Nothing comes of the tick.
        case skip
        /// Its occurrence waits until those before it have ended.
        case queue
        /// They run beside each other.
        case allow
    }

    /// What becomes of ticks that passed while the scheduler was not there.
    public enum MissedTicks: Equatable, Sendable {
        /// Nothing.
        case skip
        /// The newest is made up.
        case once
        /// The newest so many are made up, in order: from 1 to 1 000.
        case all(max: Int)
    }

    /// What the ticks follow.
    public var rule: Rule
    /// What a tick does while an earlier occurrence has not ended.
    public var overlap: Overlap
    /// What becomes of ticks that passed while the scheduler was not there.
    public var missed: MissedTicks

    /// A rule, by which no occurrence overlaps another and only the newest missed tick is made up.
    public init(_ rule: Rule, overlap: Overlap = .skip, missed: MissedTicks = .once) {
        self.rule = rule
        self.overlap = overlap
        self.missed = missed
    }
}
