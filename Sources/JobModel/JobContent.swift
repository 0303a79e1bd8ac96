package import Units

/// How long a job waits after a retriable failure: `initial · factor^(attempt − 1)`, at most `max`,
/// less a part of up to `jitterPercent`, so that jobs that failed together do not come back together.
package struct Backoff: Hashable, Sendable {
    package let initial: TimeSpan
    /// In hundredths, so that equal policies are equal bytes: 200 doubles the wait each time.
    package let factorPercent: UInt32
    package let max: TimeSpan
    /// By how much of itself a wait may be shortened, in hundredths; 0: never.
    package let jitterPercent: UInt32

    /// One second, doubling, at most one hour, a tenth of it jitter.
    package static let standard = Backoff(
        initial: .seconds(1), factorPercent: 200, max: .seconds(3_600), jitterPercent: 10)

    package init(
        initial: TimeSpan, factorPercent: UInt32, max: TimeSpan, jitterPercent: UInt32 = 0
    ) {
        self.initial = initial
        self.factorPercent = factorPercent
        self.max = max
        self.jitterPercent = jitterPercent
    }

    /// The wait after attempt `attempt` (counted from 1) of the job submitted at `job` has failed.
    ///
    /// Whole-number arithmetic only, and a jitter that is drawn from the job's position and the
    /// attempt: the result is written into an event and must be the same on every machine.
    package func delay(afterAttempt attempt: Int, of job: LSN) -> TimeSpan {
        let whole = delay(afterAttempt: attempt).microseconds
        // Fits 64 bits: `JobLimits` allow 30 days and 100 %, a log 366 days and as much.
        let largest = whole / 100 * Int64(jitterPercent)
        guard largest > 0 else { return TimeSpan(microseconds: whole) }
        let draw = mixed(job.rawValue &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(attempt))
        return TimeSpan(microseconds: whole - Int64(draw % UInt64(largest + 1)))
    }

    /// The longest wait after attempt `attempt`, counted from 1.
    package func delay(afterAttempt attempt: Int) -> TimeSpan {
        var delay = initial.microseconds
        var step = 1
        while step < attempt, delay < max.microseconds {
            let (product, overflow) = delay.multipliedReportingOverflow(by: Int64(factorPercent))
            let next = overflow ? Int64.max : product / 100
            // However many attempts follow, nothing changes any more.
            if next == delay { break }
            delay = next
            // One below 100 %, which no caller may ask for, shrinks for thousands of steps.
            if factorPercent < 100, step >= 64 { break }
            step += 1
        }
        return Swift.min(TimeSpan(microseconds: delay), max)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators,
/// 2014): every bit of `value` reaches every bit of the result.
private func mixed(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
}

/// The part of a job's content that many jobs share, held once for all of them.
package struct JobPolicy: Hashable, Sendable {
    /// Attempts after the first; 0 means that a job is tried once.
    package var maxRetries: Int
    package var backoff: Backoff
    /// How long a fresh or extended lease lasts unless the worker asks for another span.
    package var leaseDuration: TimeSpan
    /// The longest that one attempt may take however often it heartbeats; nil: no limit.
    package var runLimit: TimeSpan?
    /// Leases that may run out on the job; the last of them parks it as poison.
    ///
    /// 0: any number may.
    package var leaseExpiriesMax: Int
    /// Media type of the payload.
    package var contentType: String

    package static let standard = JobPolicy(
        maxRetries: 3, backoff: .standard, leaseDuration: .seconds(60), runLimit: nil,
        leaseExpiriesMax: 3, contentType: "application/json")

    package init(
        maxRetries: Int, backoff: Backoff, leaseDuration: TimeSpan, runLimit: TimeSpan?,
        leaseExpiriesMax: Int, contentType: String
    ) {
        self.maxRetries = maxRetries
        self.backoff = backoff
        self.leaseDuration = leaseDuration
        self.runLimit = runLimit
        self.leaseExpiriesMax = leaseExpiriesMax
        self.contentType = contentType
    }
}

/// Everything that a caller says about a job: what idempotent submits are compared by.
package struct JobContent: Hashable, Sendable {
    package var type: JobType
    /// Not run before this; a time that has passed, or none, means at once.
    ///
    /// Nil is kept as nil, so that "at once" said twice is the same content.
    package var executionTime: WallTime?
    /// Cancelled if no attempt has begun by then; of a recurring job: no tick after it.
    package var expiresAt: WallTime?
    /// Lower runs first.
    package var priority: UInt8
    /// Opaque bytes of `policy.contentType`.
    package var payload: [UInt8]
    /// `file:` URL that the executor writes the result to; nil: the result is not kept.
    package var resultLocation: String?
    package var policy: JobPolicy
    /// Nil: runs once.
    package var recurrence: Recurrence?

    package init(
        type: JobType, executionTime: WallTime?, expiresAt: WallTime? = nil,
        priority: UInt8 = JobContent.priorityStandard, payload: [UInt8] = [],
        resultLocation: String? = nil, policy: JobPolicy = .standard,
        recurrence: Recurrence? = nil
    ) {
        self.type = type
        self.executionTime = executionTime
        self.expiresAt = expiresAt
        self.priority = priority
        self.payload = payload
        self.resultLocation = resultLocation
        self.policy = policy
        self.recurrence = recurrence
    }

    /// The priority of a job that names none.
    package static let priorityStandard: UInt8 = 100
}

/// Bounds of what a caller may ask for.
///
/// The server checks them where it reads the field.
package enum JobLimits {
    package static let payloadBytesMax = 65_536
    package static let checkpointBytesMax = 65_536
    package static let progressBytesMax = 1_024
    package static let messageBytesMax = 4_096
    package static let resultLocationBytesMax = 1_024
    package static let contentTypeBytesMax = 128
    package static let retriesMax = 1_000
    package static let leaseMin = TimeSpan.milliseconds(100)
    package static let leaseMax = TimeSpan.seconds(86_400)
    package static let runLimitMax = TimeSpan.seconds(30 * 86_400)
    package static let backoffMax = TimeSpan.seconds(30 * 86_400)
    package static let backoffFactorPercentMax: UInt32 = 10_000
    package static let backoffJitterPercentMax: UInt32 = 100
    package static let leaseExpiriesMax = 1_000
    /// No duration of a job, an interval among them, is longer: one that is, in a log or a snapshot, is damage.
    package static let durationMax = intervalMax
    package static let batchItemsMax = 1_000
    package static let claimCountMax = 1_000
    package static let claimTypesMax = 64
    package static let claimWaitMax = TimeSpan.seconds(60)
    package static let pageItemsMax = 1_000
}

extension JobLimits {
    /// The id of a recurring job, in bytes: its occurrences' ids add `@` and a time to it.
    package static let recurringJobBytesMax = nameBytesMax - 1 - occurrenceTimeBytesMax
    /// `2026-11-24T10:00:00.000000Z`.
    package static let occurrenceTimeBytesMax = 27
    package static let intervalMin = TimeSpan.seconds(1)
    package static let intervalMax = TimeSpan.seconds(366 * 86_400)
    package static let cronBytesMax = 256
    package static let zoneBytesMax = 64
    package static let catchUpMax = 1_000
    /// Occurrences of one recurring job that may be open at once; a tick beyond that is skipped.
    package static let occurrencesMax = 1_000
    package static let redriveItemsMax = 10_000
}
