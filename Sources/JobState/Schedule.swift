import Cron
import JobModel
import Units

/// What memory holds in addition of a recurring job.
struct Schedule {
    let recurrence: Recurrence
    let ticker: Ticker
    /// The tick that is acted on next; nil while it depends on the end of an occurrence.
    var nextTick: WallTime?
    /// Slots of its open occurrences, oldest first.
    var open: [UInt32] = []
}

/// Says when a recurrence ticks.
enum Ticker {
    case interval(TimeSpan)
    case cron(CronExpression, Zone)

    /// - Throws: `Rejection.invalidRecurrence` if the expression or the zone can't be read.
    init(_ rule: RecurrenceRule) throws(Rejection) {
        switch rule {
        case .fixedRate(let interval), .fixedDelay(let interval):
            self = .interval(interval)
        case .cron(let expression, let zone):
            do throws(CronError) {
                self = .cron(try CronExpression(expression), try Zone(named: zone))
            } catch {
                throw .invalidRecurrence(
                    InvalidField(field: "recurrence.cron", problem: "cannot be read: \(error)"))
            }
        }
    }

    /// The first tick, at `start` or later; nil: there is none.
    func first(from start: WallTime) -> WallTime? {
        switch self {
        case .interval: start
        case .cron(let expression, let zone):
            expression.next(after: WallTime(microseconds: start.microseconds - 1), in: zone)
        }
    }

    /// The tick after the one at `tick`; nil: there is none.
    func next(after tick: WallTime) -> WallTime? {
        switch self {
        case .interval(let interval): tick < .latest ? tick.advanced(by: interval) : nil
        case .cron(let expression, let zone): expression.next(after: tick, in: zone)
        }
    }

    /// Of the ticks from `first` to `now`: the oldest of the newest `kept` (of the newest one at
    /// least), and how many come before it, counted no further than `countMax`.
    func backlog(
        from first: WallTime, to now: WallTime, kept: Int, countMax: Int
    ) -> (tick: WallTime, skipped: Int) {
        let kept = max(kept, 1)
        switch self {
        case .interval(let interval):
            let steps = now.span(since: first).microseconds / interval.microseconds
            let skipped = max(0, Int(steps) - kept + 1)
            let span = TimeSpan(microseconds: Int64(skipped) * interval.microseconds)
            return (first.advanced(by: span), min(skipped, countMax))
        case .cron:
            let ticks = ticks(from: first, to: now, countMax: countMax + kept)
            guard ticks.count == countMax + kept else {
                let skipped = max(0, ticks.count - kept)
                return (ticks[skipped], skipped)
            }
            // Perhaps there are more than were looked at.
            return (newestTicks(before: now, count: kept)[0], countMax)
        }
    }

    private func ticks(from first: WallTime, to now: WallTime, countMax: Int) -> [WallTime] {
        var ticks = [first]
        while ticks.count < countMax, let next = next(after: ticks[ticks.count - 1]), next <= now {
            ticks.append(next)
        }
        return ticks
    }

    /// The newest ticks up to `now`, found by looking back twice as far until there are enough.
    private func newestTicks(before now: WallTime, count: Int) -> [WallTime] {
        var back = TimeSpan.seconds(-60)
        while true {
            let start = now.advanced(by: back)
            if let first = next(after: start), first <= now {
                let found = ticks(from: first, to: now, countMax: .max)
                if found.count >= count { return found.suffix(count) }
            }
            back = TimeSpan(microseconds: back.microseconds * 2)
        }
    }
}
