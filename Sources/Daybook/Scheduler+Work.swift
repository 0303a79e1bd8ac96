import Engine
import JobModel
import Units

/// Working on jobs within the application's process.
extension Scheduler {
    /// Claims jobs of these types and runs `body` for each, until the task is cancelled.
    ///
    /// A job is done when `body` returns. If it throws, the job is tried again as its policy says, or not at
    /// all after a `FatalFailure`. While `body` runs, the lease is extended by itself; where it is lost, because
    /// the job was cancelled or the machine stood still for longer, the task of `body` is cancelled and nothing is
    /// reported. A job may run twice if the process ends between the work and its report: make the work
    /// idempotent by the job's user and id.
    ///
    /// - Parameters:
    ///   - types: From 1 to 64.
    ///   - worker: What this worker is called in the log: 1 to 128 bytes.
    ///   - atOnce: Jobs that run at the same time: from 1 to 1 000.
    ///   - body: The work.
    /// - Throws: `invalid`, or what keeps the scheduler from working; `notServing` once it is closed.
    public func work(
        on types: [String], as worker: String = "embedded", atOnce: Int = 1,
        _ body: @escaping @Sendable (Attempt) async throws -> Void
    ) async throws(SchedulerError) {
        let loop = WorkLoop(engine: engine, order: try order(types, worker), body: body)
        let slots = try check(atOnce, "atOnce", 1...JobLimits.claimCountMax)
        let ends = await withTaskGroup(of: SchedulerError?.self) { group in
            for _ in 0..<slots { group.addTask { await loop.run() } }
            var first: SchedulerError?
            for await end in group {
                first = first ?? end
                if end != nil { group.cancelAll() }
            }
            return first
        }
        if let ends { throw ends }
    }

    private func order(
        _ types: [String], _ worker: String
    ) throws(SchedulerError) -> ClaimOrder {
        _ = try check(types.count, "types", 1...JobLimits.claimTypesMax)
        var checked: [JobType] = []
        for type in types {
            checked.append(try JobType(checking: type))
        }
        do throws(InvalidField) {
            return ClaimOrder(
                worker: try WorkerName(worker), types: checked, countMax: 1, leaseDuration: nil)
        } catch {
            throw .invalid(error.field, error.problem)
        }
    }
}

/// One slot of a worker: one job after another.
private struct WorkLoop: Sendable {
    let engine: Engine
    let order: ClaimOrder
    let body: @Sendable (Attempt) async throws -> Void

    /// What came of an attempt.
    private enum Outcome {
        case done
        case failed(isRetriable: Bool, String)
        /// Somebody else has it now, or nobody: there is nothing to report.
        case lost
    }

    /// Works until the task is cancelled; nil then, or what keeps the scheduler from working.
    func run() async -> SchedulerError? {
        while !Task.isCancelled {
            do throws(EngineError) {
                for grant in try await engine.claim(order, wait: JobLimits.claimWaitMax) {
                    try await perform(grant)
                }
            } catch .overloaded {
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
        let outcome = await outcome(of: attempt, renewedEvery: grant.job.policy.leaseDuration)
        _ = try await untilAnswered { () throws(EngineError) in
            switch outcome {
            case .done: _ = try await engine.succeed(token: lease.token, message: nil)
            case .failed(let isRetriable, let message):
                _ = try await engine.fail(
                    token: lease.token, isRetriable: isRetriable, message: message)
            case .lost: break
            }
        }
    }

    private func outcome(of attempt: Attempt, renewedEvery lease: TimeSpan) async -> Outcome {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await work(on: attempt) }
            group.addTask { await keep(attempt.token, lease) }
            // The lease's task ends without an outcome where it was only told to end.
            var outcome: Outcome?
            for await end in group where end != nil {
                outcome = outcome ?? end
                group.cancelAll()
            }
            return outcome ?? .lost
        }
    }

    private func work(on attempt: Attempt) async -> Outcome {
        do {
            try await body(attempt)
            return .done
        } catch let failure as FatalFailure {
            return .failed(isRetriable: false, failure.message.prefix(JobLimits.messageBytesMax))
        } catch is CancellationError {
            return .failed(isRetriable: true, "the worker was stopped")
        } catch {
            return .failed(isRetriable: true, "\(error)".prefix(JobLimits.messageBytesMax))
        }
    }

    /// Extends the lease three times in its length; nil when the work has ended.
    private func keep(_ token: LSN, _ lease: TimeSpan) async -> Outcome? {
        while true {
            do {
                try await Task.sleep(for: lease.duration / 3)
            } catch {
                return nil
            }
            do throws(EngineError) {
                _ = try await engine.heartbeat(
                    token: token, leaseDuration: nil, progress: nil, checkpoint: nil)
            } catch .rejected {
                return .lost
            } catch {
                // The next one may get through: the lease bears two failures.
            }
        }
    }

    /// Says it again where the scheduler has too much to do; false: it was refused, the lease is lost.
    private func untilAnswered(
        _ say: () async throws(EngineError) -> Void
    ) async throws(EngineError) -> Bool {
        while true {
            do throws(EngineError) {
                try await say()
                return true
            } catch .overloaded {
                await pause()
            } catch .rejected {
                return false
            }
        }
    }

    /// A tenth of a second, also in a task that was cancelled.
    private func pause() async {
        await Task.detached { try? await Task.sleep(for: .milliseconds(100)) }.value
    }
}

extension String {
    /// As much of the text, in whole characters, as `bytesMax` bytes hold.
    fileprivate func prefix(_ bytesMax: Int) -> String {
        var text = self[...]
        while text.utf8.count > bytesMax { text.removeLast() }
        return String(text)
    }
}
