import ByteCoding
import Dispatch
package import EventLog
package import JobModel
import JobState
import PayloadPacking
package import Storage
import Synchronization
import Threads
package import Units

/// The scheduler on one data directory: a single writer thread owns the state and the log.
///
/// Every call answers only when all that its answer shows is durable. Calls may come from anywhere,
/// any number at a time.
package final class Engine: Sendable {
    private let inbox: Inbox
    private let reader: LogReader
    private let condition: Condition
    private let hash: KeyedHash
    private let dictionaries: PayloadDictionaries
    private let finishedJobs: FinishedJobs
    let pastDesk: PastDesk
    private let retention: RetentionDesk
    private let clock: any EngineClock
    private let claimNumbers = Atomic<UInt64>(0)
    /// Reads of the log block, so they have threads of their own.
    private let readQueue = DispatchQueue(label: "daybook.reads", attributes: .concurrent)

    init(
        inbox: Inbox, reader: LogReader, condition: Condition, hash: KeyedHash,
        dictionaries: PayloadDictionaries, finishedJobs: FinishedJobs, past: PastFold,
        retention: RetentionDesk, clock: any EngineClock
    ) {
        self.retention = retention
        self.clock = clock
        self.finishedJobs = finishedJobs
        pastDesk = PastDesk(fold: past, finishedJobs: finishedJobs)
        self.inbox = inbox
        self.reader = reader
        self.condition = condition
        self.hash = hash
        self.dictionaries = dictionaries
    }

    /// Opens the data directory, which is made if it is not there, and recovers what it holds.
    ///
    /// - Parameters:
    ///   - directory: The data directory; one engine at a time.
    ///   - options: Sizes and bounds.
    ///   - storage: Where files are; another one in tests only.
    ///   - clock: Where time comes from; another one in tests only.
    ///   - progress: Called now and then during recovery, on another thread.
    /// - Returns: Once every job of the log is served again.
    /// - Throws: `LogError` if the directory is in use, cannot be written, is of a newer format, or
    ///   its log is corrupt. Nothing was changed then, except that a torn tail may have been cut.
    package static func open(
        directory: String, options: EngineOptions = EngineOptions(),
        storage: any Storage = PosixStorage(), clock: any EngineClock = SystemClock(),
        progress: @escaping @Sendable (RecoveryProgress) -> Void = { _ in }
    ) async throws(LogError) -> Engine {
        let writer = Writer(
            directory: directory, options: options, storage: storage, clock: clock,
            progress: progress)
        let result = await withCheckedContinuation { continuation in
            DedicatedThread(name: "daybook-writer") {
                writer.run { continuation.resume(returning: $0) }
            }.detach()
        }
        return try result.get()
    }

    /// An empty batch of jobs, to be filled and submitted.
    ///
    /// - Parameter jobsExpected: How many it is made for; more fit.
    /// - Returns: The batch, good for this engine alone.
    package func batch(jobsExpected: Int) -> SubmissionBatch {
        SubmissionBatch(hash: hash, dictionaries: dictionaries, jobsExpected: jobsExpected)
    }

    /// Submits a job; idempotent by key.
    ///
    /// - Throws: `Rejection.contentConflict` if the key has other content already, `waitingLimit`
    ///   where the user has as many jobs waiting as may, `invalidRecurrence`.
    package func submit(
        _ key: JobKey, _ content: JobContent
    ) async throws(EngineError) -> SubmitReceipt {
        var batch = batch(jobsExpected: 1)
        batch.add(key, content)
        let filled = try await notingFinished(batch)
        return try await ask { .submit(filled, $0) }
    }

    /// Submits many jobs at once; each has its own outcome, in the batch's order.
    package func submit(
        _ batch: consuming SubmissionBatch
    ) async throws(EngineError) -> [SubmitOutcome] {
        if batch.count == 0 { return [] }
        let filled = try await notingFinished(batch)
        let request = { [filled] (reply: @escaping Reply<[SubmitOutcome]>) in
            Request.submitMany(filled, reply)
        }
        return try await ask(request)
    }

    /// Cancels a job that has not ended; a cancelled one stays cancelled, without an error.
    ///
    /// A worker that runs it learns so from its next call, which is refused.
    package func cancel(_ key: JobKey) async throws(EngineError) -> JobView {
        try await change(key, .cancel)
    }

    /// Cancels, redrives or reschedules a job.
    ///
    /// - Throws: `Rejection.wrongStatus` where the job's status does not allow it.
    package func change(
        _ key: JobKey, _ change: JobChange
    ) async throws(EngineError) -> JobView {
        do {
            return try await ask { .change(key, change, $0) }
        } catch  where error.isUnknownJob {
            let past = try await readHistory { jobs throws(EngineError) in
                try jobs.change(key, change)
            }
            guard let past else { throw error }
            return past
        }
    }

    /// Tries dead letters again that fit the order, the latest deaths first.
    package func redrive(_ order: RedriveOrder) async throws(EngineError) -> RedriveResult {
        try await ask { .redrive(order, $0) }
    }

    /// Pauses, resumes or bounds a user or a type, at once and for good.
    ///
    /// - Returns: What is set from now on.
    package func control(
        _ scope: ControlScope, _ change: ControlChange
    ) async throws(EngineError) -> Control {
        try await ask { .control(scope, change, $0) }
    }

    /// Everything that is paused or bounded.
    package func controls() async throws(EngineError) -> [ScopedControl] {
        try await ask { .controls($0) }
    }

    /// Claims jobs that are due; waits up to `wait` for the first.
    ///
    /// Empty where none became due.
    ///
    /// Cancelling the task withdraws the wish; jobs granted at that very moment stay leased until
    /// their leases run out.
    package func claim(
        _ order: ClaimOrder, wait: TimeSpan
    ) async throws(EngineError) -> [Grant] {
        let id = ClaimID(
            number: claimNumbers.wrappingAdd(1, ordering: .relaxed).newValue)
        let result: Result<GrantList, EngineError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                inbox.send(.claim(id, order, wait: wait) { continuation.resume(returning: $0) })
                // A cancel that came first found nothing to withdraw.
                if Task.isCancelled { inbox.send(.withdraw(id)) }
            }
        } onCancel: {
            inbox.send(.withdraw(id))
        }
        return try result.get().grants(dictionaries)
    }

    /// Takes many reports of workers at once; each has its own outcome, in the same order.
    ///
    /// A token without a lease is told as `unknownToken`, whether it ever had one or not: ask
    /// about it by itself to learn more.
    package func report(
        _ reports: [AttemptReport]
    ) async throws(EngineError) -> [AttemptOutcome] {
        if reports.isEmpty { return [] }
        let batch = ReportBatch(reports)
        return try await ask { .attempts(batch, $0) }
    }

    /// Says that a worker begins with the job it has claimed.
    ///
    /// Saying it again changes nothing.
    package func start(token: LSN) async throws(EngineError) -> JobView {
        try await attempt(token, .start)
    }

    /// Extends a lease from now on; nil keeps its duration.
    ///
    /// - Parameters:
    ///   - token: The lease.
    ///   - leaseDuration: How long it lasts from now on; nil: as long as before.
    ///   - progress: Shown to people.
    ///   - checkpoint: Handed to the next attempt if this one fails.
    /// - Returns: The job, with the lease's new end.
    /// - Throws: `Rejection.staleToken` if the lease has ended, `unknownToken` if it never was.
    package func heartbeat(
        token: LSN, leaseDuration: TimeSpan?, progress: [UInt8]?, checkpoint: [UInt8]?
    ) async throws(EngineError) -> JobView {
        try await attempt(
            token,
            .heartbeat(leaseDuration: leaseDuration, progress: progress, checkpoint: checkpoint))
    }

    /// Says that an attempt has succeeded.
    ///
    /// Repeating it with the same token is answered alike.
    package func succeed(token: LSN, message: String?) async throws(EngineError) -> JobView {
        try await attempt(token, .succeed(message: message))
    }

    /// Says that an attempt has failed.
    ///
    /// Repeating it with the same token is answered alike, as long as the job has not been claimed
    /// again.
    package func fail(
        token: LSN, isRetriable: Bool, message: String?
    ) async throws(EngineError) -> JobView {
        try await attempt(token, .fail(isRetriable: isRetriable, message: message))
    }

    /// Lists one page of a user's jobs, newest submit first.
    package func list(_ query: JobQuery) async throws(EngineError) -> JobPage {
        let live = try await ask { .list(query, $0) }
        guard finishedJobs.hasAny else { return live }
        return try await readHistory { jobs throws(EngineError) in try jobs.page(query, live) }
    }

    /// Lists one page of the dead letters, the latest death first.
    package func deadLetters(_ query: DeadLetterQuery) async throws(EngineError) -> JobPage {
        try await ask { .deadLetters(query, $0) }
    }

    /// Lists users in order of their first submit, after the first `skip`.
    package func users(skip: Int, limit: Int) async throws(EngineError) -> UserPage {
        try await ask { .users(skip: skip, limit: limit, $0) }
    }

    /// Counts everything: kept as it changes, never counted anew.
    package func stats() async throws(EngineError) -> EngineStats {
        try await ask { .stats($0) }
    }

    /// What the whole state comes to, at which position of the log; looks at every job.
    package func digest() async throws(EngineError) -> StateDigest {
        try await ask { .digest($0) }
    }

    /// Takes a snapshot of the state now, beside whatever else goes on; answers once it is there, or
    /// it failed.
    package func snapshot() async throws(EngineError) -> SnapshotOutcome {
        try await ask { .snapshot($0) }
    }

    /// How much of the past is kept, and how far it reaches.
    package func retention() async throws(EngineError) -> RetentionReport {
        try await read { [retention] _ in
            Result { () throws(StorageError) in try retention.report() }.mapError {
                .unreadable("\($0)")
            }
        }
    }

    /// Sets how much of the past is kept from now on; durable on return.
    ///
    /// What is beyond goes in the background, a whole segment or file of history at a time, and segments only
    /// up to the older of the two newest snapshots.
    package func retain(_ rules: RetentionRules) async throws(EngineError) -> RetentionReport {
        try await read { [retention] _ in
            Result { () throws(StorageError) in
                try retention.set(rules)
                return try retention.report()
            }.mapError { $0.isOutOfSpace ? .outOfSpace : .unreadable("\($0)") }
        }
    }

    /// Drops now what may go, with two new snapshots where that lets more go.
    package func dropNow() async throws(EngineError) -> RetentionReport {
        for _ in 0..<2 {
            let outcome: RetentionDesk.Outcome = try await read { [retention, clock] _ in
                .success(retention.tend(now: clock.wallTime()))
            }
            guard outcome == .wantsSnapshot else { break }
            _ = try await snapshot()
        }
        _ = try await read { [retention, clock] _ in
            .success(retention.tend(now: clock.wallTime()))
        }
        return try await retention()
    }

    /// Nil while the log can be written; else why not.
    package var failure: String? { condition.failure }

    /// What keeps the engine from taking all work, in words for people: a full disk.
    ///
    /// Nil while nothing does; it goes by itself.
    package var trouble: String? { condition.trouble }

    /// Answers what is under way, refuses what comes, makes everything durable, closes the log.
    package func close() async {
        inbox.close()
        await condition.closed()
    }
}

extension Engine {
    func ask<Answer: Sendable>(
        _ request: (@escaping Reply<Answer>) -> Request
    ) async throws(EngineError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            inbox.send(request { continuation.resume(returning: $0) })
        }
        return try result.get()
    }

    /// Reads the log on a thread that may block.
    func read<Answer: Sendable>(
        _ body: @escaping @Sendable (LogReader) -> Result<Answer, EngineError>
    ) async throws(EngineError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            readQueue.async { [reader] in continuation.resume(returning: body(reader)) }
        }
        return try result.get()
    }

    /// The job, in memory or in history.
    func look(_ key: JobKey) async throws(EngineError) -> Look {
        do {
            return try await ask { .look(key, $0) }
        } catch  where error.isUnknownJob {
            let past = try await readHistory { jobs throws(EngineError) in try jobs.look(key) }
            guard let past else { throw error }
            return past
        }
    }

    /// Reads history on a thread that may block.
    private func readHistory<Answer: Sendable>(
        _ body: @escaping @Sendable (FinishedJobs) throws(EngineError) -> Answer
    ) async throws(EngineError) -> Answer {
        try await read { [finishedJobs] _ in
            Result { () throws(EngineError) in try body(finishedJobs) }
        }
    }

    private func notingFinished(
        _ batch: consuming SubmissionBatch
    ) async throws(EngineError) -> SubmissionBatch {
        var batch = batch
        guard finishedJobs.mayKnow(&batch) else { return batch }
        let filled = batch
        return try await readHistory { jobs throws(EngineError) in
            var batch = filled
            try jobs.note(in: &batch)
            return batch
        }
    }

    private func attempt(_ token: LSN, _ step: AttemptStep) async throws(EngineError) -> JobView {
        do {
            return try await ask { .attempt(AttemptReport(token: token, step: step), $0) }
        } catch .rejected(.unknownToken(token)) {
            return try await explain(token, step)
        }
    }
}
