import JobModel
import Units

/// All that was seen of a simulated day from outside of the engine.
struct DayRecord: Sendable {
    /// From the opening of the engine until it was closed, died, or was killed.
    struct Life: Sendable {
        let openedAt: MonotonicTime
        /// Newest event that was replayed.
        let opened: LSN
        let firstTurn: Int
    }

    /// One turn of the engine.
    struct Turn: Sendable {
        let monotonic: MonotonicTime
        let wallClock: WallTime
        /// Newest event after it; of a turn in which the machine died: that survived.
        var end: LSN
        /// How long the engine said that it could wait after it; nil: it has died.
        var patience: TimeSpan?
        /// The disk was full.
        var isShort: Bool
    }

    var lives: [Life] = []
    var turns: [Turn] = []
    var exchanges: [Exchange] = []
    var digestsCompared = 0
    /// What was done to the engine and to its users, and how often.
    var fired: [FaultKind: Int] = [:]

    mutating func note(_ what: FaultKind) { fired[what, default: 0] += 1 }
}

/// What a campaign must have seen happen before its verdict counts.
enum FaultKind: String, CaseIterable, Sendable {
    case cleanRestart, powerCut, kill, powerCutInRecovery, failedSync, failedWrite
    case failedReadInRecovery, fullDisk, refusedForSpace, clockForward, clockBack, longOutage
    case lostAnswer, retriedSubmit, conflictingSubmit, crashedWorker, zombie, doubledCall
    case reorderedCall, staleTokenRefused, leaseExpired, runLimitExceeded, poisoned, deadLetter
    case redriven, rescheduled, cancelledRunning, expiredWaiting
    case tickOverlapped, tickQueued, tickMissed, waitingLimitReached, pausedOrLimited
    case checkpointHandedOn
    case snapshotWritten, snapshotFailed, snapshotLoaded, snapshotDamaged, snapshotCutShort
    case historyWritten, historyMerged, historyCutShort, historyDamaged, historyRebuilt
    case historyRefused
    case segmentsDropped, dropCutShort
}

/// Something that must not be.
struct Finding: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
