import Cron
import Units
import Wire

/// The next ticks of a cron expression, with what there is to say about each.
struct CronExplanation {
    let expression: CronExpression
    let zone: Zone
    let ticks: [Tick]

    struct Tick {
        let time: WallTime
        let local: LocalTime
        let offset: TimeSpan
        let note: TickNote?
    }

    init(of expression: CronExpression, in zone: Zone, after moment: WallTime, count: Int) {
        self.expression = expression
        self.zone = zone
        ticks = expression.next(count, after: moment, in: zone).map { time in
            Tick(
                time: time, local: zone.local(at: time), offset: zone.offset(at: time),
                note: expression.note(on: time, in: zone))
        }
    }

    func put() {
        putLine("\(printable(expression.text)) in \(zone.name): \(expression.words)")
        guard !ticks.isEmpty else { return }
        putLine(expression.rule)
        putLine("")
        var table = Table(["LOCAL TIME", "OFFSET", "UTC", "REMARK"])
        for tick in ticks {
            table.add([
                tick.local.description, tick.offset.offsetText, tick.time.description,
                tick.note?.text ?? "",
            ])
        }
        table.put()
    }

    func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("expression", expression.text)
            writer.member("zone", zone.name)
            writer.member("meaning", expression.words)
            writer.member("rule", expression.hasFixedTimes ? "fixedTimes" : "elapsedTime")
            writer.member("ticks", ticks)
        }
        return writer.bytes
    }
}

extension CronExplanation.Tick: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("time", time)
            writer.member("local", local.description)
            writer.member("offset", offset.offsetText)
            writer.member("note", note?.code)
            writer.member("remark", note?.text)
        }
    }
}

extension CronExpression {
    /// What daylight saving does to it.
    fileprivate var rule: String {
        hasFixedTimes
            ? "Times of day: each ticks once a day, also when the clocks change."
            : "Follows elapsed time: when the clocks change it ticks by what they show."
    }
}

extension TickNote {
    /// For programs.
    fileprivate var code: String {
        switch self {
        case .moved: "moved"
        case .firstOfTwo: "firstOfTwo"
        case .firstOfBoth: "firstOfBoth"
        case .secondOfTwo: "secondOfTwo"
        }
    }

    fileprivate var text: String {
        switch self {
        case .moved(let missing, let from, let to):
            Self.moved(missing, from, to)
        case .firstOfTwo: "the clock shows this twice: ticks the first time only"
        case .firstOfBoth: "the clock shows this twice: the first time"
        case .secondOfTwo: "the clock shows this twice: the second time"
        }
    }

    /// Dates are left out where there is only one.
    private static func moved(_ missing: LocalTime, _ from: LocalTime, _ to: LocalTime) -> String {
        let isOneDay = from.date == to.date
        let texts = [missing, from, to].map { time in
            isOneDay ? String(time.description.dropFirst(11)) : time.description
        }
        return "for \(texts[0]), which is left out: the clock goes from \(texts[1]) to \(texts[2])"
    }
}

extension TimeSpan {
    /// An offset from UTC: `+02:00`, with seconds where there are any.
    fileprivate var offsetText: String {
        let seconds = abs(microseconds / 1_000_000)
        // From the text of that time of day in 1970.
        let clock = WallTime(microseconds: seconds * 1_000_000).description.dropFirst(11)
        return (microseconds < 0 ? "-" : "+") + clock.prefix(seconds % 60 == 0 ? 5 : 8)
    }
}
