package import Units

/// Turns a trace's seconds into spans of the replay.
package struct TraceSchedule: Sendable {
    /// How many seconds of the trace pass in one second.
    package let speedup: Double
    /// The submit time that is the replay's moment zero: that of the trace's first job.
    package let origin: Int64

    package init(speedup: Double, origin: Int64) {
        self.speedup = speedup
        self.origin = origin
    }

    /// From the replay's start until the job is submitted.
    package func submitOffset(of job: SWFJob) -> TimeSpan {
        scaled(job.submitSeconds - origin)
    }

    /// How long a simulated worker takes; nothing where the trace does not know.
    package func runTime(seconds: Int64?) -> TimeSpan {
        scaled(seconds ?? 0)
    }

    private func scaled(_ seconds: Int64) -> TimeSpan {
        let microseconds = (Double(seconds) * 1_000_000 / speedup).rounded()
        // Half of what 64 bits hold, so that a moment of the replay plus a span still fits.
        return TimeSpan(microseconds: min(Int64(exactly: microseconds) ?? .max, .max / 2))
    }
}
