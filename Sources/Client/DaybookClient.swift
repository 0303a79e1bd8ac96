import AsyncHTTPClient
import NIOCore
import NIOHTTP1
package import Wire

/// The HTTP API of a daemon, one method a route.
///
/// Nothing is retried here: a submit that ended `unreachable` may be repeated by its caller with
/// the same job id, which is idempotent; a claim may not. Connections are pooled and shared by all
/// copies of the value. Call `shutdown` when done.
package struct DaybookClient: Sendable {
    /// The daemon's address without a slash at its end, as error messages show it.
    package let address: String
    let http: HTTPClient
    /// How long the daemon may send nothing in the middle of an answer.
    let silenceMax: TimeAmount

    /// Connects on the first call, not here.
    ///
    /// - Parameters:
    ///   - address: `http://host:port`.
    ///   - connectionsMax: Calls that may be under way at once before further ones queue.
    ///   - silenceSecondsMax: How long the daemon may send nothing; longer than any poll waits.
    package init(address: String, connectionsMax: Int = 512, silenceSecondsMax: Int64 = 100) {
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        silenceMax = .seconds(silenceSecondsMax)
        // Without it a daemon's host that vanishes in the middle of an answer would hold up its
        // caller for ever.
        configuration.timeout.read = silenceMax
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connectionsMax
        // A daemon that is down is reported at once; whoever can wait has their own backoff.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(30)
        http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    /// Submits a job; `isNew` is false where the same job was there already.
    package func submit(
        user: String, _ request: SubmitRequest
    ) async throws(ClientError) -> (job: JobBody, isNew: Bool) {
        let answer = try await send(.POST, RoutePath("v1", "users", user, "jobs"), request.json())
        return (try answer.decoded(JobBody.init(json:)), answer.status == 201)
    }

    /// One page of a user's jobs, newest submit first.
    package func list(user: String, _ query: ListQuery) async throws(ClientError) -> JobPageBody {
        try await send(
            .GET, RoutePath("v1", "users", user, "jobs", query: query.query),
            patience: patience(asOf: query.asOf)
        ).decoded(JobPageBody.init(json:))
    }

    /// A job with its payload, progress and last failure, now or as it was.
    package func job(
        user: String, job: String, asOf moment: String? = nil
    ) async throws(ClientError) -> JobBody {
        let query = PastQuery.query(asOf: moment)
        return try await send(
            .GET, RoutePath("v1", "users", user, "jobs", job, query: query),
            patience: patience(asOf: moment)
        ).decoded(JobBody.init(json:))
    }

    /// A job's events from the log, oldest first, all or those up to a moment.
    package func events(
        user: String, job: String, asOf moment: String? = nil
    ) async throws(ClientError) -> TimelineBody {
        let query = PastQuery.query(asOf: moment)
        return try await send(
            .GET, RoutePath("v1", "users", user, "jobs", job, "events", query: query),
            patience: patience(asOf: moment)
        ).decoded(TimelineBody.init(json:))
    }

    /// Cancels a job that has not ended; a cancelled one stays so, without an error.
    package func cancel(user: String, job: String) async throws(ClientError) -> JobBody {
        try await send(.POST, RoutePath("v1", "users", user, "jobs", job, "cancel"))
            .decoded(JobBody.init(json:))
    }

    /// Claims jobs that are due, waiting up to `waitSeconds` for the first; may be empty.
    package func claim(_ request: ClaimRequest) async throws(ClientError) -> [GrantBody] {
        // A poll that the daemon answers in time must never be cut off here: its jobs would hang
        // on leases that nobody keeps.
        let wait = max(0, min(request.waitSeconds ?? 0, 3_600))
        let patience = Self.answerPatience + .milliseconds(Int64(wait * 1_000))
        return try await send(
            .POST, RoutePath("v1", "claims"), request.json(), patience: patience
        ).decoded([GrantBody].init(json:))
    }

    /// Says that the worker has begun the attempt.
    package func start(token: UInt64) async throws(ClientError) -> AttemptBody {
        try await report(token, "start", nil)
    }

    /// Extends the lease, optionally with progress and a checkpoint.
    package func heartbeat(
        token: UInt64, _ request: HeartbeatRequest
    ) async throws(ClientError) -> AttemptBody {
        try await report(token, "heartbeat", request.json())
    }

    /// Ends the attempt with success.
    package func succeed(
        token: UInt64, _ request: SucceedRequest
    ) async throws(ClientError) -> AttemptBody {
        try await report(token, "succeed", request.json())
    }

    /// Ends the attempt with a failure, retriable or fatal.
    package func fail(
        token: UInt64, _ request: FailRequest
    ) async throws(ClientError) -> AttemptBody {
        try await report(token, "fail", request.json())
    }

    /// Counters of the daemon.
    package func stats() async throws(ClientError) -> StatsBody {
        try await send(.GET, RoutePath("v1", "stats")).decoded(StatsBody.init(json:))
    }

    /// Counters as they were at a moment.
    package func stats(asOf moment: String) async throws(ClientError) -> PastStatsBody {
        let query = PastQuery.query(asOf: moment)
        return try await send(
            .GET, RoutePath("v1", "stats", query: query), patience: patience(asOf: moment)
        ).decoded(PastStatsBody.init(json:))
    }

    /// One page of the users, in order of their first submit.
    package func users(limit: Int, cursor: String?) async throws(ClientError) -> UserPageBody {
        let page = ListQuery(limit: limit, cursor: cursor)
        return try await send(.GET, RoutePath("v1", "users", query: page.query))
            .decoded(UserPageBody.init(json:))
    }

    /// Whether the daemon is there and takes work.
    package func isReady() async -> Bool {
        do throws(ClientError) {
            return try await send(.GET, RoutePath("readyz")).status == 200
        } catch {
            return false
        }
    }

    /// Closes the connections; no call may be under way or follow.
    package func shutdown() async {
        do {
            try await http.shutdown()
        } catch {
            assertionFailure("shut down twice: \(error)")
        }
    }

    private func report(
        _ token: UInt64, _ verb: String, _ body: [UInt8]?
    ) async throws(ClientError) -> AttemptBody {
        try await send(.POST, RoutePath("v1", "claims", String(token), verb), body)
            .decoded(AttemptBody.init(json:))
    }

    /// A moment of the past takes as long to be made as a restart does.
    private func patience(asOf moment: String?) -> TimeAmount {
        moment == nil ? Self.answerPatience : silenceMax
    }

    /// How long the daemon may take over an ordinary answer.
    static let answerPatience = TimeAmount.seconds(30)
}
