import Histogram
import Synchronization
package import Units

/// Collects spans from many tasks into a histogram of three digits, up to a day.
package final class LatencyRecorder: Sendable {
    private struct State: Sendable {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: LatencyRecorder.microsecondsMax,
            numberOfSignificantValueDigits: .three)
        var longest: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Counts `span`; a negative one counts as none, one above a day as a day.
    package func record(_ span: TimeSpan) {
        let value = min(UInt64(max(span.microseconds, 0)), Self.microsecondsMax)
        state.withLock { state in
            state.histogram.record(value)
            state.longest = max(state.longest, value)
        }
    }

    /// The figures of everything recorded so far.
    package var summary: LatencySummary {
        state.withLock { state in
            func milliseconds(_ percentile: Double) -> Double {
                // The histogram answers with the upper end of a bucket, which may pass the maximum.
                let value = state.histogram.valueAtPercentile(percentile)
                return Double(min(value, state.longest)) / 1_000
            }
            return LatencySummary(
                count: Int(state.histogram.totalCount), p50: milliseconds(50),
                p99: milliseconds(99),
                p999: milliseconds(99.9), max: Double(state.longest) / 1_000)
        }
    }

    private static let microsecondsMax: UInt64 = 86_400_000_000
}

/// Percentiles of many spans, in milliseconds, exact to three digits; `max` is exact.
package struct LatencySummary: Equatable, Sendable, Encodable {
    package var count: Int
    package var p50: Double
    package var p99: Double
    package var p999: Double
    package var max: Double

    package init(count: Int, p50: Double, p99: Double, p999: Double, max: Double) {
        self.count = count
        self.p50 = p50
        self.p99 = p99
        self.p999 = p999
        self.max = max
    }

    private enum CodingKeys: String, CodingKey {
        case count
        case p50 = "p50Ms"
        case p99 = "p99Ms"
        case p999 = "p999Ms"
        case max = "maxMs"
    }
}
