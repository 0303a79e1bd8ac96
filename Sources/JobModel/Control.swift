package import Units

/// Whose jobs a setting is about.
package enum ControlScope: Hashable, Sendable {
    case user(UserID)
    case type(JobType)
    /// Every user that has no setting of their own; pausing it is not possible.
    case everyUser
}

/// What an operator has set for a user or a type.
package struct Control: Hashable, Sendable {
    /// No job is claimed while this holds; what runs goes on.
    package var isPaused: Bool
    /// Jobs that may wait at once; a submit beyond is refused.
    ///
    /// Nil: any number. Users only.
    package var waitingMax: UInt32?
    /// Jobs that may be leased at once; what is due beyond is held back.
    ///
    /// Nil: any number.
    package var runningMax: UInt32?

    /// Nothing is paused, nothing is bounded.
    package static let none = Control()

    package init(isPaused: Bool = false, waitingMax: UInt32? = nil, runningMax: UInt32? = nil) {
        self.isPaused = isPaused
        self.waitingMax = waitingMax
        self.runningMax = runningMax
    }
}

/// Why a job that waits is not running right now, the nearest reason first.
package enum Hold: Hashable, Sendable {
    /// Its time has not come.
    case notDue(until: WallTime)
    /// It has failed and waits for its next attempt.
    case backoff(until: WallTime)
    /// The occurrence before it has not ended.
    case previousOccurrence
    case typePaused
    case userPaused
    /// As many of the type's jobs run as may.
    case typeLimit(UInt32)
    /// As many of the user's jobs run as may.
    case userLimit(UInt32)
    /// It is ready: nobody has claimed it yet.
    case noWorker

    /// The name on the wire.
    package var name: String {
        switch self {
        case .notDue: "notDue"
        case .backoff: "backoff"
        case .previousOccurrence: "previousOccurrence"
        case .typePaused: "typePaused"
        case .userPaused: "userPaused"
        case .typeLimit: "typeLimit"
        case .userLimit: "userLimit"
        case .noWorker: "noWorker"
        }
    }
}

/// A stretch of a job's life and what it was waiting for, or who ran it.
package struct WhySpan: Hashable, Sendable {
    /// What it was waiting for; nil while a worker had it.
    package var hold: Hold?
    /// Who had it; nil while it waited.
    package var worker: WorkerName?
    package var from: WallTime
    /// Where the next stretch begins; of the last: now, or when the job ended.
    package var to: WallTime

    package init(hold: Hold?, worker: WorkerName?, from: WallTime, to: WallTime) {
        self.hold = hold
        self.worker = worker
        self.from = from
        self.to = to
    }
}
