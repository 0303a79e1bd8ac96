package import JobModel
import JobState
package import Units

/// What a job waited for, stretch by stretch.
package struct Why: Equatable, Sendable {
    package var job: JobView
    /// Oldest first, without gaps, from the submit on.
    package var spans: [WhySpan]
    /// Where the job is ready and nobody has claimed it: when a worker last asked for its type;
    /// nil: none has since the daemon started.
    package var lastAsked: WallTime?
    /// Older events than the newest ones were not looked at, or were dropped: the first stretch stands for them.
    package var isTruncated: Bool

    static let eventsMax = 10_000
}

extension Why {
    init(_ look: Look, _ timeline: Timeline) {
        var walk = WhyWalk(look, timeline)
        job = look.job
        spans = walk.spans()
        lastAsked = look.lastAsked
        isTruncated = timeline.isTruncated || timeline.droppedThrough != nil
    }
}

/// Turns a timeline into stretches.
private struct WhyWalk {
    private let look: Look
    private let timeline: Timeline
    private var found: [WhySpan] = []
    private var position: WallTime

    init(_ look: Look, _ timeline: Timeline) {
        self.look = look
        self.timeline = timeline
        position = look.job.submittedAt
    }

    mutating func spans() -> [WhySpan] {
        // Where the submit was dropped, the job itself knows.
        var due =
            timeline.droppedThrough == nil ? look.job.submittedAt : look.job.executionTime
        var isRetry = false
        var worker: WorkerName?
        for recorded in timeline.events {
            let time = recorded.event.time
            switch recorded.event.fact {
            case .submitted(_, let content, _, let firstTick):
                due = firstTick ?? content.executionTime ?? time
            case .claimed(_, let name, _):
                wait(until: time, due: due, isRetry: isRetry)
                worker = name
            case .retriableFailed(_, _, _, let retryAt), .redriven(_, let retryAt):
                if let worker { run(until: time, worker) }
                (worker, isRetry, due) = (nil, true, retryAt)
            case .rescheduled(_, _, let executionTime):
                wait(until: time, due: due, isRetry: isRetry)
                due = executionTime ?? due
            case .succeeded, .fatalFailed, .cancelled:
                if let worker {
                    run(until: time, worker)
                } else {
                    wait(until: time, due: due, isRetry: isRetry)
                }
                worker = nil
            case .ticked, .processing, .heartbeat, .controlChanged: break
            }
        }
        guard !look.job.status.isFinal else { return found }
        let now = max(look.now, position)
        if let worker {
            run(until: now, worker)
        } else {
            waitStill(until: now, due: due, isRetry: isRetry)
        }
        return found
    }

    private mutating func run(until time: WallTime, _ worker: WorkerName) {
        add(nil, worker, until: time)
    }

    /// The stretch that still goes on ends with the reason that holds right now.
    private mutating func waitStill(until now: WallTime, due: WallTime, isRetry: Bool) {
        guard let hold = look.job.hold else { return wait(until: now, due: due, isRetry: isRetry) }
        switch hold {
        case .notDue, .backoff, .previousOccurrence:
            add(hold, nil, until: now, keepsEmpty: true)
        case .typePaused, .userPaused, .typeLimit, .userLimit, .noWorker:
            wait(until: now, due: due, isRetry: isRetry)
            if found.last?.hold != hold { add(hold, nil, until: now, keepsEmpty: true) }
        }
    }

    /// Until `due` it was not due; then it was held back where its user or type was, else nobody
    /// took it.
    private mutating func wait(until end: WallTime, due: WallTime, isRetry: Bool) {
        if due > position {
            add(isRetry ? .backoff(until: due) : .notDue(until: due), nil, until: min(due, end))
        }
        for hold in look.holds {
            let to = min(hold.to ?? end, end)
            guard to > position, hold.from < end else { continue }
            if hold.from > position { add(.noWorker, nil, until: hold.from) }
            add(hold.hold, nil, until: to)
        }
        add(.noWorker, nil, until: end)
    }

    private mutating func add(
        _ hold: Hold?, _ worker: WorkerName?, until end: WallTime, keepsEmpty: Bool = false
    ) {
        guard end > position || keepsEmpty else { return }
        found.append(WhySpan(hold: hold, worker: worker, from: position, to: max(end, position)))
        position = max(end, position)
    }
}
