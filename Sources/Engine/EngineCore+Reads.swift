import EventLog
import History
import JobModel
import JobState
import Units

extension EngineCore {
    mutating func look(_ key: JobKey) throws(Rejection) -> Look {
        let job = try slot(of: key)
        let view = view(job)
        return Look(
            job: view, now: wall,
            payload: state.keptPayload(job).map { dictionaries.unpack($0, ofType: view.type) },
            progress: state.progress(job),
            lastFailure: state.lastFailure(job), newestToken: state.newestToken(job),
            holds: state.holdSpans(job), lastAsked: desk.lastAsked(for: view.type))
    }

    mutating func list(_ query: JobQuery) throws(Rejection) -> JobPage {
        let (jobs, next) = try state.page(
            of: query.user, statuses: query.statuses, type: query.type, before: query.before,
            limit: query.limit, looksMax: JobQuery.looksMax)
        return page(jobs, next)
    }

    mutating func deadLetters(_ query: DeadLetterQuery) -> JobPage {
        let (jobs, next) = state.deadLetters(
            user: query.user, type: query.type, from: query.start, limit: query.limit,
            looksMax: JobQuery.looksMax)
        return page(jobs, next)
    }

    private mutating func page(_ jobs: [JobSlot], _ next: JobPosition?) -> JobPage {
        var page = JobPage(jobs: [], next: next)
        page.jobs.reserveCapacity(jobs.count)
        for job in jobs { page.jobs.append(view(job)) }
        return page
    }

    mutating func users(skip: Int, limit: Int) -> UserPage {
        let users = state.users(skip: skip, limit: limit)
        let end = skip + users.count
        return UserPage(
            users: users.map { UserCounts(user: $0.user, counts: $0.counts) },
            next: end < state.userCount ? end : nil)
    }

    mutating func stats() -> EngineStats {
        let size = log.size
        let past = history.worker.set.size
        return EngineStats(
            now: wall, uptime: monotonic.span(since: startedAt), counts: state.counts,
            users: state.userCount,
            types: state.typeCounts().map {
                EngineStats.TypeCounts(type: $0.type, counts: $0.counts)
            },
            ready: state.readyCount, waitingClaims: desk.count, payloadBytes: state.blobBytes,
            durableLSN: log.durableLSN, logSegments: size.segments, logRawBytes: size.rawBytes,
            logStoredBytes: size.storedBytes,
            logTrouble: trouble ?? size.trouble ?? retention.trouble,
            logDroppedThrough: log.droppedThrough,
            jobsInMemory: state.jobCount, historyJobs: past.jobs.total, historyFiles: past.files,
            historyBytes: past.bytes, historyTrouble: history.words)
    }
}
