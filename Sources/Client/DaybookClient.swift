package import Wire

/// Why a call to a daemon gave no result.
package enum ClientError: Error, Sendable {
    /// The daemon answered with an error.
    case refused(status: Int, ErrorBody)
    /// No answer: the daemon is not there, or the connection broke. A submit may have happened.
    case unreachable(String)
    /// The answer was not what a daybook daemon sends.
    case unexpectedAnswer(String)
}

/// The HTTP API of a daemon, one method a route.
package struct DaybookClient: Sendable {
    /// - Parameter address: `http://host:port`.
    package init(address: String) { fatalError() }

    package func submit(user: String, _ request: SubmitRequest) async throws(ClientError) -> (
        job: JobBody, isNew: Bool
    ) { fatalError() }
    package func list(user: String, _ query: ListQuery) async throws(ClientError) -> JobPageBody {
        fatalError()
    }
    package func job(user: String, job: String) async throws(ClientError) -> JobBody {
        fatalError()
    }
    package func events(user: String, job: String) async throws(ClientError) -> TimelineBody {
        fatalError()
    }
    package func cancel(user: String, job: String) async throws(ClientError) -> JobBody {
        fatalError()
    }
    package func claim(_ request: ClaimRequest) async throws(ClientError) -> [GrantBody] {
        fatalError()
    }
    package func start(token: UInt64) async throws(ClientError) -> AttemptBody { fatalError() }
    package func heartbeat(token: UInt64, _ request: HeartbeatRequest) async throws(ClientError)
        -> AttemptBody
    { fatalError() }
    package func succeed(token: UInt64, _ request: SucceedRequest) async throws(ClientError)
        -> AttemptBody
    { fatalError() }
    package func fail(token: UInt64, _ request: FailRequest) async throws(ClientError)
        -> AttemptBody
    { fatalError() }
    package func stats() async throws(ClientError) -> StatsBody { fatalError() }
    package func users(limit: Int, cursor: String?) async throws(ClientError) -> UserPageBody {
        fatalError()
    }
    package func isReady() async -> Bool { fatalError() }
    package func shutdown() async {}
}
