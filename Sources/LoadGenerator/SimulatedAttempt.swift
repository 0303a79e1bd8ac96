import Client
import Units
import Wire

/// One attempt at a job from its grant to its success.
struct SimulatedAttempt: Sendable {
    let grant: GrantBody
    let client: DaybookClient
    let clock: LoadClock
    let lease: TimeSpan
    let figures: WorkFigures
    let patience: TimeSpan

    /// True where the daemon took the success.
    func run(for runTime: TimeSpan, heartbeatsAlways: Bool) async -> Bool {
        guard
            await call(
                "start", endsIn: "PROCESSING",
                { () async throws(ClientError) in
                    try await client.start(token: grant.token)
                })
        else { return false }
        let end = clock.now.advanced(by: runTime)
        guard await stayAlive(until: end, heartbeatsAlways) else { return false }
        return await call(
            "succeed", endsIn: "SUCCESS",
            { () async throws(ClientError) in
                try await client.succeed(token: grant.token, SucceedRequest())
            })
    }

    /// Sleeps until `end`, with a heartbeat each third of the lease.
    private func stayAlive(until end: MonotonicTime, _ heartbeatsAlways: Bool) async -> Bool {
        if heartbeatsAlways {
            guard await heartbeat() else { return false }
        }
        let third = TimeSpan(microseconds: lease.microseconds / 3)
        while true {
            let next = clock.now.advanced(by: third)
            guard next < end else { return await clock.sleep(until: end) }
            guard await clock.sleep(until: next), await heartbeat() else { return false }
        }
    }

    private func heartbeat() async -> Bool {
        figures.heartbeats.add()
        return await call(
            "heartbeat", endsIn: "PROCESSING",
            { () async throws(ClientError) in
                try await client.heartbeat(token: grant.token, HeartbeatRequest())
            })
    }

    /// Makes the call, again while the daemon is out of reach; true where the job stands at `status`.
    ///
    /// A repeated call may be refused because the first went through and only its answer was lost:
    /// then the daemon's own word on where the job stands decides.
    private func call(
        _ name: String, endsIn status: String,
        _ exchange: () async throws(ClientError) -> AttemptBody
    ) async -> Bool {
        var patience = Patience(patience, clock: clock)
        while true {
            do throws(ClientError) {
                return try await exchange().status == status
            } catch {
                if Task.isCancelled { return false }
                if stands(at: status, error) { return true }
                figures.failures.add(name, error)
                guard await patience.shouldRepeat(after: error) else {
                    figures.lostAttempts.add()
                    return false
                }
            }
        }
    }

    private func stands(at status: String, _ error: ClientError) -> Bool {
        guard case .refused(_, let body) = error, let holder = body.holder else { return false }
        return holder.status == status && holder.attempt == grant.attempt
    }
}
