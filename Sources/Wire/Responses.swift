package import Units

/// `{"jobs":[…],"next":"…"}`: newest submit first; `next` is absent on the last page.
package struct JobPageBody: Equatable, Sendable {
    package var jobs: [JobBody]
    package var next: String?

    package init(jobs: [JobBody], next: String?) {
        self.jobs = jobs
        self.next = next
    }
}

/// One item of the list that answers `POST /v1/claims`.
package struct GrantBody: Equatable, Sendable {
    package var user: String
    package var job: String
    package var type: String
    /// The fencing token: carry it in every later call about this attempt.
    package var token: UInt64
    /// Counted from 1.
    package var attempt: Int
    /// JSON text of the payload.
    package var payload: [UInt8]?
    package var payloadBase64: String?
    package var contentType: String
    package var resultLocation: String?
    package var executionTime: WallTime
    package var leaseSeconds: Double
    package var leaseUntil: WallTime
    /// JSON text of the newest checkpoint of an earlier attempt.
    package var checkpoint: [UInt8]?

    package init(
        user: String, job: String, type: String, token: UInt64, attempt: Int,
        payload: [UInt8]? = nil, payloadBase64: String? = nil, contentType: String,
        resultLocation: String? = nil, executionTime: WallTime, leaseSeconds: Double,
        leaseUntil: WallTime, checkpoint: [UInt8]? = nil
    ) {
        self.user = user
        self.job = job
        self.type = type
        self.token = token
        self.attempt = attempt
        self.payload = payload
        self.payloadBase64 = payloadBase64
        self.contentType = contentType
        self.resultLocation = resultLocation
        self.executionTime = executionTime
        self.leaseSeconds = leaseSeconds
        self.leaseUntil = leaseUntil
        self.checkpoint = checkpoint
    }
}

/// The answer to `start`, `heartbeat`, `succeed` and `fail`: where the job stands now.
package struct AttemptBody: Equatable, Sendable {
    package var user: String
    package var job: String
    package var status: String
    package var attempt: Int
    package var leaseUntil: WallTime?
    package var nextAttemptAt: WallTime?

    package init(
        user: String, job: String, status: String, attempt: Int, leaseUntil: WallTime? = nil,
        nextAttemptAt: WallTime? = nil
    ) {
        self.user = user
        self.job = job
        self.status = status
        self.attempt = attempt
        self.leaseUntil = leaseUntil
        self.nextAttemptAt = nextAttemptAt
    }
}

/// One event of a job, as the timeline and `daybook log replay` print it.
///
/// `fields` keeps the order in which they are printed.
package struct EventBody: Equatable, Sendable {
    package var lsn: UInt64
    package var time: WallTime
    /// `Submitted`, `Claimed` and so on: docs/log-format.md lists them.
    package var event: String
    package var fields: [(name: String, value: EventValue)]

    package init(
        lsn: UInt64, time: WallTime, event: String, fields: [(name: String, value: EventValue)]
    ) {
        self.lsn = lsn
        self.time = time
        self.event = event
        self.fields = fields
    }

    package static func == (left: EventBody, right: EventBody) -> Bool {
        left.lsn == right.lsn && left.time == right.time && left.event == right.event
            && left.fields.elementsEqual(right.fields) {
                $0.name == $1.name && $0.value == $1.value
            }
    }
}

/// The value of one field of an event.
package enum EventValue: Equatable, Sendable {
    case text(String)
    case number(Int64)
    case seconds(Double)
    case time(WallTime)
    case flag(Bool)
    /// JSON text, put in as it is.
    case json([UInt8])
}

/// `{"events":[…]}`: oldest first.
package struct TimelineBody: Equatable, Sendable {
    package var events: [EventBody]
    /// True where older events were left out because there were too many.
    package var isTruncated: Bool
    /// Older events are gone, as all up to this one that retention has dropped; absent: none is.
    package var droppedLSN: UInt64?

    package init(events: [EventBody], isTruncated: Bool, droppedLSN: UInt64? = nil) {
        self.events = events
        self.isTruncated = isTruncated
        self.droppedLSN = droppedLSN
    }
}

/// Jobs by status: `{"NOT_STARTED":1,…}`, every status named.
package struct CountsBody: Equatable, Sendable {
    package var notStarted: UInt64 = 0
    package var claimed: UInt64 = 0
    package var processing: UInt64 = 0
    package var success: UInt64 = 0
    package var retriableFailure: UInt64 = 0
    package var fatalFailure: UInt64 = 0
    package var cancelled: UInt64 = 0

    package init() {}

    package var total: UInt64 {
        notStarted + claimed + processing + success + retriableFailure + fatalFailure + cancelled
    }
}

/// Body of `GET /v1/stats`.
package struct StatsBody: Equatable, Sendable {
    package struct TypeCounts: Equatable, Sendable {
        package var type: String
        package var counts: CountsBody

        package init(type: String, counts: CountsBody) {
            self.type = type
            self.counts = counts
        }
    }

    package var version: String
    package var now: WallTime
    package var uptimeSeconds: Double
    package var counts: CountsBody
    package var users: UInt64
    package var types: [TypeCounts]
    /// Jobs whose time has come and that no worker has claimed yet.
    package var ready: UInt64
    /// Claim calls that wait for a job.
    package var waitingClaims: UInt64
    /// Memory that names and payloads of jobs take.
    package var payloadBytes: UInt64
    package var durableLSN: UInt64
    package var logSegments: UInt64
    /// What the log's records take before and after compression and framing.
    package var logRawBytes: UInt64
    package var logStoredBytes: UInt64
    /// What is wrong with the log's disk, in words for people; nil where nothing is.
    package var logTrouble: String?
    /// Retention has dropped all events up to this one; zero: none.
    package var logDroppedLSN: UInt64
    /// Jobs that memory holds; the others have ended and are in history.
    package var jobsInMemory: UInt64
    package var historyJobs: UInt64
    package var historyFiles: UInt64
    package var historyBytes: UInt64
    /// What is missing or cannot be done, in words for people; nil where all is well.
    package var historyTrouble: String?
    /// Resident memory and processor time of the daemon.
    package var residentBytes: UInt64
    package var cpuSeconds: Double

    package init(
        version: String, now: WallTime, uptimeSeconds: Double, counts: CountsBody, users: UInt64,
        types: [TypeCounts], ready: UInt64, waitingClaims: UInt64,
        payloadBytes: UInt64, durableLSN: UInt64, logSegments: UInt64, logRawBytes: UInt64,
        logStoredBytes: UInt64, logTrouble: String?, logDroppedLSN: UInt64, jobsInMemory: UInt64,
        historyJobs: UInt64,
        historyFiles: UInt64, historyBytes: UInt64, historyTrouble: String?,
        residentBytes: UInt64, cpuSeconds: Double
    ) {
        self.version = version
        self.now = now
        self.uptimeSeconds = uptimeSeconds
        self.counts = counts
        self.users = users
        self.types = types
        self.ready = ready
        self.waitingClaims = waitingClaims
        self.payloadBytes = payloadBytes
        self.durableLSN = durableLSN
        self.logSegments = logSegments
        self.logRawBytes = logRawBytes
        self.logStoredBytes = logStoredBytes
        self.logTrouble = logTrouble
        self.logDroppedLSN = logDroppedLSN
        self.jobsInMemory = jobsInMemory
        self.historyJobs = historyJobs
        self.historyFiles = historyFiles
        self.historyBytes = historyBytes
        self.historyTrouble = historyTrouble
        self.residentBytes = residentBytes
        self.cpuSeconds = cpuSeconds
    }
}

/// Body of `GET /v1/users?limit=&cursor=`: every user who ever submitted, in order of first submit.
package struct UserPageBody: Equatable, Sendable {
    package struct User: Equatable, Sendable {
        package var user: String
        package var counts: CountsBody

        package init(user: String, counts: CountsBody) {
            self.user = user
            self.counts = counts
        }
    }

    package var users: [User]
    package var next: String?

    package init(users: [User], next: String?) {
        self.users = users
        self.next = next
    }
}

/// Body of every answer that is no success: `{"error":{"code":"…","message":"…"}}`.
package struct ErrorBody: Error, Equatable, Sendable {
    /// A word for programs; docs/api.md lists them.
    package var code: String
    /// A sentence for people: what is wrong and what to do.
    package var message: String
    /// The field of the request that is wrong.
    package var field: String?
    /// Where the job stands, for a stale token.
    package var holder: AttemptHolder?

    package struct AttemptHolder: Equatable, Sendable {
        package var user: String
        package var job: String
        package var status: String
        package var attempt: Int
        package var worker: String?
        package var token: UInt64?

        package init(
            user: String, job: String, status: String, attempt: Int, worker: String?,
            token: UInt64?
        ) {
            self.user = user
            self.job = job
            self.status = status
            self.attempt = attempt
            self.worker = worker
            self.token = token
        }
    }

    package init(
        code: String, message: String, field: String? = nil, holder: AttemptHolder? = nil
    ) {
        self.code = code
        self.message = message
        self.field = field
        self.holder = holder
    }
}
