import HeapModule
import JobModel
import JobState
import Units

/// When leases and run limits end, on the monotonic clock.
///
/// Not part of the folded state: a restart gives every lease its full duration again, because a
/// daemon that was down must not look like workers that are dead.
struct LeaseClock {
    /// The two ends of an attempt's time.
    private struct Deadlines {
        var lease: MonotonicTime
        let run: MonotonicTime
        /// When the one alarm that counts rings: others of the same lease ring in vain.
        var alarm: MonotonicTime

        var first: MonotonicTime { min(lease, run) }
    }

    private struct Alarm: Comparable {
        let at: MonotonicTime
        let token: LSN

        static func < (left: Alarm, right: Alarm) -> Bool {
            (left.at, left.token) < (right.at, right.token)
        }
    }

    private var deadlines: [LSN: Deadlines] = [:]
    /// One alarm that counts for each lease, never later than its deadline: an extended lease keeps
    /// its early alarm, which is set anew when it rings.
    ///
    /// Alarms of ended leases and of leases made shorter ring in vain.
    private var alarms = Heap<Alarm>()

    /// A lease begins.
    mutating func begin(_ terms: LeaseTerms, now: MonotonicTime) {
        let run = terms.runLimit.map { now.advanced(by: $0) } ?? .distantFuture
        let lease = now.advanced(by: terms.duration)
        let first = min(lease, run)
        deadlines[terms.token] = Deadlines(lease: lease, run: run, alarm: first)
        alarms.insert(Alarm(at: first, token: terms.token))
    }

    /// A lease begins anew after a heartbeat; its run limit goes on.
    mutating func extend(_ token: LSN, by duration: TimeSpan, now: MonotonicTime) {
        guard var ends = deadlines[token] else {
            preconditionFailure("heartbeat for lease \(token), which has no deadline")
        }
        ends.lease = now.advanced(by: duration)
        if ends.first < ends.alarm {
            // A shorter lease than before must not wait for the old alarm.
            ends.alarm = ends.first
            alarms.insert(Alarm(at: ends.alarm, token: token))
        }
        deadlines[token] = ends
    }

    /// A lease has ended.
    mutating func end(_ token: LSN) {
        deadlines[token] = nil
    }

    /// Takes the next lease whose time is up, and why.
    mutating func popExpired(now: MonotonicTime) -> (token: LSN, reason: FailureReason)? {
        while let alarm = alarms.min, alarm.at <= now {
            alarms.removeMin()
            guard var ends = deadlines[alarm.token], ends.alarm == alarm.at else { continue }
            guard ends.first <= now else {
                ends.alarm = ends.first
                deadlines[alarm.token] = ends
                alarms.insert(Alarm(at: ends.alarm, token: alarm.token))
                continue
            }
            deadlines[alarm.token] = nil
            return (alarm.token, ends.run <= ends.lease ? .runLimitExceeded : .leaseExpired)
        }
        return nil
    }

    /// When to look again; nil while no lease runs.
    var nextAlarm: MonotonicTime? { alarms.min?.at }

    /// How long the lease still runs; nil if it has ended.
    func remaining(_ token: LSN, now: MonotonicTime) -> TimeSpan? {
        deadlines[token].map { max($0.lease.span(since: now), .zero) }
    }
}
