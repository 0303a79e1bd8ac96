import EventLog
import History
import JobState
import Units

extension EngineCore {
    /// Has those who ended go into history and, once they are safe there, leave memory.
    ///
    /// - Parameters:
    ///   - isIdle: No request came.
    ///   - endedNow: So many ended in this turn: history keeps pace with them.
    mutating func goOnWithHistory(isIdle: Bool, endedNow: Int) {
        let rules = history.rules
        let rowsMax =
            (isIdle ? rules.rowsPerIdleTurn : rules.rowsPerTurn) + Self.leadOfHistory * endedNow
        if !history.worker.isThreaded { history.worker.workOff() }
        switch history.stage {
        case .idle:
            guard isHistoryDue else { return }
            let range = state.releasedThrough.next...endOfNextFile
            history.stage = .collecting(
                HistoryBuilder(covering: range, rows: min(state.endedCount, rules.rowsMax)),
                place: 0)
        case .collecting(var builder, let place):
            // Held in one place only, or each row would copy all of them.
            history.stage = .idle
            let end = state.collect(into: &builder, from: place, countMax: rowsMax)
            if end - place == rowsMax {
                history.stage = .collecting(builder, place: end)
            } else {
                history.stage = .writing(through: builder.range.upperBound)
                history.worker.put(builder)
            }
        case .writing(let lsn):
            settle(through: lsn)
        case .releasing:
            if !state.release(countMax: rowsMax) { history.stage = .idle }
        }
    }

    /// So many times as fast as jobs end they are copied, and then released: both together take a quarter of
    /// the time in which as many end, and the file in between has the rest.
    ///
    /// With 2 the two took all of it, so that each file was larger than the one before for as long as jobs came.
    private static let leadOfHistory = 8

    /// Where the next file ends: with the last of as many as it may have, or as far as the log is durable.
    ///
    /// Never before the end of an attempt that failed. That may have left a file, which the next opening would find;
    /// it has to be within the one that comes of the next attempt.
    private var endOfNextFile: LSN {
        mutating get {
            let rowsMax = history.rules.rowsMax
            guard state.endedCount >= rowsMax else { return log.durableLSN }
            return min(state.endedJob(rowsMax - 1).last, log.durableLSN)
        }
    }

    /// How long the next turn may be put off for history's sake.
    var historyPatience: TimeSpan? {
        mutating get {
            switch history.stage {
            // Of a backlog, each part is due when the one before has been released.
            case .idle: isHistoryDue ? HistoryDesk.pollTime : nil
            case .collecting: .zero
            case .writing: HistoryDesk.pollTime
            case .releasing: state.mayRelease ? .zero : nil
            }
        }
    }

    private var isHistoryDue: Bool {
        mutating get {
            space.trouble == nil && log.durableLSN > state.releasedThrough
                && history.isDue(
                    ended: state.endedCount, isOverdue: isHistoryOverdue, now: monotonic)
        }
    }

    private var isHistoryOverdue: Bool {
        mutating get {
            guard let step = retention.step, state.endedCount > 0 else { return false }
            return wall.span(since: state.endedJob(0).endedAt) >= step
        }
    }

    private mutating func settle(through lsn: LSN) {
        guard let outcome = history.worker.takeOutcome() else { return }
        switch outcome {
        case .written:
            history.note(failure: nil, now: monotonic)
            state.beginRelease(through: lsn)
            history.stage = .releasing
        case .failed(let reason):
            history.note(failure: reason, now: monotonic)
            history.stage = .idle
        }
    }
}

extension JobState {
    /// Copies rows of jobs that ended within the builder's range, from the `first`th on.
    ///
    /// - Returns: The place of the next one; less than `countMax` further: there are no more.
    mutating func collect(
        into builder: inout HistoryBuilder, from first: Int, countMax: Int
    ) -> Int {
        var place = first
        while place < endedCount, place - first < countMax {
            if (place - first) % Self.prefetchMax == 0 { prefetchEnded(from: place) }
            let job = endedJob(place)
            guard job.last <= builder.range.upperBound else { break }
            let marks = NameMarks(user: job.user, type: job.type, policy: job.jobClass)
            withNames(of: job.slot) { user, name, type, policy, location in
                builder.append(
                    HistoryRow(job), user: user, job: name, type: type, policy: policy,
                    location: location, marks: marks)
            }
            place += 1
        }
        return place
    }
}

extension HistoryRow {
    fileprivate init(_ job: EndedJob) {
        guard let end = HistoryEnd(job.status) else {
            preconditionFailure("job \(job.submitted) is \(job.status), it has not ended")
        }
        self.init(
            submitted: job.submitted, last: job.last, end: end, submittedAt: job.submittedAt,
            finishedAt: job.endedAt, executionTime: job.executionTime,
            contentHash: job.contentHash)
        lastFailure = job.lastFailure
        attempts = job.attempts
        leaseExpiries = job.leaseExpiries
        priority = job.priority
        isRecurring = job.isRecurring
    }
}
