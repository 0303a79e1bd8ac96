import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// Jobs of one user.
extension API {
    func submit(user: String, body: [UInt8]) async throws(Refusal) -> Answer {
        let request = try reading { () throws(JSONFault) in try SubmitRequest(json: body) }
        let key = try key(user: user, job: request.job ?? JobID.makeUnique())
        let content = try request.content()
        let receipt = try await asking { () async throws(EngineError) in
            try await engine.submit(key, content)
        }
        var answer = Answer(receipt.isNew ? .created : .ok, JobBody(receipt.job).json())
        let userText = PercentCoding.encode(key.user.text)
        let jobText = PercentCoding.encode(key.job.text)
        answer.headers[.location] = "/v1/users/\(userText)/jobs/\(jobText)"
        return answer
    }

    func job(user: String, job: String, query: String) async throws(Refusal) -> Answer {
        let key = try key(user: user, job: job)
        let moment = try Moment(query: query)
        let detail = try await asking { () async throws(EngineError) in
            guard let moment else { return try await engine.detail(key) }
            return try await engine.detail(key, asOf: moment)
        }
        return Answer(JobBody(detail))
    }

    func events(user: String, job: String, query: String) async throws(Refusal) -> Answer {
        let key = try key(user: user, job: job)
        let moment = try Moment(query: query)
        let eventsMax = limits.timelineEventsMax
        let timeline = try await asking { () async throws(EngineError) in
            guard let moment else { return try await engine.timeline(key, eventsMax: eventsMax) }
            return try await engine.timeline(key, eventsMax: eventsMax, asOf: moment)
        }
        return Answer(TimelineBody(timeline))
    }

    func cancel(user: String, job: String) async throws(Refusal) -> Answer {
        try await change(try key(user: user, job: job), .cancel)
    }

    func why(user: String, job: String) async throws(Refusal) -> Answer {
        let key = try key(user: user, job: job)
        let why = try await asking { () async throws(EngineError) in try await engine.why(key) }
        return Answer(WhyBody(why))
    }

    func redrive(user: String, job: String, body: [UInt8]) async throws(Refusal) -> Answer {
        let key = try key(user: user, job: job)
        let request: RedriveRequest = try optionalBody(body)
        return try await change(key, .redrive(dueAt: request.dueAt))
    }

    func reschedule(user: String, job: String, body: [UInt8]) async throws(Refusal) -> Answer {
        let key = try key(user: user, job: job)
        let request = try reading { () throws(JSONFault) in try RescheduleRequest(json: body) }
        guard request.priority != nil || request.executionTime != nil else {
            throw Refusal(
                .badRequest, "invalidField",
                "the body names nothing to change: give 'priority', 'executionTime' or both")
        }
        let priority = try Priority.check(request.priority)
        return try await change(
            key, .reschedule(priority: priority, executionTime: request.executionTime))
    }

    private func change(_ key: JobKey, _ change: JobChange) async throws(Refusal) -> Answer {
        let view = try await asking { () async throws(EngineError) in
            try await engine.change(key, change)
        }
        return Answer(JobBody(view))
    }

    /// One page of a listing.
    ///
    /// A rare filter may leave the engine's pages empty: a few of them are passed over here, so
    /// that a client sees jobs or the end, but never so many that one call takes long.
    func list(user: String, query: String) async throws(Refusal) -> Answer {
        let asked = try ListQuery(checking: query)
        var query = try JobQuery(user: user, asked)
        let moment = try Moment(checking: asked.asOf)
        var page = try await page(query, moment)
        var pagesLeft = limits.emptyPagesMax
        while page.jobs.isEmpty, let next = page.next, pagesLeft > 0 {
            query.before = next
            page = try await self.page(query, moment)
            pagesLeft -= 1
        }
        return Answer(JobPageBody(page))
    }

    private func page(
        _ query: JobQuery, _ moment: Moment?
    ) async throws(Refusal) -> JobPage {
        try await asking { () async throws(EngineError) in
            guard let moment else { return try await engine.list(query) }
            return try await engine.list(query, asOf: moment)
        }
    }
}

extension JobPageBody {
    init(_ page: JobPage) {
        self.init(jobs: page.jobs.map { JobBody($0) }, next: page.next.map { "\($0)" })
    }
}
