import Synchronization
package import Units

/// How many of the workers' slots were busy, and for how long.
package final class Occupancy: Sendable {
    private struct State {
        var busy = 0
        var peak = 0
        var changedAt = MonotonicTime(microseconds: 0)
        /// Sum of slots · microseconds.
        var busyMicroseconds: Int64 = 0
        /// How long all slots were taken.
        var fullMicroseconds: Int64 = 0
    }

    private let slots: Int
    private let state = Mutex(State())

    package init(slots: Int) {
        self.slots = slots
    }

    package var busy: Int { state.withLock { $0.busy } }

    /// `change` slots more are busy from `now` on; fewer if it is negative.
    package func change(by change: Int, at now: MonotonicTime) {
        state.withLock { state in
            settle(&state, now)
            state.busy += change
            state.peak = max(state.peak, state.busy)
        }
    }

    /// The figures from moment zero to `now`.
    package func summary(at now: MonotonicTime) -> OccupancySummary {
        state.withLock { state in
            settle(&state, now)
            let elapsed = Double(max(now.microseconds, 1))
            return OccupancySummary(
                slots: slots, busyMean: Double(state.busyMicroseconds) / elapsed,
                busyMax: state.peak, allBusySeconds: Double(state.fullMicroseconds) / 1_000_000)
        }
    }

    private func settle(_ state: inout State, _ now: MonotonicTime) {
        // Two tasks may read the clock in one order and come here in the other.
        let span = max(now.span(since: state.changedAt).microseconds, 0)
        state.busyMicroseconds += Int64(state.busy) * span
        if state.busy >= slots { state.fullMicroseconds += span }
        state.changedAt = max(state.changedAt, now)
    }
}

/// How well the workers' slots were used.
package struct OccupancySummary: Equatable, Sendable, Encodable {
    package var slots: Int
    package var busyMean: Double
    package var busyMax: Int
    /// While it lasted, due jobs had to wait for a slot, whatever the daemon did.
    package var allBusySeconds: Double

    package init(slots: Int, busyMean: Double, busyMax: Int, allBusySeconds: Double) {
        self.slots = slots
        self.busyMean = busyMean
        self.busyMax = busyMax
        self.allBusySeconds = allBusySeconds
    }
}
