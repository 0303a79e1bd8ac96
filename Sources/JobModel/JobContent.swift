package import Units

/// How long a job waits after a retriable failure: `initial · factor^(attempt − 1)`, at most `max`.
package struct Backoff: Hashable, Sendable {
    package let initial: TimeSpan
    /// In hundredths, so that equal policies are equal bytes: 200 doubles the wait each time.
    package let factorPercent: UInt32
    package let max: TimeSpan

    /// One second, doubling, at most one hour.
    package static let standard = Backoff(
        initial: .seconds(1), factorPercent: 200, max: .seconds(3_600))

    package init(initial: TimeSpan, factorPercent: UInt32, max: TimeSpan) {
        self.initial = initial
        self.factorPercent = factorPercent
        self.max = max
    }

    /// The wait after attempt `attempt` (counted from 1) has failed.
    ///
    /// Whole-number arithmetic only: the result is written into an event and must be the same on
    /// every machine.
    package func delay(afterAttempt attempt: Int) -> TimeSpan {
        var delay = initial.microseconds
        var step = 1
        while step < attempt, delay < max.microseconds {
            let (product, overflow) = delay.multipliedReportingOverflow(by: Int64(factorPercent))
            delay = overflow ? Int64.max : product / 100
            if factorPercent <= 100, step >= 64 { break }
            step += 1
        }
        return Swift.min(TimeSpan(microseconds: delay), max)
    }
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
    /// Media type of the payload.
    package var contentType: String

    package static let standard = JobPolicy(
        maxRetries: 3, backoff: .standard, leaseDuration: .seconds(60), runLimit: nil,
        contentType: "application/json")

    package init(
        maxRetries: Int, backoff: Backoff, leaseDuration: TimeSpan, runLimit: TimeSpan?,
        contentType: String
    ) {
        self.maxRetries = maxRetries
        self.backoff = backoff
        self.leaseDuration = leaseDuration
        self.runLimit = runLimit
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
    /// Lower runs first.
    package var priority: UInt8
    /// Opaque bytes of `policy.contentType`.
    package var payload: [UInt8]
    /// `file:` URL that the executor writes the result to; nil: the result is not kept.
    package var resultLocation: String?
    package var policy: JobPolicy

    package init(
        type: JobType, executionTime: WallTime?, priority: UInt8 = JobContent.priorityStandard,
        payload: [UInt8] = [], resultLocation: String? = nil, policy: JobPolicy = .standard
    ) {
        self.type = type
        self.executionTime = executionTime
        self.priority = priority
        self.payload = payload
        self.resultLocation = resultLocation
        self.policy = policy
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
    package static let claimCountMax = 1_000
    package static let claimTypesMax = 64
    package static let claimWaitMax = TimeSpan.seconds(60)
    package static let pageItemsMax = 1_000
}
