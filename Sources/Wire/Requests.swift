package import Units

/// Body of `POST /v1/users/{user}/jobs`.
package struct SubmitRequest: Equatable, Sendable {
    /// Left out: the server makes a UUID of version 7.
    package var job: String?
    package var type: String
    /// Left out: now.
    package var executionTime: WallTime?
    /// Cancelled if no attempt has begun by then.
    package var expiresAt: WallTime?
    package var priority: Int?
    /// The payload's JSON text exactly as it was sent; nil: left out.
    package var payload: [UInt8]?
    /// A payload that is no JSON, in base64; not together with `payload`.
    package var payloadBase64: String?
    package var contentType: String?
    package var resultLocation: String?
    package var maxRetries: Int?
    package var backoff: BackoffBody?
    package var leaseSeconds: Double?
    package var runLimitSeconds: Double?
    /// Leases that may run out before the job is parked as poison; 0: any number.
    package var leaseExpiriesMax: Int?
    /// Left out: runs once.
    package var recurrence: RecurrenceBody?

    package init(
        job: String? = nil, type: String, executionTime: WallTime? = nil,
        expiresAt: WallTime? = nil, priority: Int? = nil, payload: [UInt8]? = nil,
        payloadBase64: String? = nil, contentType: String? = nil, resultLocation: String? = nil,
        maxRetries: Int? = nil, backoff: BackoffBody? = nil, leaseSeconds: Double? = nil,
        runLimitSeconds: Double? = nil, leaseExpiriesMax: Int? = nil,
        recurrence: RecurrenceBody? = nil
    ) {
        self.job = job
        self.type = type
        self.executionTime = executionTime
        self.expiresAt = expiresAt
        self.priority = priority
        self.payload = payload
        self.payloadBase64 = payloadBase64
        self.contentType = contentType
        self.resultLocation = resultLocation
        self.maxRetries = maxRetries
        self.backoff = backoff
        self.leaseSeconds = leaseSeconds
        self.runLimitSeconds = runLimitSeconds
        self.leaseExpiriesMax = leaseExpiriesMax
        self.recurrence = recurrence
    }
}

/// `{"initialSeconds":1,"factor":2,"maxSeconds":3600,"jitter":0.1}`; each may be left out.
package struct BackoffBody: Equatable, Sendable {
    package var initialSeconds: Double?
    package var factor: Double?
    package var maxSeconds: Double?
    /// By how much of itself a wait may be shortened, 0 to 1.
    package var jitter: Double?

    package init(
        initialSeconds: Double? = nil, factor: Double? = nil, maxSeconds: Double? = nil,
        jitter: Double? = nil
    ) {
        self.initialSeconds = initialSeconds
        self.factor = factor
        self.maxSeconds = maxSeconds
        self.jitter = jitter
    }
}

/// When a job recurs: `{"interval":600,"mode":"fixedRate"}` or `{"cron":"0 9 * * *","zone":"UTC"}`.
package struct RecurrenceBody: Equatable, Sendable {
    /// Seconds between two ticks; not together with `cron`.
    package var interval: Double?
    /// `fixedRate`: counted from the first tick; `fixedDelay`: from the end of the one before.
    ///
    /// Left out: `fixedRate`.
    package var mode: String?
    package var cron: String?
    /// IANA name; left out: UTC.
    package var zone: String?
    /// What a tick does while an earlier occurrence has not ended: `skip`, `queue` or `allow`.
    package var overlap: String?
    /// What becomes of ticks that nobody was there for: `skip`, `once` or `all`.
    package var missed: String?
    /// With `missed` `all`: how many are made up at most.
    package var missedMax: Int?

    package init(
        interval: Double? = nil, mode: String? = nil, cron: String? = nil, zone: String? = nil,
        overlap: String? = nil, missed: String? = nil, missedMax: Int? = nil
    ) {
        self.interval = interval
        self.mode = mode
        self.cron = cron
        self.zone = zone
        self.overlap = overlap
        self.missed = missed
        self.missedMax = missedMax
    }
}

/// Body of `POST /v1/claims`: `{"worker":"w1","types":["mail"],"max":10,"leaseSeconds":60,"waitSeconds":20}`.
package struct ClaimRequest: Equatable, Sendable {
    package var worker: String
    package var types: [String]
    /// Left out: 1.
    package var max: Int?
    /// Left out: each job's own lease duration.
    package var leaseSeconds: Double?
    /// How long to wait for a job to become due; left out: answer at once.
    package var waitSeconds: Double?

    package init(
        worker: String, types: [String], max: Int? = nil, leaseSeconds: Double? = nil,
        waitSeconds: Double? = nil
    ) {
        self.worker = worker
        self.types = types
        self.max = max
        self.leaseSeconds = leaseSeconds
        self.waitSeconds = waitSeconds
    }
}

/// Body of `POST /v1/claims/{token}/heartbeat`; may be empty.
package struct HeartbeatRequest: Equatable, Sendable {
    package var leaseSeconds: Double?
    /// Any JSON up to 1 KiB, shown to people, as its text.
    package var progress: [UInt8]?
    /// Any JSON up to 64 KiB, handed to the next attempt, as its text.
    package var checkpoint: [UInt8]?

    package init(leaseSeconds: Double? = nil, progress: [UInt8]? = nil, checkpoint: [UInt8]? = nil)
    {
        self.leaseSeconds = leaseSeconds
        self.progress = progress
        self.checkpoint = checkpoint
    }
}

/// Body of `POST /v1/claims/{token}/succeed`; may be empty.
package struct SucceedRequest: Equatable, Sendable {
    package var message: String?

    package init(message: String? = nil) {
        self.message = message
    }
}

/// Body of `POST /v1/claims/{token}/fail`.
package struct FailRequest: Equatable, Sendable {
    /// Left out: true; false forbids further attempts.
    package var retriable: Bool?
    package var message: String?

    package init(retriable: Bool? = nil, message: String? = nil) {
        self.retriable = retriable
        self.message = message
    }
}

/// Query of `GET /v1/users/{user}/jobs?status=&type=&limit=&cursor=`.
package struct ListQuery: Equatable, Sendable {
    /// Names of statuses; empty: all.
    ///
    /// `status=SUCCESS,CANCELLED` or repeated.
    package var statuses: [String]
    package var type: String?
    /// Left out: 100; at most 1 000.
    package var limit: Int?
    /// `next` of the page before.
    package var cursor: String?
    /// A moment of the past, by time or event; left out: now.
    package var asOf: String?

    package init(
        statuses: [String] = [], type: String? = nil, limit: Int? = nil, cursor: String? = nil,
        asOf: String? = nil
    ) {
        self.asOf = asOf
        self.statuses = statuses
        self.type = type
        self.limit = limit
        self.cursor = cursor
    }
}
