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

    func stats(query: String) async throws -> Answer {
        if let moment = try Moment(query: query) { return try await stats(asOf: moment) }
        let stats = try await asking { () async throws(EngineError) in try await engine.stats() }
        return Answer(StatsBody(stats, version: version, usage: try .current()))
    }

    private func stats(asOf moment: Moment) async throws(Refusal) -> Answer {
        let stats = try await asking { () async throws(EngineError) in
            try await engine.stats(asOf: moment)
        }
        return Answer(PastStatsBody(stats))
    }

    /// Answers once the snapshot is there, however long that takes.
    func snapshot(body: [UInt8]) async throws(Refusal) -> Answer {
        let _: EmptyRequest = try optionalBody(body)
        let outcome = try await asking { () async throws(EngineError) in
            try await engine.snapshot()
        }
        switch outcome {
        case .written(let receipt): return Answer(SnapshotBody(receipt))
        case .failed(let reason): throw Refusal(snapshotFailure: reason)
        }
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

extension SnapshotBody {
    init(_ receipt: SnapshotReceipt) {
        self.init(
            lsn: receipt.lsn.rawValue, jobs: receipt.jobs, bytes: receipt.byteCount,
            path: receipt.path)
    }
}
