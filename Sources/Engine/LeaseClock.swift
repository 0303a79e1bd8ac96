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
    /// One alarm for each lease at least, never later than its deadline: an extended lease keeps
    /// its early alarm, which is set anew when it rings.
    ///
    /// Alarms of ended leases ring in vain.
    private var alarms = Heap<Alarm>()

    /// A lease begins.
    mutating func begin(_ terms: LeaseTerms, now: MonotonicTime) {
        let run = terms.runLimit.map { now.advanced(by: $0) } ?? .distantFuture
        let ends = Deadlines(lease: now.advanced(by: terms.duration), run: run)
        deadlines[terms.token] = ends
        alarms.insert(Alarm(at: ends.first, token: terms.token))
    }

    /// A lease begins anew after a heartbeat; its run limit goes on.
    mutating func extend(_ token: LSN, by duration: TimeSpan, now: MonotonicTime) {
        guard let old = deadlines[token] else {
            preconditionFailure("heartbeat for lease \(token), which has no deadline")
        }
        let ends = Deadlines(lease: now.advanced(by: duration), run: old.run)
        deadlines[token] = ends
        // A shorter lease than before must not wait for the old alarm.
        if ends.first < old.first { alarms.insert(Alarm(at: ends.first, token: token)) }
    }

    /// A lease has ended.
    mutating func end(_ token: LSN) {
        deadlines[token] = nil
    }

    /// Takes the next lease whose time is up, and why.
    mutating func popExpired(now: MonotonicTime) -> (token: LSN, reason: FailureReason)? {
        while let alarm = alarms.min, alarm.at <= now {
            alarms.removeMin()
            guard let ends = deadlines[alarm.token] else { continue }
            guard ends.first <= now else {
                alarms.insert(Alarm(at: ends.first, token: alarm.token))
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
