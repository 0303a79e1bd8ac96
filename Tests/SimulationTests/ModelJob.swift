import JobModel
import Units

/// A job as the model knows it.
struct ModelJob {
    let key: JobKey
    let content: JobContent
    /// Its first event, and the newest.
    let first: LSN
    var last: LSN
    var status = ExecutionStatus.notStarted
    var priority: UInt8
    /// While it waits: not to be claimed before.
    var due: WallTime
    /// An occurrence that waits for the ones before it.
    var isBlocked = false
    /// The event since which it waits, and the turn.
    var enteredAt: LSN
    var enteredTurn: Int

    var attempt = 0
    var attemptBase = 0
    var expiries = 0
    var expiryBase = 0
    var token = LSN.zero
    var lease = TimeSpan.zero
    var leaseEnd = MonotonicTime.distantFuture
    var runEnd = MonotonicTime.distantFuture
    var checkpoint: [UInt8]?

    /// Of a recurring job: the next tick; nil while it depends on the end of an occurrence.
    var nextTick: WallTime?
    /// Of a recurring job: its open occurrences, oldest first.
    var open: [Int] = []
    /// Of an open occurrence: the recurring job.
    var parent: Int?

    var isRecurring: Bool { content.recurrence != nil && parentKey == nil }
    /// Of an occurrence: what it is an occurrence of, also after it has ended.
    let parentKey: JobKey?

    var isWaiting: Bool {
        (status == .notStarted || status == .retriableFailure) && !isRecurring
    }

    var user: UserID { key.user }
    var type: JobType { content.type }
    var policy: JobPolicy { content.policy }

    init(
        key: JobKey, content: JobContent, first: LSN, due: WallTime, turn: Int,
        parentKey: JobKey? = nil
    ) {
        self.key = key
        self.content = content
        self.first = first
        self.due = due
        self.parentKey = parentKey
        last = first
        priority = content.priority
        enteredAt = first
        enteredTurn = turn
    }
}

/// A job right after one of its events.
struct ModelSnapshot {
    let job: Int
    let status: ExecutionStatus
    let attempt: Int
    let expiries: Int
    let priority: UInt8
    let token: LSN
    let checkpoint: [UInt8]?
}

/// The jobs of one type and priority: their users take turns.
struct TurnKey: Hashable {
    let type: JobType
    let priority: UInt8
}

/// What the model knows of the moment in which events are decided.
struct ModelMoment {
    let turn: Int
    let monotonic: MonotonicTime
    /// The engine's time.
    let wall: WallTime
}
