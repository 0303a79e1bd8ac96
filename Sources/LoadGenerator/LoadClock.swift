import Foundation
package import Units

/// The clock of one run: microseconds since its start, tied once to the time of day.
///
/// Spans are measured on a clock that nobody sets. The time of day of a moment, which goes to the
/// daemon as `executionTime`, is counted from the one reading at the start.
package struct LoadClock: Sendable {
    private let origin = ContinuousClock.now
    /// The time of day at moment zero.
    package let startedAt: WallTime

    package init() {
        let seconds = Date().timeIntervalSince1970
        startedAt = WallTime(microseconds: Int64((seconds * 1_000_000).rounded()))
    }

    package var now: MonotonicTime {
        let (seconds, attoseconds) = (ContinuousClock.now - origin).components
        return MonotonicTime(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
    }

    /// The time of day at `moment`.
    package func wallTime(at moment: MonotonicTime) -> WallTime {
        startedAt.advanced(by: TimeSpan(microseconds: moment.microseconds))
    }

    /// The moment at which `time` was or will be; nil if that was before the run.
    package func moment(of time: WallTime) -> MonotonicTime? {
        let span = time.span(since: startedAt)
        return span < .zero ? nil : MonotonicTime(microseconds: span.microseconds)
    }

    /// Returns at `moment`, at once if that has passed; false if the task was cancelled first.
    package func sleep(until moment: MonotonicTime) async -> Bool {
        guard moment > now else { return !Task.isCancelled }
        let instant = origin.advanced(by: .microseconds(moment.microseconds))
        do {
            try await Task.sleep(until: instant, tolerance: .zero, clock: .continuous)
            return true
        } catch {
            return false
        }
    }

    /// Returns after `span`; false if the task was cancelled first.
    package func sleep(for span: TimeSpan) async -> Bool {
        await sleep(until: now.advanced(by: span))
    }
}
