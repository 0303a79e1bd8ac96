import Units

/// What the workers of a run did, counted while they do it.
final class WorkFigures: Sendable {
    let claims = Counter()
    let heartbeats = Counter()
    /// Attempts that ended without the daemon having taken the success.
    let lostAttempts = Counter()
    let failures = FailureTally()
    /// From the moment when a job was due to the moment when a worker had it: first attempts only.
    let lateness = LatencyRecorder()
    let occupancy: Occupancy
    /// Jobs of this run whose success the daemon took.
    let done = Milestones()

    init(slots: Int) {
        occupancy = Occupancy(slots: slots)
    }
}
