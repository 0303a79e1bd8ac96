import Engine
import JobModel
import Synchronization
import Units

/// Working on jobs within the application's process.
extension Scheduler {
    /// Claims jobs of these types and runs `body` for each, until the task is cancelled.
    ///
    /// A job is done when `body` returns. If it throws, the job is tried again as its policy says, or not at
    /// all after a `FatalFailure`. While `body` runs, the lease is extended by itself, three times in its length.
    /// Where it is lost, because the job was cancelled, took longer than its run limit or the machine stood still
    /// for too long, the next extension notices: the task of `body` is cancelled and nothing is reported.
    ///
    /// When the task is cancelled, nothing more is claimed, and what runs may go on for `grace`. Then its task is
    /// cancelled, too; a `body` that throws because of that counts as an attempt that has failed.
    ///
    /// A job may run twice if the process ends between the work and its report: make the work idempotent by the
    /// job's user and id.
    ///
    /// - Parameters:
    ///   - types: From 1 to 64.
    ///   - worker: What this worker is called in the log: 1 to 128 bytes.
    ///   - atOnce: Jobs that run at the same time: from 1 to 1 000.
    ///   - grace: How long work may go on after the task was cancelled.
    ///   - body: The work.
    /// - Throws: `invalid`; `notServing` once the scheduler is closed, which also cancels what runs;
    ///   `outcomeUnknown` where its log has failed. On a full disk it waits for space instead.
    public func work(
        on types: [String], as worker: String = "embedded", atOnce: Int = 1,
        grace: Duration = .seconds(20), _ body: @escaping @Sendable (Attempt) async throws -> Void
    ) async throws(SchedulerError) {
        let loop = WorkLoop(
            engine: engine, order: try order(types, worker), grace: grace, body: body)
        let slots = try check(atOnce, "atOnce", 1...JobLimits.claimCountMax)
        let end = await withTaskGroup(of: SchedulerError?.self) { group in
            for _ in 0..<slots { group.addTask { await loop.run() } }
            var first: SchedulerError?
            for await end in group {
                first = first ?? end
                if end != nil { group.cancelAll() }
            }
            return first
        }
        if let end { throw end }
    }

    private func order(
        _ types: [String], _ worker: String
    ) throws(SchedulerError) -> ClaimOrder {
        _ = try check(types.count, "types", 1...JobLimits.claimTypesMax)
        var checked: [JobType] = []
        for type in types { checked.append(try JobType(checking: type)) }
        do throws(InvalidField) {
            return ClaimOrder(
                worker: try WorkerName(worker), types: checked, countMax: 1, leaseDuration: nil)
        } catch {
            throw .invalid(field: error.field, problem: error.problem)
        }
    }
}

/// One slot of a worker: one job after another.
private struct WorkLoop: Sendable {
    let engine: Engine
    let order: ClaimOrder
    let grace: Duration
    let body: @Sendable (Attempt) async throws -> Void

    /// What came of an attempt.
    private enum Outcome {
        case done
        case failed(isRetriable: Bool, String)
    }

    /// Works until the task is cancelled; nil then, or what keeps the scheduler from working.
    func run() async -> SchedulerError? {
        while !Task.isCancelled {
            do throws(EngineError) {
                for grant in try await engine.claim(order, wait: JobLimits.claimWaitMax) {
                    try await perform(grant)
                }
            } catch  where error.isPassing {
                await pause()
            } catch {
                return SchedulerError(error)
            }
        }
        return nil
    }

    private func perform(_ grant: Grant) async throws(EngineError) {
        guard let lease = grant.job.lease else { preconditionFailure("a grant without a lease") }
        let attempt = Attempt(
            job: JobInfo(grant.job), payload: grant.payload, checkpoint: grant.checkpoint,
            engine: engine, token: lease.token)
        let isHeld = try await untilAnswered { () throws(EngineError) in
            _ = try await engine.start(token: lease.token)
        }
        guard isHeld else { return }
        // Not a child of this task, whose end only begins the grace.
        let work = Task { await run(attempt) }
        let keeper = Task {
            await keep(attempt.token, grant.job.policy.leaseDuration, cancelling: work)
        }
        let delay = Delay()
        let outcome = await withTaskCancellationHandler {
            await work.value
        } onCancel: {
            delay.begin(grace) { work.cancel() }
        }
        delay.end()
        keeper.cancel()
        await keeper.value
        try await report(outcome, of: attempt)
    }

    /// What comes from an attempt that has lost its lease is refused.
    private func report(_ outcome: Outcome, of attempt: Attempt) async throws(EngineError) {
        _ = try await untilAnswered { () throws(EngineError) in
            switch outcome {
            case .done: _ = try await engine.succeed(token: attempt.token, message: nil)
            case .failed(let isRetriable, let message):
                _ = try await engine.fail(
                    token: attempt.token, isRetriable: isRetriable, message: message)
            }
        }
    }

    private func run(_ attempt: Attempt) async -> Outcome {
        do {
            try await body(attempt)
            return .done
        } catch let failure as FatalFailure {
            return .failed(isRetriable: false, failure.message.prefix(bytesMax: Self.messageBytes))
        } catch  where Task.isCancelled {
            return .failed(isRetriable: true, "the worker was stopped")
        } catch {
            return .failed(isRetriable: true, "\(error)".prefix(bytesMax: Self.messageBytes))
        }
    }

    private static let messageBytes = JobLimits.messageBytesMax

    /// Extends the lease until the task is cancelled; cancels `work` where it is lost.
    private func keep(
        _ token: LSN, _ lease: TimeSpan, cancelling work: Task<Outcome, Never>
    ) async {
        let third = lease.duration / 3
        var next = third
        while await sleep(next) {
            do throws(EngineError) {
                _ = try await engine.heartbeat(
                    token: token, leaseDuration: nil, progress: nil, checkpoint: nil)
                next = third
            } catch  where error.isPassing {
                next = Self.pauseDuration
            } catch {
                // Or the scheduler serves no more: whoever opens the directory next gives the job away.
                return work.cancel()
            }
        }
    }

    /// Says it again as long as the scheduler cannot take it; false: it was refused, the lease is lost.
    private func untilAnswered(
        _ say: () async throws(EngineError) -> Void
    ) async throws(EngineError) -> Bool {
        while true {
            do throws(EngineError) {
                try await say()
                return true
            } catch  where error.isPassing {
                await pause()
            } catch .rejected, .unreadable {
                return false
            }
        }
    }

    /// Lets a little time pass, also in a task that was cancelled.
    private func pause() async {
        _ = await Task.detached { await sleep(Self.pauseDuration) }.value
    }

    private static let pauseDuration = Duration.milliseconds(100)
}

/// False where the task was cancelled.
private func sleep(_ duration: Duration) async -> Bool {
    do {
        try await Task.sleep(for: duration)
        return true
    } catch {
        return false
    }
}

/// Does something later, unless it is ended before.
private final class Delay: Sendable {
    private let task = Mutex<Task<Void, Never>?>(nil)

    func begin(_ duration: Duration, _ action: @escaping @Sendable () -> Void) {
        task.withLock { task in
            task = Task { if await sleep(duration) { action() } }
        }
    }

    func end() { task.withLock { $0?.cancel() } }
}

extension EngineError {
    /// It goes by itself: the same call may be taken a little later.
    fileprivate var isPassing: Bool {
        switch self {
        case .overloaded, .outOfSpace, .historyMissing: true
        case .rejected, .notServing, .outcomeUnknown, .unreadable: false
        }
    }
}

extension String {
    /// As much of the text, in whole characters, as `bytesMax` bytes hold.
    fileprivate func prefix(bytesMax: Int) -> String {
        var text = self[...]
        while text.utf8.count > bytesMax { text.removeLast() }
        return String(text)
    }
}
