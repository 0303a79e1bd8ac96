import Foundation
import JobModel
import Units

/// Says when a recurrence ticks, the slow way: a list of moments, found by looking at every minute.
///
/// Knows nothing of the room Cron, and only the few expressions that the simulation submits.
struct TickOracle {
    /// The ticks of a cron expression in a zone, a day before the simulated one to a week after.
    private var lists: [RecurrenceRule: [WallTime]] = [:]
    private let start: Int64
    private static let days: Int64 = 9

    /// - Parameter moment: anywhere in the simulated day.
    init(around moment: WallTime) {
        start = moment.microseconds / 86_400_000_000 * 1_440 - 2_880
    }

    /// The first tick at `time` or later.
    mutating func first(of rule: RecurrenceRule, from time: WallTime) -> WallTime? {
        switch rule {
        case .fixedRate, .fixedDelay: return time
        case .cron:
            let list = list(rule)
            return list.first { $0 >= time }
        }
    }

    /// The tick that follows the one at `tick`.
    mutating func next(of rule: RecurrenceRule, after tick: WallTime) -> WallTime? {
        switch rule {
        case .fixedRate(let interval), .fixedDelay(let interval): tick.advanced(by: interval)
        case .cron: first(of: rule, from: tick.advanced(by: TimeSpan(microseconds: 1)))
        }
    }

    private mutating func list(_ rule: RecurrenceRule) -> [WallTime] {
        if let list = lists[rule] { return list }
        guard case .cron(let text, let name) = rule, let zone = TimeZone(identifier: name) else {
            preconditionFailure("the oracle does not know \(rule)")
        }
        let list = ticks(text.split(separator: " ").prefix(2).map(String.init), in: zone)
        lists[rule] = list
        return list
    }

    /// Times of day tick when the clock first shows them or, where it leaves them out, a later
    /// time; an expression that lets every hour through ticks whenever the clock shows its minute.
    private func ticks(_ fields: [String], in zone: TimeZone) -> [WallTime] {
        let minutes = values(fields[0], below: 60)
        let hours = values(fields[1], below: 24)
        let fits = { (local: Int64) in
            minutes.contains(Int(local % 60)) && hours.contains(Int(local / 60 % 24))
        }
        var ticks: [WallTime] = []
        var shown: Int64?
        var offset: Int64 = 0
        for minute in start..<start + Self.days * 1_440 {
            // No clock changes but at a quarter of an hour.
            if minute % 15 == 0 || shown == nil {
                let date = Date(timeIntervalSince1970: Double(minute * 60))
                offset = Int64(zone.secondsFromGMT(for: date) / 60)
            }
            let local = minute + offset
            let from = hours.count == 24 ? local : (shown ?? local) + 1
            if from <= local, (from...local).contains(where: fits) {
                ticks.append(WallTime(microseconds: minute * 60_000_000))
            }
            shown = max(shown ?? local, local)
        }
        return ticks
    }

    private func values(_ field: String, below limit: Int) -> Set<Int> {
        var found: Set<Int> = []
        for part in field.split(separator: ",") {
            let halves = part.split(separator: "/")
            let step = halves.count == 2 ? Int(halves[1]) ?? 1 : 1
            let ends = halves[0].split(separator: "-").compactMap { Int($0) }
            let first = ends.first ?? 0
            let last = halves[0] == "*" ? limit - 1 : ends.last ?? first
            found.formUnion(stride(from: first, through: last, by: step))
        }
        return found
    }
}
