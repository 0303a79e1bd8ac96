import Client
import Logging
import Units
import Wire

extension Executor {
    /// Runs one granted job from `start` to its report.
    func perform(_ grant: GrantBody) async {
        var logger = logger
        logger[metadataKey: "job"] = "\(grant.user)/\(grant.job)"
        logger[metadataKey: "attempt"] = "\(grant.attempt)"
        let attempt = Attempt(
            grant: grant, client: client, options: options, logger: logger, killing: killing)
        await attempt.perform()
    }
}

extension Attempt {
    /// Starts, runs and reports; every way out is a report or a log line.
    func perform() async {
        guard let command = options.commands[grant.type] else {
            // Never asked for, so never granted by a sound daemon; its lease will run out.
            logger.error("granted a job of type '\(grant.type)', which this executor does not run")
            return
        }
        let isStarted = await tell("start") { () async throws(ClientError) in
            try await client.start(token: grant.token)
        }
        guard isStarted else { return }
        let plan: CommandPlan
        do throws(CommandFault) {
            plan = try CommandPlan(grant, command, serverAddress: client.address, options)
        } catch {
            await report(error.outcome)
            return
        }
        await report(await runWhileLeased(plan))
    }

    /// Runs the command beside its heartbeats.
    ///
    /// Nil: the lease is lost, and with it the right to say how the attempt ended.
    private func runWhileLeased(_ plan: CommandPlan) async -> CommandOutcome? {
        await withTaskGroup(of: AttemptEnd.self) { group in
            group.addTask {
                .finished(await plan.run(logger: logger, isStillHeld: { await heartbeat() }))
            }
            group.addTask { await heartbeatUntilLost() }
            group.addTask {
                await killing.wait()
                return Task.isCancelled ? .settled : .stopped
            }
            var end = AttemptEnd.settled
            // The first that says something decides; then the others are cancelled, which kills
            // the command if it still runs, and the group waits until it is gone.
            while case .settled = end, let next = await group.next() { end = next }
            group.cancelAll()
            switch end {
            case .finished(let outcome): return outcome
            case .lost, .settled: return nil
            case .stopped: return .retriable("the executor was stopped before the command ended")
            }
        }
    }

    /// Extends the lease at a third of it, until the daemon says that it is lost.
    private func heartbeatUntilLost() async -> AttemptEnd {
        let interval = TimeSpan(microseconds: max(1_000, lease.microseconds / 3))
        while !Task.isCancelled {
            await pause(interval.duration)
            guard !Task.isCancelled else { break }
            if await !heartbeat(), !Task.isCancelled { return .lost }
        }
        return .settled
    }

    /// Extends the lease; false where it is lost.
    private func heartbeat() async -> Bool {
        await tell("heartbeat") { () async throws(ClientError) in
            try await client.heartbeat(
                token: grant.token, HeartbeatRequest(leaseSeconds: lease.seconds))
        }
    }
}

/// What ended an attempt.
private enum AttemptEnd: Sendable {
    case finished(CommandOutcome)
    case lost
    case stopped
    /// Nothing: the task was cancelled because another one decided.
    case settled
}
