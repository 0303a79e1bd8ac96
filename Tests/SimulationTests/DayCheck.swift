import Engine
import JobModel
import TestKit
import Units

/// Puts a day's log and all its answers to the rules.
struct DayCheck {
    let day: SimulatedDay
    var model: Model
    var events: [Event] = []
    private var lineUp: [Int: [JobType]] = [:]

    init(_ day: SimulatedDay) {
        self.day = day
        model = Model(
            around: day.record.turns.first?.wallClock ?? WallTime(microseconds: 86_400_000_000))
    }

    /// - Throws: `Finding`, for the first thing that is wrong.
    mutating func run() throws(Finding) {
        try readLog()
        try noteTypesAsked()
        try checkClaimsInLine()
        try foldLog()
        try AnswerCheck(day: day, model: model, events: events).run()
        try checkEverythingEnded()
    }

    private mutating func readLog() throws(Finding) {
        let log = try FoldedLog(of: day.storage, options: day.options())
        guard let live = day.digests[log.position], live == log.digest else {
            throw Finding("the state folded from the whole log is another than the live one")
        }
        events = log.events
    }

    private mutating func noteTypesAsked() throws(Finding) {
        for exchange in day.record.exchanges {
            guard case .claim(let order, _) = exchange.call.wish,
                case .grants(let grants) = exchange.answer
            else { continue }
            for grant in grants {
                guard model.typesAsked.updateValue(order.types, forKey: grant.job.lastLSN) == nil
                else { throw Finding("token \(grant.job.lastLSN) was handed out twice") }
            }
        }
    }

    /// Who has waited longer for a type gets the next job of it.
    private func checkClaimsInLine() throws(Finding) {
        var waiting: [Exchange] = []
        for exchange in day.record.exchanges.sorted(by: { $0.call.number < $1.call.number }) {
            guard case .claim(let order, _) = exchange.call.wish else { continue }
            waiting.removeAll { $0.turn < exchange.call.turn }
            if case .grants(let grants) = exchange.answer {
                for grant in grants {
                    let passed = waiting.first {
                        $0.waits(for: grant.job.type, after: exchange.turn)
                    }
                    guard let passed else { continue }
                    throw Finding(
                        "claim \(exchange.call.number) got \(grant.job.key), for which "
                            + "\(passed.call.number) has waited longer")
                }
            }
            if exchange.turn > exchange.call.turn, !order.types.isEmpty { waiting.append(exchange) }
        }
    }

    private mutating func foldLog() throws(Finding) {
        let claims = ClaimsInLine(day.record)
        let lives = day.record.lives
        var position = 0
        for (index, life) in lives.enumerated() {
            guard position == Int(life.opened.rawValue) else {
                throw Finding(
                    "life \(index) began at \(life.opened), the one before ended at \(position)")
            }
            var wall = position == 0 ? WallTime.earliest : events[position - 1].time
            var monotonic = life.openedAt
            model.begin(lifeAt: monotonic)
            let end = index + 1 < lives.count ? lives[index + 1].firstTurn : day.record.turns.count
            for number in life.firstTurn..<end {
                let turn = day.record.turns[number]
                let half = turn.monotonic.span(since: monotonic).microseconds / 2
                wall = max(wall.advanced(by: TimeSpan(microseconds: half)), turn.wallClock)
                monotonic = turn.monotonic
                let now = ModelMoment(turn: number, monotonic: monotonic, wall: wall)
                try fold(&position, to: Int(turn.end.rawValue), now)
                if let patience = turn.patience, patience > .zero, !turn.isShort {
                    try checkNothingOverdue(now, claims.types(afterTurn: number))
                }
            }
        }
        guard position == events.count else {
            throw Finding("the log has \(events.count) events, \(position) were seen to be written")
        }
    }

    private mutating func fold(
        _ position: inout Int, to end: Int, _ now: ModelMoment
    ) throws(Finding) {
        guard end <= events.count else {
            throw Finding("turn \(now.turn) ended at \(end), the log has \(events.count) events")
        }
        while position < end {
            let event = events[position]
            position += 1
            do throws(Finding) {
                try model.apply(event, at: LSN(rawValue: UInt64(position)), now)
            } catch {
                throw Finding("event \(position), \(event.fact.name): \(error)")
            }
        }
    }

    /// After a turn with which the engine is content, nothing is left that should have been done.
    private func checkNothingOverdue(_ now: ModelMoment, _ asked: [JobType]) throws(Finding) {
        for job in model.leased {
            let job = model.jobs[job]
            guard min(job.leaseEnd, job.runEnd) > now.monotonic else {
                throw Finding("turn \(now.turn): \(job.key) is leased beyond its time")
            }
        }
        for job in model.recurring {
            let job = model.jobs[job]
            guard (job.nextTick ?? .latest) > now.wall else {
                throw Finding("turn \(now.turn): \(job.key) has not ticked")
            }
            try checkExpiry(job, now)
        }
        for (type, numbers) in model.waiting {
            let isAsked = asked.contains(type) && model.mayRun(type)
            for number in numbers {
                let job = model.jobs[number]
                try checkExpiry(job, now)
                guard isAsked, job.due <= now.wall, !job.isBlocked, model.mayRun(job.user) else {
                    continue
                }
                throw Finding("turn \(now.turn): \(job.key) is due and a worker waits for it")
            }
        }
    }

    private func checkExpiry(_ job: ModelJob, _ now: ModelMoment) throws(Finding) {
        guard job.status == .notStarted, job.parentKey == nil, let expiry = job.content.expiresAt,
            expiry <= now.wall
        else { return }
        throw Finding("turn \(now.turn): \(job.key) has expired and waits")
    }

    private func checkEverythingEnded() throws(Finding) {
        for job in model.jobs where !job.status.isFinal {
            throw Finding("\(job.key) is still \(job.status.name) after the evening")
        }
        guard day.unresolved.isEmpty else { throw Finding("a submit was never answered") }
    }
}

extension Exchange {
    /// It is a claim for that type, which stood in line before that turn and still did after it.
    fileprivate func waits(for type: JobType, after turn: Int) -> Bool {
        guard case .claim(let order, _) = call.wish else { return false }
        return order.types.contains(type) && call.turn < turn && self.turn > turn
    }
}

/// Which types workers wait for after each turn; asked for one turn after another.
private final class ClaimsInLine {
    private var begun: [Int: [JobType]] = [:]
    private var ended: [Int: [JobType]] = [:]
    private var counts: [JobType: Int] = [:]
    private var turn = 0

    init(_ record: DayRecord) {
        for exchange in record.exchanges {
            guard case .claim(let order, _) = exchange.call.wish, exchange.turn > exchange.call.turn
            else { continue }
            begun[exchange.call.turn, default: []] += order.types
            // One that was lost with the engine stood in line until then.
            ended[exchange.turn, default: []] += order.types
        }
    }

    func types(afterTurn number: Int) -> [JobType] {
        while turn <= number {
            for type in begun.removeValue(forKey: turn) ?? [] { counts[type, default: 0] += 1 }
            for type in ended.removeValue(forKey: turn) ?? [] { counts[type, default: 0] -= 1 }
            turn += 1
        }
        return counts.filter { $0.value > 0 }.map { $0.key }
    }
}
