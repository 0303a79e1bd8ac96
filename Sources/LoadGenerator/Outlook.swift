import Units

/// What a replay still has before it, for its progress line.
struct Outlook: Equatable, Sendable {
    /// Jobs in all; nil where the trace does not say.
    var jobs: Int?
    /// When the last of the jobs known so far ends if none is late.
    var lastEnd = MonotonicTime(microseconds: 0)

    /// How long it takes yet if submits go on as they did; nil where nobody can say.
    func left(at now: MonotonicTime, submitted: Int) -> TimeSpan? {
        guard let jobs, submitted > 0 else { return nil }
        let perJob = Double(now.microseconds) / Double(submitted)
        let submits = Int64(perJob * Double(max(jobs - submitted, 0)))
        let runs = max(lastEnd.span(since: now), .zero)
        return max(TimeSpan(microseconds: submits), runs)
    }
}
