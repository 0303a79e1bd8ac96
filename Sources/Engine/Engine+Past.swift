package import JobModel
import JobState
import PayloadPacking
package import Units

// The past as it was. Each call makes the state of that moment from the nearest snapshot before it and the
// events since: that takes as long as a restart from there would, and the memory of one more state for half
// a minute. All throw `Rejection.momentAhead` for a moment that has not come yet, and `momentDropped` for one before what
// retention has kept.
extension Engine {
    /// Lists one page of a user's jobs as they were, newest submit first.
    package func list(
        _ query: JobQuery, asOf moment: Moment
    ) async throws(EngineError) -> JobPage {
        try await past(moment) { state, finishedJobs, _ throws(EngineError) in
            try finishedJobs.page(query, try state.page(query))
        }
    }

    /// Shows one job as it was, with its payload and the failure that was its newest then.
    package func detail(
        _ key: JobKey, asOf moment: Moment
    ) async throws(EngineError) -> JobDetail {
        try await detail(of: try await look(key, asOf: moment))
    }

    /// Reads the events that a job had had by then, oldest first.
    package func timeline(
        _ key: JobKey, eventsMax: Int, asOf moment: Moment
    ) async throws(EngineError) -> Timeline {
        try await timeline(of: try await look(key, asOf: moment), eventsMax: eventsMax)
    }

    /// Counts everything as it was.
    package func stats(asOf moment: Moment) async throws(EngineError) -> PastStats {
        try await past(moment) { state, _, _ in
            PastStats(
                newest: state.appliedLSN, time: state.appliedTime, counts: state.counts,
                users: state.userCount,
                types: state.typeCounts().map {
                    EngineStats.TypeCounts(type: $0.type, counts: $0.counts)
                })
        }
    }

    private func look(_ key: JobKey, asOf moment: Moment) async throws(EngineError) -> Look {
        try await past(moment) { state, finishedJobs, dictionaries throws(EngineError) in
            if let job = state.slot(of: key) { return state.look(job, dictionaries) }
            if let past = try finishedJobs.look(key) { return past }
            throw .rejected(state.missing(key))
        }
    }

    private func past<Answer: Sendable>(
        _ moment: Moment,
        _ body: @escaping PastBody<Answer>
    ) async throws(EngineError) -> Answer {
        let present = try await stats()
        let isAhead =
            switch moment {
            case .event(let lsn): lsn > present.durableLSN
            case .time(let time): time > present.now
            }
        if isAhead { throw .rejected(.momentAhead(newest: present.durableLSN, now: present.now)) }
        return try await pastDesk.ask(moment, body)
    }
}

/// Counters as they were at a moment.
package struct PastStats: Equatable, Sendable {
    /// The newest event of that moment; zero before the first.
    package var newest: LSN
    /// When it happened.
    package var time: WallTime
    package var counts: StatusCounts
    package var users: Int
    package var types: [EngineStats.TypeCounts]
}

extension JobState {
    fileprivate mutating func page(
        _ query: JobQuery
    ) throws(EngineError) -> JobPage {
        do throws(Rejection) {
            let (jobs, next) = try page(
                of: query.user, statuses: query.statuses, type: query.type, before: query.before,
                limit: query.limit, looksMax: JobQuery.looksMax)
            var page = JobPage(jobs: [], next: next)
            for job in jobs { page.jobs.append(view(job)) }
            return page
        } catch {
            throw .rejected(error)
        }
    }

    /// What a look at a job shows, but for what only a running engine knows.
    fileprivate mutating func look(_ job: JobSlot, _ dictionaries: PayloadDictionaries) -> Look {
        let view = view(job)
        return Look(
            job: view, now: appliedTime,
            payload: keptPayload(job).map { dictionaries.unpack($0, ofType: view.type) },
            progress: progress(job), lastFailure: lastFailure(job),
            newestToken: newestToken(job), holds: holdSpans(job), lastAsked: nil)
    }
}
