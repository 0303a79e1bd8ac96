package import EventLog
package import JobModel
import JobState
import PayloadPacking
package import Storage
package import Units

/// An engine without threads: whoever holds it puts requests in line and makes each turn, and every
/// answer comes from inside a turn.
///
/// The same requests at the same times on the same disk do the same, operation by operation: what
/// simulations are made of. Live traffic uses `Engine`; both run the same `EngineCore`.
package final class SteppedEngine {
    private var core: EngineCore
    private var requests: [Request] = []
    private let log: EventLog
    private let dictionaries: PayloadDictionaries
    private let failure: Condition
    private let finishedJobs: FinishedJobs
    private var claimNumber: UInt64 = 0
    /// What was said about the snapshots when it was opened.
    package let notes: [String]
    /// Events that were replayed when it was opened: those after the snapshot.
    package let recordsReplayed: UInt64

    /// Opens the data directory and recovers what it holds.
    ///
    /// - Parameters:
    ///   - directory: The data directory.
    ///   - storage: Where files are.
    ///   - clock: Where time comes from.
    ///   - options: Of the log; without threads, whatever they say.
    ///   - snapshots: When they are taken.
    ///   - history: When jobs that have ended leave memory.
    /// - Throws: As `Engine.open`.
    package init(
        directory: String, storage: any Storage, clock: any EngineClock, options: LogOptions,
        snapshots: SnapshotRules = SnapshotRules(), history: HistoryRules = HistoryRules()
    ) throws(LogError) {
        var options = options
        options.isThreaded = false
        var notes: [String] = []
        var report = LogRecovery()
        let opened = try OpenedLog(
            directory: directory, storage: storage, options: options, rules: snapshots,
            historyRules: history, retention: nil, archive: nil,
            note: { notes.append($0) }, progress: { report = $0 }, onFailure: { _ in })
        self.notes = notes
        recordsReplayed = report.recordsReplayed
        log = opened.log
        dictionaries = opened.dictionaries
        failure = opened.condition
        finishedJobs = opened.finishedJobs
        let worker = opened.historyWorker
        core = opened.core(clock: clock)
        do throws(RebuildError) {
            // Nobody does it beside the turns.
            while try worker.rebuildGap() {}
        } catch {
            log.close()
            throw error.logError
        }
    }

    /// Why the log cannot be written any more; nil while it can.
    ///
    /// Nothing is answered any more then but `outcomeUnknown`, and no turn may be made.
    package var failureReason: String? { failure.failure }

    /// What keeps the engine from taking all work; nil where nothing does.
    package var trouble: String? { core.trouble }

    /// Position of the newest event.
    package var appliedLSN: LSN { core.state.appliedLSN }

    /// Jobs by status.
    package var counts: StatusCounts { core.state.counts }

    /// How long the next turn may be put off if no request comes and the wall clock does not jump.
    package func patience() -> TimeSpan {
        core.patience(wallClockPatience: .seconds(3_600))
    }

    /// Takes the requests in line, acts on what is due, makes everything durable.
    package func turn() {
        let batch = requests
        requests = []
        core.turn(batch)
    }

    /// Drops the log's oldest segments.
    package var trimmer: LogTrimmer { log.trimmer }

    /// What the state comes to.
    package func digest() -> UInt64 { core.state.digest() }

    /// Makes everything durable and ends.
    package func close() {
        core.dismissClaims()
        core.closeSnapshots(isWhole: failure.failure == nil)
        log.close()
    }
}

// MARK: - Requests

extension SteppedEngine {
    package func submit(
        _ key: JobKey, _ content: JobContent,
        _ reply: @escaping @Sendable (Result<SubmitReceipt, EngineError>) -> Void
    ) {
        do throws(EngineError) {
            requests.append(.submit(try batch([(key, content)]), reply))
        } catch {
            reply(.failure(error))
        }
    }

    package func submit(
        _ jobs: [(key: JobKey, content: JobContent)],
        _ reply: @escaping @Sendable (Result<[SubmitOutcome], EngineError>) -> Void
    ) {
        do throws(EngineError) {
            submit(try batch(jobs), reply)
        } catch {
            reply(.failure(error))
        }
    }

    package func submit(
        _ batch: SubmissionBatch,
        _ reply: @escaping @Sendable (Result<[SubmitOutcome], EngineError>) -> Void
    ) {
        requests.append(.submitMany(batch, reply))
    }

    /// Jobs to be submitted, of which those are known by now that have ended and left memory.
    package func batch(
        _ jobs: [(key: JobKey, content: JobContent)]
    ) throws(EngineError) -> SubmissionBatch {
        var batch = SubmissionBatch(
            hash: core.state.hash, dictionaries: dictionaries, jobsExpected: jobs.count)
        for job in jobs { batch.add(job.key, job.content) }
        try finishedJobs.note(in: &batch)
        return batch
    }

    package func change(
        _ key: JobKey, _ change: JobChange,
        _ reply: @escaping @Sendable (Result<JobView, EngineError>) -> Void
    ) {
        requests.append(
            .change(key, change) { [finishedJobs] result in
                reply(
                    result.orFinished { () throws(EngineError) in
                        try finishedJobs.change(key, change)
                    })
            })
    }

    package func claim(
        _ order: ClaimOrder, wait: TimeSpan,
        _ reply: @escaping @Sendable (Result<[Grant], EngineError>) -> Void
    ) {
        claimNumber += 1
        requests.append(
            .claim(ClaimID(number: claimNumber), order, wait: wait) { [dictionaries] result in
                reply(result.map { $0.grants(dictionaries) })
            })
    }

    package func report(
        _ report: AttemptReport,
        _ reply: @escaping @Sendable (Result<JobView, EngineError>) -> Void
    ) {
        requests.append(.attempt(report, reply))
    }

    package func report(
        _ reports: [AttemptReport],
        _ reply: @escaping @Sendable (Result<[AttemptOutcome], EngineError>) -> Void
    ) {
        requests.append(.attempts(ReportBatch(reports), reply))
    }

    package func redrive(
        _ order: RedriveOrder,
        _ reply: @escaping @Sendable (Result<RedriveResult, EngineError>) -> Void
    ) {
        requests.append(.redrive(order, reply))
    }

    package func control(
        _ scope: ControlScope, _ change: ControlChange,
        _ reply: @escaping @Sendable (Result<Control, EngineError>) -> Void
    ) {
        requests.append(.control(scope, change, reply))
    }

    package func list(
        _ query: JobQuery, _ reply: @escaping @Sendable (Result<JobPage, EngineError>) -> Void
    ) {
        requests.append(
            .list(query) { [finishedJobs] result in
                reply(
                    Result { () throws(EngineError) in
                        try finishedJobs.page(query, try result.get())
                    })
            })
    }

    /// Answers with the job as it stands; its timeline is read from the log with a `LogReader`.
    package func look(
        _ key: JobKey, _ reply: @escaping @Sendable (Result<JobView, EngineError>) -> Void
    ) {
        requests.append(
            .look(key) { [finishedJobs] result in
                let found = result.orFinished { () throws(EngineError) in
                    try finishedJobs.look(key)
                }
                reply(found.map { $0.job })
            })
    }

    package func snapshot(
        _ reply: @escaping @Sendable (Result<SnapshotOutcome, EngineError>) -> Void
    ) {
        requests.append(.snapshot(reply))
    }

    package func stats(
        _ reply: @escaping @Sendable (Result<EngineStats, EngineError>) -> Void
    ) {
        requests.append(.stats(reply))
    }
}

extension Result where Failure == EngineError {
    /// What history says where memory does not know the job.
    fileprivate func orFinished(
        _ look: () throws(EngineError) -> Success?
    ) -> Result<Success, EngineError> {
        guard case .failure(let error) = self, error.isUnknownJob else { return self }
        return Result { () throws(EngineError) in
            guard let past = try look() else { throw error }
            return past
        }
    }
}
