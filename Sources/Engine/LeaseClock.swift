import JobModel
import JobState
import Tables
import Units

/// When leases and run limits end, on the monotonic clock.
///
/// Not part of the folded state: a restart gives every lease its full duration again, because a
/// daemon that was down must not look like workers that are dead.
struct LeaseClock: ~Copyable {
    private struct Timer: TimedElement {
        /// When to look at the lease again: never later than it ends.
        ///
        /// An extended lease keeps its early alarm, which is set anew when it rings.
        var alarm: MonotonicTime
        var lease: MonotonicTime
        let run: MonotonicTime
        let token: UInt64
        var duePosition: UInt32 = 0

        var dueMicroseconds: Int64 { alarm.microseconds }
        var order: UInt64 { token }
        var end: MonotonicTime { min(lease, run) }
    }

    private var timers = Slab<Timer>(elementsMax: JobState.jobsMax)
    private var wheel: DueWheel
    private var rung: [UInt32] = []

    /// Begins at `now`: no alarm is set for an earlier moment.
    init(now: MonotonicTime) {
        wheel = DueWheel(elementsMax: JobState.jobsMax, startingAt: now.microseconds)
    }

    /// A lease begins.
    ///
    /// - Returns: The number of its timer.
    mutating func begin(_ terms: LeaseTerms, now: MonotonicTime) -> UInt32 {
        let run = terms.runLimit.map { now.advanced(by: $0) } ?? .distantFuture
        let lease = now.advanced(by: terms.duration)
        let timer = timers.allocate(
            Timer(alarm: min(lease, run), lease: lease, run: run, token: terms.token.rawValue))
        wheel.insert(timer, in: &timers)
        return timer
    }

    /// A lease begins anew after a heartbeat; its run limit goes on.
    mutating func extend(_ timer: UInt32, by duration: TimeSpan, now: MonotonicTime) {
        timers[timer].lease = now.advanced(by: duration)
        guard timers[timer].end < timers[timer].alarm else { return }
        // A shorter lease than before must not wait for the old alarm.
        wheel.remove(timer, in: &timers)
        timers[timer].alarm = timers[timer].end
        wheel.insert(timer, in: &timers)
    }

    /// A lease has ended.
    mutating func end(_ timer: UInt32) {
        if timers[timer].duePosition != 0 { wheel.remove(timer, in: &timers) }
        timers.free(timer)
    }

    /// Leases whose time is up, and why; about `countMax` alarms are looked at.
    ///
    /// Each stays until it is ended.
    mutating func expired(
        now: MonotonicTime, countMax: Int
    ) -> [(token: LSN, reason: FailureReason)] {
        rung.removeAll(keepingCapacity: true)
        _ = wheel.advance(to: now.microseconds, countMax: countMax, in: &timers, into: &rung)
        var ended: [(token: LSN, reason: FailureReason)] = []
        for timer in rung {
            let end = timers[timer].end
            if end <= now {
                let isOverRun = timers[timer].run <= timers[timer].lease
                ended.append(
                    (
                        LSN(rawValue: timers[timer].token),
                        isOverRun ? .runLimitExceeded : .leaseExpired
                    ))
            } else {
                timers[timer].alarm = end
                wheel.insert(timer, in: &timers)
            }
        }
        return ended
    }

    /// When to look again, at most a millisecond early; nil while no lease runs.
    mutating func nextAlarm() -> MonotonicTime? {
        wheel.nextDue(in: timers).map { MonotonicTime(microseconds: $0) }
    }

    /// How long the lease still runs.
    func remaining(_ timer: UInt32, now: MonotonicTime) -> TimeSpan {
        max(timers[timer].lease.span(since: now), .zero)
    }
}
