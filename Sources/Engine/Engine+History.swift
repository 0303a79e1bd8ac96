import EventLog
import JobCoding
package import JobModel
import Units

extension Engine {
    /// Shows one job, with its payload and its newest failure from the log.
    package func detail(_ key: JobKey) async throws(EngineError) -> JobDetail {
        try await detail(of: try await look(key))
    }

    func detail(of look: Look) async throws(EngineError) -> JobDetail {
        try await read { reader in
            Result { () throws(EngineError) -> JobDetail in
                var detail = JobDetail(
                    job: look.job, payload: look.payload, progress: look.progress)
                if look.payload == nil {
                    detail.payload = try reader.content(of: look.job.submittedLSN)?.payload
                }
                if let failure = look.lastFailure {
                    detail.lastFailure = try reader.eventUnlessDropped(failure)?.failure
                }
                return detail
            }
        }
    }

    /// Reads a job's events from the log, walking back from its newest.
    ///
    /// - Parameters:
    ///   - key: The job.
    ///   - eventsMax: Older events than this many are left out.
    /// - Returns: The events, oldest first, without those that retention has dropped.
    /// - Throws: `EngineError.unreadable` if the log cannot be read back.
    package func timeline(
        _ key: JobKey, eventsMax: Int
    ) async throws(EngineError) -> Timeline {
        try await timeline(of: try await look(key), eventsMax: eventsMax)
    }

    func timeline(of look: Look, eventsMax: Int) async throws(EngineError) -> Timeline {
        try await read { reader in
            Result { () throws(EngineError) -> Timeline in
                try reader.timeline(of: look.job, eventsMax: eventsMax)
            }
        }
    }

    /// Tells what a job waited for, and for how long, from its submit until it ended or until now.
    ///
    /// The stretches follow each other without gaps: their lengths add up to the job's age. Where the first
    /// events of the job were dropped, the first stretch stands for them.
    package func why(_ key: JobKey) async throws(EngineError) -> Why {
        let look = try await look(key)
        return try await read { reader in
            Result { () throws(EngineError) -> Why in
                let timeline = try reader.timeline(of: look.job, eventsMax: Why.eventsMax)
                return Why(look, timeline)
            }
        }
    }

    /// Finds out what a token without a lease is: forged, overtaken, or a worker's own call again.
    func explain(_ token: LSN, _ step: AttemptStep) async throws(EngineError) -> JobView {
        let claimed: JobKey? = try await read { reader in
            Result { () throws(EngineError) -> JobKey? in try reader.job(claimedAt: token) }
        }
        guard let key = claimed else { throw .rejected(.unknownToken(token)) }
        let look = try await look(key)
        let newest: Event? = try await read { reader in
            Result { () throws(EngineError) -> Event? in
                try reader.eventUnlessDropped(look.job.lastLSN)
            }
        }
        let newestToken: LSN? = try await read { reader in
            Result { () throws(EngineError) -> LSN? in
                if let known = look.newestToken { return known }
                return try reader.newestToken(of: look.job)
            }
        }
        guard newestToken == token, let newest, step.broughtAbout(newest.fact) else {
            throw .rejected(.staleToken(token, look.job))
        }
        return look.job
    }
}

extension AttemptStep {
    /// Whether `fact`, the newest of an attempt, is what this step comes to.
    ///
    /// Then the worker did not get our answer and asks again. An expired lease is not what any
    /// step comes to.
    fileprivate func broughtAbout(_ fact: Fact) -> Bool {
        switch (self, fact) {
        case (.succeed, .succeeded):
            true
        case (.fail(let isRetriable, _), .retriableFailed(_, .reported, _, _)):
            isRetriable
        case (.fail(let isRetriable, _), .fatalFailed(_, .reported, _, let retriesExhausted)):
            isRetriable == retriesExhausted
        default:
            false
        }
    }
}

extension LogReader {
    /// Reads the event at a position that is known to hold one; nil where retention has dropped it.
    fileprivate func eventUnlessDropped(_ lsn: LSN) throws(EngineError) -> Event? {
        if let event = try eventIfAny(lsn) { return event }
        guard lsn <= droppedThrough else {
            throw .unreadable("the log has no record \(lsn), which a job refers to")
        }
        return nil
    }

    /// Reads the event at `lsn`; nil if nothing durable is there.
    private func eventIfAny(_ lsn: LSN) throws(EngineError) -> Event? {
        do throws(LogError) {
            return try read(lsn) { record throws(RecordRefusal) in
                do throws(EventFault) {
                    return try Event(decoding: record)
                } catch {
                    throw RecordRefusal(reason: "\(error)")
                }
            }
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// Position of the job's newest claim; nil if it was never claimed, or that was dropped.
    fileprivate func newestToken(of job: JobView) throws(EngineError) -> LSN? {
        var next: LSN? = job.lastLSN
        while let lsn = next, lsn != job.submittedLSN {
            guard let event = try eventUnlessDropped(lsn) else { return nil }
            if case .claimed = event.fact { return lsn }
            next = event.fact.reference?.previous
        }
        return nil
    }

    /// The job whose claim made `token`; nil if that record is no claim, or the job's first was dropped.
    fileprivate func job(claimedAt token: LSN) throws(EngineError) -> JobKey? {
        guard let event = try eventIfAny(token), case .claimed(let job, _, _) = event.fact else {
            return nil
        }
        switch try eventUnlessDropped(job.submitted)?.fact {
        case .submitted(let key, _, _, _): return key
        case .ticked(let parent, let tick):
            guard
                case .submitted(let key, _, _, _) = try eventUnlessDropped(parent.submitted)?.fact
            else { return nil }
            return JobKey(user: key.user, job: key.job.occurrence(at: tick.at))
        default: return nil
        }
    }

    /// What was submitted as the job whose first event is at `lsn`; nil where that was dropped.
    ///
    /// An occurrence has the content of its recurring job.
    fileprivate func content(of lsn: LSN) throws(EngineError) -> JobContent? {
        switch try eventUnlessDropped(lsn)?.fact {
        case nil: return nil
        case .submitted(_, let content, _, _): return content
        case .ticked(let parent, _): return try content(of: parent.submitted)
        default: throw .unreadable("record \(lsn), which a job refers to, is not its first")
        }
    }

    fileprivate func timeline(
        of job: JobView, eventsMax: Int
    ) throws(EngineError) -> Timeline {
        var events: [RecordedEvent] = []
        var next: LSN? = job.lastLSN
        while let lsn = next, events.count < eventsMax {
            guard let event = try eventUnlessDropped(lsn) else {
                return Timeline(
                    events: events.reversed(), isTruncated: false, droppedThrough: droppedThrough)
            }
            events.append(RecordedEvent(lsn: lsn, event: event))
            // An occurrence begins with the tick of its recurring job, whose own events lie before.
            next = lsn == job.submittedLSN ? nil : event.fact.reference?.previous
        }
        return Timeline(events: events.reversed(), isTruncated: next != nil)
    }
}

extension Event {
    fileprivate var failure: (time: WallTime, reason: FailureReason, message: String?)? {
        switch fact {
        case .retriableFailed(_, let reason, let message, _),
            .fatalFailed(_, let reason, let message, _):
            (time, reason, message)
        default: nil
        }
    }
}
