import EventLog
import History
import Units

/// What the writer knows of history: how far the file has come that is being made of those who ended.
struct HistoryDesk {
    enum Stage {
        case idle
        /// Rows are copied, those up to `place` are.
        case collecting(HistoryBuilder, place: Int)
        case writing(through: LSN)
        case releasing
    }

    let rules: HistoryRules
    let worker: HistoryWorker
    var stage = Stage.idle
    /// Why the last file could not be written; nil once one was.
    private(set) var trouble: String?
    private var triesAgainAt: MonotonicTime?

    /// How often the end of a file that is being written is looked for.
    static let pollTime = TimeSpan.milliseconds(20)
    /// How long a failure is let be.
    private static let patience = TimeSpan.seconds(10)

    init(rules: HistoryRules, worker: HistoryWorker) {
        self.rules = rules
        self.worker = worker
    }

    /// What is missing or cannot be done, in words for people.
    var words: String? {
        let condition = worker.state
        if let range = condition.rebuilding {
            return "jobs that ended from event \(range.lowerBound) to \(range.upperBound) are not "
                + "found, and submits that may be of one are refused, until their history is built "
                + "again; \(condition.percent) % of the log is read"
        }
        if let range = condition.lost {
            return
                "jobs that ended from event \(range.lowerBound) to \(range.upperBound) are lost: their "
                + "history was damaged, and the log no longer goes back to them"
        }
        return condition.trouble ?? trouble
    }

    /// Whether it is time for a file of those who ended.
    ///
    /// - Parameters:
    ///   - ended: Jobs in memory that have ended.
    ///   - isOverdue: The first of them ended so long ago that retention should not wait for others.
    ///   - now: The time.
    /// - Returns: False for a while after a failure.
    func isDue(ended: Int, isOverdue: Bool, now: MonotonicTime) -> Bool {
        (ended >= rules.rowsMin || isOverdue) && now >= triesAgainAt ?? now
    }

    mutating func note(failure: String?, now: MonotonicTime) {
        trouble = failure
        triesAgainAt = failure == nil ? nil : now.advanced(by: Self.patience)
    }
}
