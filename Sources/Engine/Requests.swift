package import JobModel
package import Units

/// What can be asked of a job by its key.
package enum JobChange: Sendable {
    case cancel
    /// A dead letter is tried again from `dueAt` on; nil: at once.
    case redrive(dueAt: WallTime?)
    /// A waiting job gets another priority, time, or both; nil: as it is.
    case reschedule(priority: UInt8?, executionTime: WallTime?)
}

/// What a worker says about its attempt.
package enum AttemptStep: Sendable {
    case start
    case heartbeat(leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?)
    case succeed(message: String?)
    case fail(isRetriable: Bool, message: String?)
}

/// One report of a batch.
package struct AttemptReport: Sendable {
    package var token: LSN
    package var step: AttemptStep

    package init(token: LSN, step: AttemptStep) {
        self.token = token
        self.step = step
    }
}

/// Which dead letters to try again, and how fast.
package struct RedriveOrder: Sendable {
    /// Nil: of every user.
    package var user: UserID?
    /// Nil: of every type.
    package var type: JobType?
    /// The first is due then; nil: at once.
    package var firstDue: WallTime?
    /// Between one job's due time and the next one's; zero: all at once.
    package var spacing: TimeSpan
    /// At most so many, the latest deaths first.
    package var countMax: Int
    /// `next` of the call before; nil: from the latest death on.
    package var start: JobPosition?

    package init(
        user: UserID? = nil, type: JobType? = nil, firstDue: WallTime? = nil,
        spacing: TimeSpan = .zero, countMax: Int, start: JobPosition? = nil
    ) {
        self.user = user
        self.type = type
        self.firstDue = firstDue
        self.spacing = spacing
        self.countMax = countMax
        self.start = start
    }
}

/// What a redrive came to.
package struct RedriveResult: Equatable, Sendable {
    package var count: Int
    /// When the first job of the next call is to be due; nil: at once.
    package var nextDue: WallTime?
    /// Where older dead letters begin that may fit the order: call again from here on, even where none of
    /// these did.
    package var next: JobPosition?
}

/// What is to be changed of a setting; nil: stays as it is.
package struct ControlChange: Sendable {
    package var isPaused: Bool?
    /// `.some(nil)`: no bound any more.
    package var waitingMax: UInt32??
    package var runningMax: UInt32??
    /// Nothing is set any more: a user has the setting of every user again.
    package private(set) var isReset = false

    package static let reset: ControlChange = {
        var change = ControlChange()
        change.isReset = true
        return change
    }()

    package init(
        isPaused: Bool? = nil, waitingMax: UInt32?? = nil, runningMax: UInt32?? = nil
    ) {
        self.isPaused = isPaused
        self.waitingMax = waitingMax
        self.runningMax = runningMax
    }

    /// The setting that it makes of `old`.
    func applied(to old: Control) -> Control {
        Control(
            isPaused: isPaused ?? old.isPaused, waitingMax: waitingMax ?? old.waitingMax,
            runningMax: runningMax ?? old.runningMax)
    }
}

/// A scope and what is set for it.
package struct ScopedControl: Equatable, Sendable {
    package var scope: ControlScope
    package var control: Control
}

/// Which dead letters to list; the latest death first.
package struct DeadLetterQuery: Sendable {
    package var user: UserID?
    package var type: JobType?
    /// `next` of the page before; nil: from the latest death on.
    package var start: JobPosition?
    package var limit: Int

    package init(
        user: UserID? = nil, type: JobType? = nil, start: JobPosition? = nil, limit: Int
    ) {
        self.user = user
        self.type = type
        self.start = start
        self.limit = limit
    }
}
