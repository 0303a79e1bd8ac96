import EventLog
import Snapshots
import Units

/// What the writer knows of snapshots: the one under way, and when the next one is due.
struct SnapshotDesk {
    let rules: SnapshotRules
    let directory: SnapshotDirectory
    let isThreaded: Bool
    let log: LogIdentity
    private(set) var task: SnapshotTask?
    /// The newest one that is there.
    private(set) var newest: SnapshotReceipt?
    private var newestAt: MonotonicTime?
    private var triesAgainAt: MonotonicTime?
    private var waiting: [Reply<SnapshotOutcome>] = []
    /// The walk has not come to its end.
    private(set) var isWalking = false
    /// Why the last one failed; nil once one was written.
    private(set) var trouble: String?

    /// How often the end of one that is being written is looked for.
    private static let pollTime = TimeSpan.milliseconds(5)

    init(
        rules: SnapshotRules, directory: SnapshotDirectory, isThreaded: Bool, log: LogIdentity,
        newest: SnapshotReceipt?
    ) {
        self.rules = rules
        self.directory = directory
        self.isThreaded = isThreaded
        self.log = log
        self.newest = newest
    }

    var newestLSN: LSN { newest?.lsn ?? .zero }

    /// How long the next turn may be put off; nil: no snapshot needs one.
    var patience: TimeSpan? {
        guard let task else { return waiting.isEmpty ? nil : .zero }
        return isWalking && task.hasRoom ? .zero : Self.pollTime
    }

    /// Somebody wants a snapshot: the one that is there, if nothing has happened since, or a new one.
    mutating func ask(_ reply: @escaping Reply<SnapshotOutcome>, at lsn: LSN) {
        if let newest, newest.lsn == lsn { return reply(.success(.written(newest))) }
        waiting.append(reply)
    }

    mutating func isDue(at lsn: LSN, jobs: UInt64, now: MonotonicTime) -> Bool {
        if !waiting.isEmpty { return true }
        let begun = newestAt ?? now
        newestAt = begun
        guard now >= triesAgainAt ?? now else { return false }
        return rules.wants(
            events: lsn.rawValue - newestLSN.rawValue, jobs: jobs, passed: now.span(since: begun))
    }

    mutating func begin(_ task: SnapshotTask) {
        self.task = task
        isWalking = true
    }

    mutating func endWalk() { isWalking = false }

    /// The task has come to its end.
    mutating func settle(_ outcome: SnapshotOutcome, now: MonotonicTime) {
        task?.join()
        task = nil
        isWalking = false
        switch outcome {
        case .written(let receipt):
            newest = receipt
            newestAt = now
            triesAgainAt = nil
            trouble = nil
        case .failed(let reason):
            triesAgainAt = now.advanced(by: rules.patience)
            trouble = reason
        }
        let asked = waiting
        waiting = []
        for reply in asked { reply(.success(outcome)) }
    }

    /// Nobody gets one that is not begun yet.
    mutating func refuse(_ trouble: String) {
        guard task == nil else { return }
        let asked = waiting
        waiting = []
        for reply in asked { reply(.success(.failed(trouble))) }
    }

    /// Tells everybody who waits that nothing will come.
    mutating func dismiss() {
        for reply in waiting { reply(.failure(.notServing)) }
        waiting = []
    }
}
