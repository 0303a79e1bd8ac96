import Client
import Logging
import Units
import Wire

/// One attempt at one job: the right to run it as long as the daemon accepts the token.
struct Attempt: Sendable {
    let grant: GrantBody
    let client: DaybookClient
    let options: ExecutorOptions
    let logger: Logger
    /// Thrown when running commands must end now.
    let killing: StopSwitch

    /// How long the lease lasts after each accepted heartbeat.
    var lease: TimeSpan { TimeSpan(seconds: grant.leaseSeconds) ?? .seconds(60) }
}

extension Attempt {
    /// Reports how the attempt ended; nil says nothing, because the lease is lost.
    func report(_ outcome: CommandOutcome?) async {
        guard let outcome else { return }
        // Repeating a report that had arrived is answered like the first time.
        let isTaken = await tell("report") { () async throws(ClientError) in
            try await send(outcome)
        }
        guard isTaken else { return }
        switch outcome {
        case .success: logger.info("succeeded")
        case .retriable(let message): logger.info("failed, may be tried again: \(message)")
        case .fatal(let message): logger.info("failed for good: \(message)")
        }
    }

    private func send(_ outcome: CommandOutcome) async throws(ClientError) -> AttemptBody {
        switch outcome {
        case .success:
            try await client.succeed(token: grant.token, SucceedRequest())
        case .retriable(let message):
            try await client.fail(
                token: grant.token, FailRequest(retriable: true, message: message))
        case .fatal(let message):
            try await client.fail(
                token: grant.token, FailRequest(retriable: false, message: message))
        }
    }

    /// Makes a call about this attempt again and again until the daemon has answered it.
    ///
    /// A daemon that is down expires no lease, and gives each a full one after its restart; so an
    /// outcome is worth reporting however long the daemon was away, up to `reportPatience`.
    ///
    /// The result tells whether the daemon accepted the call; it is false also where the task was
    /// cancelled.
    func tell(
        _ what: String, _ call: () async throws(ClientError) -> AttemptBody
    ) async -> Bool {
        var patience = Patience(options.reportPatience.duration)
        while !Task.isCancelled {
            do throws(ClientError) {
                _ = try await call()
                return true
            } catch {
                if case .refused(let status, let body) = error, !Self.isTemporary(status) {
                    let loss = body.code == "cancelled" ? "cancelled" : "lease lost"
                    logger.warning("\(loss), \(what) refused: \(body.message)")
                    return false
                }
                if Task.isCancelled { break }
                guard let wait = patience.next(isEnding: killing.isThrown) else {
                    logger.error("gave up the \(what): \(error)")
                    return false
                }
                logger.warning("\(what) not taken yet, tried again: \(error)")
                await pause(wait)
            }
        }
        return false
    }

    /// Statuses that say nothing about the lease: too much work, shutting down, a broken proxy.
    private static func isTemporary(_ status: Int) -> Bool {
        status == 429 || status >= 500
    }
}

/// Growing waits between tries, up to a limit of the whole.
struct Patience {
    private let giveUpAt: ContinuousClock.Instant
    private var endingGiveUpAt: ContinuousClock.Instant?
    private var wait: Duration = .milliseconds(100)

    init(_ total: Duration) {
        giveUpAt = .now + total
    }

    /// How long to wait before the next try; nil: no more.
    ///
    /// Where `isEnding`, the process wants to end: a few seconds more are all there is.
    mutating func next(isEnding: Bool) -> Duration? {
        let now = ContinuousClock.now
        if isEnding, endingGiveUpAt == nil { endingGiveUpAt = now + .seconds(5) }
        guard now < min(giveUpAt, endingGiveUpAt ?? giveUpAt) else { return nil }
        defer { wait = min(wait * 2, .seconds(2)) }
        return wait
    }
}
