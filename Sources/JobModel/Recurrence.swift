package import Units

/// When a recurring job ticks.
package enum RecurrenceRule: Hashable, Sendable {
    /// Every so often, counted from the first tick.
    case fixedRate(TimeSpan)
    /// So long after the end of the occurrence before.
    case fixedDelay(TimeSpan)
    /// By a cron expression, read in an IANA time zone (docs/cron.md).
    case cron(String, zone: String)
}

/// What a tick does while an earlier occurrence has not ended.
package enum OverlapPolicy: UInt8, CaseIterable, Sendable {
    /// Nothing comes of the tick.
    case skip = 0
    /// Its occurrence waits until those before it have ended.
    case queue = 1
    /// They run beside each other.
    case allow = 2

    package var name: String {
        switch self {
        case .skip: "skip"
        case .queue: "queue"
        case .allow: "allow"
        }
    }
}

/// What becomes of ticks that passed while nobody was there to act on them.
package enum MissedTickPolicy: Hashable, Sendable {
    /// Nothing: the next tick is the next in the future.
    case skip
    /// The newest of them is made up.
    case once
    /// The newest `max` of them are made up, in order.
    case all(max: Int)

    package var name: String {
        switch self {
        case .skip: "skip"
        case .once: "once"
        case .all: "all"
        }
    }

    /// How many of the missed ticks are made up at most.
    package var countMax: Int {
        switch self {
        case .skip: 0
        case .once: 1
        case .all(let max): max
        }
    }
}

/// What makes a job recurring: each tick submits an occurrence, a job of its own.
package struct Recurrence: Hashable, Sendable {
    package var rule: RecurrenceRule
    package var overlap: OverlapPolicy
    package var missed: MissedTickPolicy

    package init(
        rule: RecurrenceRule, overlap: OverlapPolicy = .skip, missed: MissedTickPolicy = .once
    ) {
        self.rule = rule
        self.overlap = overlap
        self.missed = missed
    }
}

extension JobID {
    /// The id of the occurrence that the tick at `time` of the recurring job `self` makes.
    ///
    /// - Precondition: the id has at most `JobLimits.recurringJobBytesMax` bytes.
    package func occurrence(at time: WallTime) -> JobID {
        precondition(
            text.utf8.count <= JobLimits.recurringJobBytesMax, "no recurring job is called \(self)")
        return JobID(unchecked: "\(text)@\(time)")
    }
}
