import Units

/// Hands out the jobs of a trace in time for their submit, and announces their types early.
///
/// The trace is read some time ahead of the replay, so that every claim names a type before the
/// first job of that type is submitted. Memory is bounded by the jobs of that time.
struct TraceFeed {
    private var reader: TraceReader
    private let limit: Int
    private let speedup: Double
    private let types: TypeList
    private var schedule: TraceSchedule?
    /// Read and not yet handed out: those from `position` on.
    private var jobs: [SWFJob] = []
    private var position = 0
    private var readCount = 0
    private var isAtEnd = false
    /// Jobs handed out so far, by user.
    private(set) var jobsByUser: [String: Int] = [:]
    /// Submit time of the last job handed out, in the trace's seconds.
    private var lastSubmitSeconds: Int64 = 0
    /// When the last of the jobs handed out ends if none is late.
    private var lastEnd = MonotonicTime(microseconds: 0)

    init(_ reader: TraceReader, limit: Int?, speedup: Double, types: TypeList) {
        self.reader = reader
        self.limit = limit ?? .max
        self.speedup = speedup
        self.types = types
    }

    /// What is to come, as far as the header, the limit and the jobs handed out tell.
    var outlook: Outlook { Outlook(jobs: jobsExpected, lastEnd: lastEnd) }

    private var jobsExpected: Int? {
        if isAtEnd { return readCount }
        guard let promised = reader.jobsPromised else { return limit == .max ? nil : limit }
        return min(promised, limit)
    }

    /// The time of day of the trace's first and of its latest job; nil without `UnixStartTime`.
    var period: (from: WallTime, to: WallTime)? {
        guard let start = reader.unixStartSeconds, let schedule else { return nil }
        func time(_ seconds: Int64) -> WallTime {
            WallTime.earliest.advanced(by: .seconds(start)).advanced(by: .seconds(seconds))
        }
        return (time(schedule.origin), time(lastSubmitSeconds))
    }

    /// How long a job of the trace runs here.
    func runTime(of payload: [UInt8]?) -> TimeSpan {
        guard let payload, let schedule else { return .zero }
        return schedule.runTime(seconds: TracePayload.runSeconds(in: payload))
    }

    /// Reads ahead; the first call settles where the replay's moment zero lies.
    mutating func readAhead() async throws(LoadError) {
        while !isAtEnd, jobs.count - position < Self.jobsAheadMax, !isFarAhead {
            guard readCount < limit, let job = try await reader.next() else {
                isAtEnd = true
                return
            }
            if schedule == nil {
                schedule = TraceSchedule(speedup: speedup, origin: job.submitSeconds)
            }
            types.add(job.typeName)
            jobs.append(job)
            readCount += 1
        }
    }

    /// The next job and its moment; nil at the end.
    mutating func next() async throws(LoadError) -> Arrival<SWFJob>? {
        try await readAhead()
        guard position < jobs.count, let schedule else { return nil }
        let job = jobs[position]
        position += 1
        if position == Self.spentMax {
            jobs.removeFirst(position)
            position = 0
        }
        jobsByUser[job.userName, default: 0] += 1
        lastSubmitSeconds = job.submitSeconds
        let due = MonotonicTime(microseconds: schedule.submitOffset(of: job).microseconds)
        lastEnd = max(lastEnd, due.advanced(by: schedule.runTime(seconds: job.runSeconds)))
        return Arrival(value: job, due: due)
    }

    private var isFarAhead: Bool {
        guard let schedule, position < jobs.count, let last = jobs.last else { return false }
        let ahead =
            schedule.submitOffset(of: last).microseconds
            - schedule.submitOffset(of: jobs[position]).microseconds
        return ahead >= SimulatedWorkers.announcement.microseconds
    }

    private static let jobsAheadMax = 200_000
    private static let spentMax = 4_096
}
