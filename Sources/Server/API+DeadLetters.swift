import Engine
import HTTPTypes
import JobModel
import Units
import Wire

/// Jobs that are out of attempts.
extension API {
    /// One page of them; few or none pass a rare filter, as in a listing of jobs.
    func deadLetters(query: String) async throws(Refusal) -> Answer {
        var query = try DeadLetterQuery(query: query)
        var page = try await page(query)
        var pagesLeft = limits.emptyPagesMax
        while page.jobs.isEmpty, let next = page.next, pagesLeft > 0 {
            query.start = next
            page = try await self.page(query)
            pagesLeft -= 1
        }
        return Answer(JobPageBody(page))
    }

    private func page(_ query: DeadLetterQuery) async throws(Refusal) -> JobPage {
        try await asking { () async throws(EngineError) in try await engine.deadLetters(query) }
    }

    func redriveMany(body: [UInt8]) async throws(Refusal) -> Answer {
        let request: RedriveManyRequest = try optionalBody(body)
        var order = try request.order()
        var result = try await redrive(order)
        var pagesLeft = limits.emptyPagesMax
        while result.count == 0, let next = result.next, pagesLeft > 0 {
            order.start = next
            result = try await redrive(order)
            pagesLeft -= 1
        }
        return Answer(
            RedriveBody(
                count: result.count, nextDue: result.nextDue, next: result.next?.description))
    }

    private func redrive(_ order: RedriveOrder) async throws(Refusal) -> RedriveResult {
        try await asking { () async throws(EngineError) in try await engine.redrive(order) }
    }
}

extension RedriveManyRequest {
    /// The slowest and the fastest rate: a day between two jobs, a microsecond.
    private static let rates = 1.0 / 86_400...1_000_000

    func order() throws(Refusal) -> RedriveOrder {
        let max = try CountField("max", 1...JobLimits.redriveItemsMax).check(max)
        return RedriveOrder(
            user: try Names.user(user), type: try Names.type(type), firstDue: dueAt,
            spacing: try spacing(), countMax: max ?? JobLimits.redriveItemsMax,
            start: try JobPosition(checking: cursor))
    }

    /// A rate is kept by the due times themselves.
    private func spacing() throws(Refusal) -> TimeSpan {
        guard let ratePerSecond else { return .zero }
        guard Self.rates.contains(ratePerSecond) else {
            throw Refusal.field(
                "ratePerSecond",
                "is \(ratePerSecond): it must be from 1/86400 (one a day) to 1000000")
        }
        return TimeSpan(microseconds: Int64((1_000_000 / ratePerSecond).rounded()))
    }
}
