import ByteCoding
import History
import JobCoding
import JobModel
import JobState
import Units

/// Answers about jobs that have left memory, and joins them with those that have not.
///
/// Memory is always asked first: who leaves it is in history before. Calls may wait for the disk.
struct FinishedJobs: Sendable {
    let set: HistorySet
    /// What keys are hashed with.
    let hash: KeyedHash
    /// Who ended later is not told of.
    var endedThrough = LSN(rawValue: .max)

    /// Somebody has left memory already.
    var hasAny: Bool { !set.isEmpty }

    /// What memory did not know.
    func look(_ key: JobKey) throws(EngineError) -> Look? {
        let found = try read { () throws(HistoryError) in try set.find(key) }
        guard let found, found.row.last <= endedThrough else { return nil }
        return try Look(found)
    }

    /// Does what may be done with a job that has left memory: nothing, but a cancel may come twice.
    func change(_ key: JobKey, _ change: JobChange) throws(EngineError) -> JobView? {
        guard let job = try look(key)?.job else { return nil }
        if case .cancel = change, job.status == .cancelled { return job }
        throw .rejected(.wrongStatus(key, job.status, wanted: change.transition))
    }

    /// The page that memory gave, with those that have left it.
    func page(_ query: JobQuery, _ live: JobPage) throws(EngineError) -> JobPage {
        let ends = query.statuses.compactMap { HistoryEnd($0) }
        if !query.statuses.isEmpty, ends.isEmpty { return live }
        let past = try read { () throws(HistoryError) in
            try set.page(
                of: query.user, ends: Set(ends), type: query.type,
                endedThrough: endedThrough, before: query.before?.submitted, limit: query.limit,
                looksMax: JobQuery.looksMax)
        }
        if past.jobs.isEmpty, past.next == nil { return live }
        var merge = PageMerge(query, live, hash: hash)
        for job in past.jobs { merge.add(try JobView(job)) }
        return merge.page(pastNext: past.next)
    }

    private func read<T>(_ body: () throws(HistoryError) -> T) throws(EngineError) -> T {
        do throws(HistoryError) {
            return try body()
        } catch {
            if case .missing = error { throw .historyMissing("\(error)") }
            throw .unreadable("\(error)")
        }
    }
}

// MARK: - Submits

extension FinishedJobs {
    /// Whether a job of the batch may have left memory already, as far as can be said without a disk;
    /// notes that none has.
    func mayKnow(_ batch: inout SubmissionBatch) -> Bool {
        let covered = set.coveredThrough
        let mayKnow = !set.isEmpty && !set.suspects(among: keys(of: batch)).isEmpty
        if !mayKnow { batch.historySeen = covered }
        return mayKnow
    }

    /// Notes which jobs of the batch have ended and left memory.
    ///
    /// What the batch says already is looked for only in files that came later.
    func note(in batch: inout SubmissionBatch) throws(EngineError) {
        let covered = set.coveredThrough
        let known = batch.historySeen
        let keys = keys(of: batch)
        for index in set.suspects(among: keys) {
            let found = try batch.withJob(index) { bytes, _ throws(EngineError) in
                let record = SubmissionBatch.record(bytes)
                return try read { () throws(HistoryError) in
                    try set.find(keys[index], user: record.user, job: record.job, after: known)
                }
            }
            if let found { batch.finished[index] = found }
        }
        batch.historySeen = max(known, covered)
    }

    private func keys(of batch: borrowing SubmissionBatch) -> [KeyHash] {
        var keys: [KeyHash] = []
        keys.reserveCapacity(batch.count)
        var hash = set.hash
        for index in 0..<batch.count {
            keys.append(
                batch.withJob(index) { bytes, _ in
                    let record = SubmissionBatch.record(bytes)
                    return hash.key(user: record.user, job: record.job)
                })
        }
        return keys
    }
}

// MARK: - Views

extension Look {
    init(_ job: FinishedJob) throws(EngineError) {
        self.job = try JobView(job)
        now = job.row.finishedAt
        payload = nil
        progress = nil
        lastFailure = job.row.lastFailure > .zero ? job.row.lastFailure : nil
        newestToken = nil
        holds = []
        lastAsked = nil
    }
}

extension JobView {
    init(_ job: FinishedJob) throws(EngineError) {
        let policy: JobPolicy
        do throws(EventFault) {
            policy = try JobPolicy(decoding: job.policy.rawBytes)
        } catch {
            throw .unreadable("the policy of \(job.key) in history: \(error)")
        }
        self.init(
            key: job.key, type: job.type, status: job.row.end.status,
            executionTime: job.row.executionTime, expiresAt: job.row.expiresAt,
            priority: job.row.priority, policy: policy, resultLocation: job.resultLocation,
            attempt: Int(job.row.attempts), leaseExpiries: Int(job.row.leaseExpiries),
            submittedAt: job.row.submittedAt, updatedAt: job.row.finishedAt, nextAttemptAt: nil,
            lease: nil, hold: nil, recurrence: nil, occurrenceOf: nil,
            submittedLSN: job.row.submitted, lastLSN: job.row.last)
    }
}

extension JobChange {
    fileprivate var transition: Transition {
        switch self {
        case .cancel: .cancel
        case .redrive: .redrive
        case .reschedule: .reschedule
        }
    }
}
