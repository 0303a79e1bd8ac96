package import Engine
import EventLog
import JobModel
import Units

/// A scheduler within the application's process, on a data directory of its own.
///
/// A call returns when what it did or shows is durable: it survives a crash of the process and of the
/// machine. Calls may come from anywhere, any number at a time. The directory is the same that a daemon uses, so
/// the `daybook` command line reads, verifies and backs up what an application has written.
public final class Scheduler: Sendable {
    let engine: Engine

    package init(_ engine: Engine) { self.engine = engine }

    deinit {
        // Whoever has no more use for it need not say so.
        Task { [engine] in await engine.close() }
    }

    /// Opens a data directory, which is made if it is not there, and recovers what it holds.
    ///
    /// - Parameters:
    ///   - directory: One scheduler at a time.
    ///   - progress: Called now and then during recovery with the part that is done, from 0 to 1, on
    ///     another thread.
    /// - Returns: Once every job is served again.
    /// - Throws: `storage` if the directory is in use, cannot be written, is of a newer format, or its
    ///   log is corrupt.
    public static func open(
        directory: String, progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws(SchedulerError) -> Scheduler {
        do throws(LogError) {
            let engine = try await Engine.open(directory: directory) { done in
                guard done.bytesTotal > 0 else { return }
                progress(Double(done.bytesRead) / Double(done.bytesTotal))
            }
            return Scheduler(engine)
        } catch {
            throw .storage(error.description)
        }
    }

    /// Answers what is under way, refuses what comes, makes everything durable and frees the directory.
    ///
    /// Stop workers before, so that what they run is reported: a worker ends with `notServing` here.
    public func close() async { await engine.close() }

    /// Submits a job; the same job again is not an error and changes nothing.
    ///
    /// - Returns: Whether it is new.
    /// - Throws: `invalid`, `contentConflict`, `waitingLimit`, or what keeps the scheduler from working.
    @discardableResult
    public func submit(_ job: Job) async throws(SchedulerError) -> Bool {
        let (key, content) = (try job.key(), try job.content())
        return try await answering { () throws(EngineError) in
            try await engine.submit(key, content).isNew
        }
    }

    /// Submits many jobs, with one sync for up to 1 000 of them.
    ///
    /// - Parameter jobs: Any number; each has an outcome of its own.
    /// - Returns: For each job, in the same order, whether it is new, or why it was refused.
    /// - Throws: What keeps the scheduler from working. The first of the jobs may be there then: submit all of
    ///   them again, which is safe.
    public func submit(
        _ jobs: [Job]
    ) async throws(SchedulerError) -> [Result<Bool, SchedulerError>] {
        var results: [Result<Bool, SchedulerError>] = []
        results.reserveCapacity(jobs.count)
        var rest = jobs[...]
        while !rest.isEmpty {
            let next = Self.batch(of: rest)
            results += try await submit(batch: next)
            rest = rest.dropFirst(next.count)
        }
        return results
    }

    /// The first jobs that go to the log together: no call of the writer is to take long.
    private static func batch(of jobs: ArraySlice<Job>) -> ArraySlice<Job> {
        var bytes = 0
        return jobs.prefix(JobLimits.batchItemsMax).prefix { job in
            defer { bytes += job.payload.count }
            return bytes <= batchBytesMax
        }
    }

    /// Payloads of one batch: one more may lie across.
    private static let batchBytesMax = 4 << 20

    private func submit(
        batch jobs: ArraySlice<Job>
    ) async throws(SchedulerError) -> [Result<Bool, SchedulerError>] {
        var batch = engine.batch(jobsExpected: jobs.count)
        let refusals = jobs.map { job in add(job, to: &batch) }
        var outcomes: IndexingIterator<[SubmitOutcome]>
        do throws(EngineError) {
            // Handed over as it is: a copy would cost the writer's thread another one.
            outcomes = try await engine.submit(consume batch).makeIterator()
        } catch {
            throw SchedulerError(error)
        }
        return refusals.map { refusal in
            if let refusal { return .failure(refusal) }
            switch outcomes.next() {
            case .new: return .success(true)
            case .existing: return .success(false)
            case .rejected(let rejection): return .failure(SchedulerError(rejection))
            case nil: preconditionFailure("fewer outcomes than jobs")
            }
        }
    }

    private func add(_ job: Job, to batch: inout SubmissionBatch) -> SchedulerError? {
        do throws(SchedulerError) {
            batch.add(try job.key(), try job.content())
            return nil
        } catch {
            return error
        }
    }

    /// Shows one job; nil: the user has no such job.
    public func job(_ id: String, of user: String) async throws(SchedulerError) -> JobInfo? {
        let key = try JobKey(user: user, id: id)
        do throws(SchedulerError) {
            return try await answering { () throws(EngineError) in
                JobInfo(try await engine.detail(key).job)
            }
        } catch .unknownJob {
            return nil
        }
    }

    /// Lists one page of a user's jobs, running and ended alike, newest submit first.
    ///
    /// - Parameters:
    ///   - user: Whose; somebody who never submitted has none.
    ///   - statuses: Only jobs that stand so; empty: all.
    ///   - type: Only jobs of this type; nil: all.
    ///   - limit: At most so many: from 1 to 1 000.
    ///   - after: `next` of the page before; nil: the first page. Stays good while jobs come and end.
    /// - Returns: The page.
    /// - Throws: `invalid`, or what keeps the scheduler from working.
    public func jobs(
        of user: String, statuses: Set<JobStatus> = [], type: String? = nil, limit: Int = 100,
        after: String? = nil
    ) async throws(SchedulerError) -> JobList {
        let query = JobQuery(
            user: try UserID(checking: user), statuses: Set(statuses.map(\.executionStatus)),
            type: try type.map { type throws(SchedulerError) in
                try JobType(checking: type)
            },
            before: try position(after),
            limit: try check(limit, "limit", 1...JobLimits.pageItemsMax))
        do throws(SchedulerError) {
            return try await answering { () throws(EngineError) in
                JobList(try await engine.list(query))
            }
        } catch .unknownJob {
            return JobList(jobs: [], next: nil)
        }
    }

    /// Lists one page of the jobs that have failed for good, the latest death first.
    ///
    /// - Parameters:
    ///   - limit: At most so many: from 1 to 1 000.
    ///   - after: `next` of the page before; nil: the first page.
    /// - Returns: The page.
    /// - Throws: `invalid`, or what keeps the scheduler from working.
    public func deadLetters(
        limit: Int = 100, after: String? = nil
    ) async throws(SchedulerError) -> JobList {
        let query = DeadLetterQuery(
            start: try position(after), limit: try check(limit, "limit", 1...JobLimits.pageItemsMax)
        )
        return try await answering { () throws(EngineError) in
            JobList(try await engine.deadLetters(query))
        }
    }

    private func position(_ cursor: String?) throws(SchedulerError) -> JobPosition? {
        guard let cursor else { return nil }
        guard let position = JobPosition(cursor: cursor) else {
            throw .invalid(field: "after", problem: "must be the 'next' of a page")
        }
        return position
    }

    /// Tells what happened to a job, from the log.
    ///
    /// - Throws: `unknownJob`, or what keeps the scheduler from working.
    public func timeline(
        of id: String, of user: String
    ) async throws(SchedulerError) -> JobTimeline {
        let key = try JobKey(user: user, id: id)
        return try await answering { () throws(EngineError) in
            JobTimeline(try await engine.timeline(key, eventsMax: 10_000))
        }
    }

    /// Tells what a job waited for and who ran it, from its submit until it ended or until now.
    ///
    /// The stretches follow each other without gaps; where the oldest events are gone, the first stretch stands for
    /// them.
    ///
    /// - Throws: `unknownJob`, or what keeps the scheduler from working.
    public func why(
        _ id: String, of user: String
    ) async throws(SchedulerError) -> [JobStretch] {
        let key = try JobKey(user: user, id: id)
        return try await answering { () throws(EngineError) in
            try await engine.why(key).spans.map(JobStretch.init)
        }
    }

    /// Counts all jobs that were ever submitted, less those that retention has dropped, by status.
    public func counts() async throws(SchedulerError) -> [JobStatus: UInt64] {
        let counts = try await answering { () throws(EngineError) in
            try await engine.stats().counts
        }
        return Dictionary(
            uniqueKeysWithValues: JobStatus.allCases.map { ($0, counts[$0.executionStatus]) })
    }
}
