import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// Looks at the whole daemon.
extension API {
    func users(query: String) async throws(Refusal) -> Answer {
        let (skip, limit) = try UserPageBody.range(query: query)
        let page = try await asking { () async throws(EngineError) in
            try await engine.users(skip: skip, limit: limit)
        }
        let users = page.users.map {
            UserPageBody.User(user: $0.user.text, counts: CountsBody($0.counts))
        }
        return Answer(UserPageBody(users: users, next: page.next.map { "\($0)" }))
    }

    func stats() async throws -> Answer {
        let stats = try await asking { () async throws(EngineError) in try await engine.stats() }
        return Answer(StatsBody(stats, version: version, usage: try .current()))
    }

    /// The process answers: nothing more is said.
    func health() -> Answer {
        Answer(.ok, Array(#"{"status":"alive"}"#.utf8))
    }

    /// The log can be written.
    func readiness() throws(Refusal) -> Answer {
        guard let failure = engine.failure else {
            return Answer(.ok, Array(#"{"status":"ready"}"#.utf8))
        }
        var refusal = Refusal(
            .serviceUnavailable, "notServing",
            "the log cannot be written: \(failure); mend that, then restart the daemon")
        refusal.retryAfterSeconds = 5
        throw refusal
    }
}
