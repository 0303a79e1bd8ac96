import Cron
import JobModel
import Units
import Wire

/// When a job recurs, checked where its fields are read, so that an error can name them.
extension RecurrenceBody {
    func checked() throws(Refusal) -> Recurrence {
        Recurrence(rule: try rule(), overlap: try overlapPolicy(), missed: try missedPolicy())
    }

    private func rule() throws(Refusal) -> RecurrenceRule {
        switch (interval, cron) {
        case (nil, nil):
            throw Refusal.field(
                "recurrence", "needs an 'interval' in seconds or a 'cron' expression")
        case (.some, .some):
            throw Refusal.field("recurrence.cron", "cannot stand beside 'interval': send one")
        case (let interval?, nil): return try intervalRule(interval)
        case (nil, let cron?): return try cronRule(cron)
        }
    }

    private func intervalRule(_ interval: Double) throws(Refusal) -> RecurrenceRule {
        guard zone == nil else {
            throw Refusal.field("recurrence.zone", "belongs to 'cron', not to 'interval'")
        }
        let bounds = JobLimits.intervalMin...JobLimits.intervalMax
        let span = try SpanField("recurrence.interval", bounds).check(interval) ?? .zero
        switch mode {
        case nil, "fixedRate": return .fixedRate(span)
        case "fixedDelay": return .fixedDelay(span)
        case let mode?:
            throw Refusal.field(
                "recurrence.mode", "is '\(mode.prefix(64))': it must be fixedRate or fixedDelay")
        }
    }

    private func cronRule(_ text: String) throws(Refusal) -> RecurrenceRule {
        guard mode == nil else {
            throw Refusal.field("recurrence.mode", "belongs to 'interval', not to 'cron'")
        }
        let bytesMax = JobLimits.cronBytesMax
        guard text.utf8.count <= bytesMax else {
            throw Refusal.field(
                "recurrence.cron",
                "is \(text.utf8.count) bytes long: at most \(bytesMax) are allowed")
        }
        try Self.reading("recurrence.cron") { () throws(CronError) in
            _ = try CronExpression(text)
        }
        let zone = zone ?? Zone.utc.name
        try Self.reading("recurrence.zone") { () throws(CronError) in _ = try Zone(named: zone) }
        return .cron(text, zone: zone)
    }

    private static func reading(
        _ field: String, _ read: () throws(CronError) -> Void
    ) throws(Refusal) {
        do {
            try read()
        } catch {
            throw Refusal.field(field, "cannot be taken: \(error)")
        }
    }

    private func overlapPolicy() throws(Refusal) -> OverlapPolicy {
        guard let overlap else { return .skip }
        guard let policy = OverlapPolicy.allCases.first(where: { $0.name == overlap }) else {
            let names = OverlapPolicy.allCases.map(\.name).joined(separator: ", ")
            throw Refusal.field(
                "recurrence.overlap", "is '\(overlap.prefix(64))', which is none of \(names)")
        }
        return policy
    }

    private func missedPolicy() throws(Refusal) -> MissedTickPolicy {
        guard missed == "all" || missedMax == nil else {
            throw Refusal.field("recurrence.missedMax", "belongs to 'missed' \"all\" only")
        }
        let max = try CountField("recurrence.missedMax", 1...JobLimits.catchUpMax).check(missedMax)
        switch missed {
        case nil, "once": return .once
        case "skip": return .skip
        case "all": return .all(max: max ?? JobLimits.catchUpMax)
        case let missed?:
            throw Refusal.field(
                "recurrence.missed", "is '\(missed.prefix(64))', which is none of skip, once, all")
        }
    }
}

extension RecurrenceBody {
    /// As the wire shows it, with what was left out filled in.
    init(_ recurrence: Recurrence) {
        self.init(overlap: recurrence.overlap.name, missed: recurrence.missed.name)
        switch recurrence.rule {
        case .fixedRate(let span): (interval, mode) = (span.seconds, "fixedRate")
        case .fixedDelay(let span): (interval, mode) = (span.seconds, "fixedDelay")
        case .cron(let text, let zone): (cron, self.zone) = (text, zone)
        }
        if case .all(let max) = recurrence.missed { missedMax = max }
    }
}
