import NIOHTTP1
package import Wire

/// What can be done with single jobs and with many.
extension DaybookClient {
    /// Submits the jobs of `lines`, one JSON object a line (`BulkLine`), each with its own outcome.
    ///
    /// The whole answer is kept: send some thousand lines at a time.
    package func submit(lines: [UInt8]) async throws(ClientError) -> [BulkOutcome] {
        try await send(
            .POST, RoutePath("v1", "jobs"), lines, contentType: "application/x-ndjson"
        ).decoded { (body) throws(JSONFault) in
            var outcomes: [BulkOutcome] = []
            for line in body.split(separator: UInt8(ascii: "\n")) {
                outcomes.append(try BulkOutcome(json: Array(line)))
            }
            return outcomes
        }
    }

    /// What a job waited for, stretch by stretch, and what it waits for now.
    package func why(user: String, job: String) async throws(ClientError) -> WhyBody {
        try await send(.GET, RoutePath("v1", "users", user, "jobs", job, "why"))
            .decoded(WhyBody.init(json:))
    }

    /// Tries a dead letter again.
    package func redrive(
        user: String, job: String, _ request: RedriveRequest
    ) async throws(ClientError) -> JobBody {
        try await send(
            .POST, RoutePath("v1", "users", user, "jobs", job, "redrive"), request.json()
        ).decoded(JobBody.init(json:))
    }

    /// Gives a waiting job another priority, another time, or both.
    package func reschedule(
        user: String, job: String, _ request: RescheduleRequest
    ) async throws(ClientError) -> JobBody {
        try await send(.PATCH, RoutePath("v1", "users", user, "jobs", job), request.json())
            .decoded(JobBody.init(json:))
    }

    /// One page of the dead letters, the latest death first.
    package func deadLetters(
        _ query: DeadLetterListQuery
    ) async throws(ClientError) -> JobPageBody {
        try await send(.GET, RoutePath("v1", "dead-letters", query: query.query))
            .decoded(JobPageBody.init(json:))
    }

    /// Tries dead letters again that fit, at a rate.
    package func redrive(_ request: RedriveManyRequest) async throws(ClientError) -> RedriveBody {
        try await send(.POST, RoutePath("v1", "dead-letters", "redrive"), request.json())
            .decoded(RedriveBody.init(json:))
    }

    /// Takes many reports of workers at once; each has its own outcome.
    package func report(
        _ reports: [ReportRequest]
    ) async throws(ClientError) -> [ReportOutcome] {
        try await send(.POST, RoutePath("v1", "claims", "reports"), reports.json())
            .decoded([ReportOutcome].init(json:))
    }
}

/// What an operator asks for and sets.
extension DaybookClient {
    /// Has a snapshot taken, and waits until it is there.
    ///
    /// That may take long where there are many jobs: make the client with patience.
    package func snapshot() async throws(ClientError) -> SnapshotBody {
        try await send(.POST, RoutePath("v1", "snapshot"), patience: silenceMax)
            .decoded(SnapshotBody.init(json:))
    }

    /// How much of the past is kept, and how far it reaches.
    package func retention() async throws(ClientError) -> RetentionBody {
        try await send(.GET, RoutePath("v1", "retention")).decoded(RetentionBody.init(json:))
    }

    /// Sets how much of the past is kept.
    package func retain(
        _ request: RetentionRequest
    ) async throws(ClientError) -> RetentionBody {
        try await send(.PUT, RoutePath("v1", "retention"), request.json())
            .decoded(RetentionBody.init(json:))
    }

    /// Everything that is paused or bounded.
    package func controls() async throws(ClientError) -> ControlsBody {
        try await send(.GET, RoutePath("v1", "controls")).decoded(ControlsBody.init(json:))
    }

    /// Pauses, resumes or bounds a user.
    package func control(
        user: String, _ request: ControlRequest
    ) async throws(ClientError) -> ControlBody {
        try await control(RoutePath("v1", "users", user, "control"), request)
    }

    /// Pauses, resumes or bounds a type.
    package func control(
        type: String, _ request: ControlRequest
    ) async throws(ClientError) -> ControlBody {
        try await control(RoutePath("v1", "types", type, "control"), request)
    }

    /// Bounds every user that has no setting of their own.
    package func control(
        everyUser request: ControlRequest
    ) async throws(ClientError) -> ControlBody {
        try await control(RoutePath("v1", "controls", "every-user"), request)
    }

    /// Takes away what is set for a user, who has the setting of every user again.
    package func resetControl(user: String) async throws(ClientError) -> ControlBody {
        try await resetControl(RoutePath("v1", "users", user, "control"))
    }

    /// Takes away what is set for a type.
    package func resetControl(type: String) async throws(ClientError) -> ControlBody {
        try await resetControl(RoutePath("v1", "types", type, "control"))
    }

    /// Takes away what is set for every user.
    package func resetControlOfEveryUser() async throws(ClientError) -> ControlBody {
        try await resetControl(RoutePath("v1", "controls", "every-user"))
    }

    private func resetControl(_ path: RoutePath) async throws(ClientError) -> ControlBody {
        try await send(.DELETE, path).decoded(ControlBody.init(json:))
    }

    private func control(
        _ path: RoutePath, _ request: ControlRequest
    ) async throws(ClientError) -> ControlBody {
        try await send(.PUT, path, request.json()).decoded(ControlBody.init(json:))
    }
}
