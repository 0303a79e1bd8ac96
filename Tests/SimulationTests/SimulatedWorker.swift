import Engine
import JobModel
import TestKit
import Units

/// A worker: asks for jobs and runs some at a time.
struct SimulatedWorker {
    let name: WorkerName
    let types: [JobType]
    let slots: Int
    var isVisitor = false
    var isAsking = false
    var running = 0
}

/// An attempt as its worker lives it, which is not always as it should.
struct SimulatedAttempt {
    enum Fate {
        case success, retriableFailure, fatalFailure
        /// The worker dies and never says a word.
        case crash
        /// The worker sleeps past its lease, then comes back and reports success.
        case stall
    }

    enum Phase {
        case begun, running, sleeping, reporting, over
    }

    let worker: Int
    let grant: Grant
    var fate: Fate
    /// Reports success before it says that it begins.
    var isHasty: Bool
    var phase = Phase.begun
    /// Its next step is on the agenda.
    var isPlanned = false
    let end: MonotonicTime

    var token: LSN { grant.job.lastLSN }

    var lease: TimeSpan { grant.job.policy.leaseDuration }

    /// How the worker ends it.
    var report: AttemptReport {
        let step: AttemptStep =
            switch fate {
            case .success, .crash, .stall: .succeed(message: "done")
            case .retriableFailure: .fail(isRetriable: true, message: "not now")
            case .fatalFailure: .fail(isRetriable: false, message: nil)
            }
        return AttemptReport(token: token, step: step)
    }

    /// From now on everything goes well.
    mutating func calmDown() {
        if fate != .stall { fate = .success }
        isHasty = false
    }
}

extension SimulatedDay {
    func hireWorkers() {
        for number in 0..<5 {
            let types =
                number == 0 ? Names.types : Names.types.filter { _ in !random.strikes(onceIn: 3) }
            workers.append(
                SimulatedWorker(
                    name: WorkerName(unchecked: "worker-\(number)"),
                    types: types.isEmpty ? [Names.types[0]] : types,
                    slots: 1 + random.number(below: 4)))
            agenda.plan(.poll(worker: number), at: soon(60))
        }
        // Drops in when somebody submits, and does not stay.
        workers.append(
            SimulatedWorker(
                name: WorkerName(unchecked: "visitor"), types: Names.types, slots: 2,
                isVisitor: true))
    }

    /// Asks for work where there is a free hand.
    func poll(_ number: Int) {
        let worker = workers[number]
        guard !worker.isAsking, worker.running < worker.slots else { return }
        guard engine != nil else { return pollLater(number, within: 30) }
        workers[number].isAsking = true
        let order = ClaimOrder(
            worker: worker.name, types: worker.types,
            countMax: 1 + random.number(below: worker.slots - worker.running),
            leaseDuration: random.strikes(onceIn: 6) ? .seconds(30) : nil)
        let wait = worker.isVisitor || random.strikes(onceIn: 6) ? 0 : 20 + random.number(below: 40)
        ask(.claim(order, wait: .seconds(Int64(wait))), for: .worker(number))
    }

    func tookGrants(_ exchange: Exchange, _ number: Int) {
        workers[number].isAsking = false
        if case .grants(let grants) = exchange.answer {
            for grant in grants { take(grant, number) }
        }
        pollLater(number, within: exchange.answer.isUnknown ? 30 : 3)
    }

    private func pollLater(_ number: Int, within seconds: Int) {
        if !workers[number].isVisitor { agenda.plan(.poll(worker: number), at: soon(seconds)) }
    }

    private func take(_ grant: Grant, _ worker: Int) {
        let seconds = random.strikes(onceIn: 6) ? 150 : 30
        attempts.append(
            SimulatedAttempt(
                worker: worker, grant: grant, fate: drawFate(),
                isHasty: !isEvening && random.strikes(onceIn: 25), end: soon(seconds)))
        workers[worker].running += 1
        if grant.checkpoint != nil { record.note(.checkpointHandedOn) }
        plan(attempts.count - 1, at: soon(2))
    }

    private func drawFate() -> SimulatedAttempt.Fate {
        if isEvening { return .success }
        switch random.number(below: 100) {
        case 0..<70: return .success
        case 70..<82: return .retriableFailure
        case 82..<86: return .fatalFailure
        case 86..<93: return .crash
        default: return .stall
        }
    }

    /// The next thing that the worker does about an attempt.
    func step(_ number: Int) {
        attempts[number].isPlanned = false
        let attempt = attempts[number]
        let now = clock.monotonicTime()
        switch attempt.phase {
        case .begun:
            attempts[number].phase = .running
            if attempt.isHasty {
                record.note(.reorderedCall)
                report(attempt.report, number)
            }
            if attempt.fate == .crash, random.strikes(onceIn: 3) { return crash(number) }
            report(AttemptReport(token: attempt.token, step: .start), number)
            plan(number)
        case .running where attempt.fate == .crash && now >= attempt.end:
            crash(number)
        case .running where attempt.fate == .stall && now >= attempt.end:
            attempts[number].phase = .sleeping
            let nap = attempt.lease.microseconds / 10 * Int64(8 + random.number(below: 30))
            plan(number, at: now.advanced(by: TimeSpan(microseconds: nap)))
        case .running where now < attempt.end:
            report(heartbeat(attempt), number)
            plan(number)
        case .sleeping:
            record.note(.zombie)
            fallthrough
        case .running, .reporting:
            attempts[number].phase = .reporting
            report(attempt.report, number)
        case .over: break
        }
    }

    private func plan(_ number: Int) {
        let attempt = attempts[number]
        let beat = clock.monotonicTime().advanced(
            by: TimeSpan(microseconds: min(attempt.lease.microseconds, 60_000_000) / 3))
        plan(number, at: min(beat, max(attempt.end, soon(1))))
    }

    private func plan(_ number: Int, at time: MonotonicTime) {
        guard !attempts[number].isPlanned else { return }
        attempts[number].isPlanned = true
        agenda.plan(.step(attempt: number), at: time)
    }

    private func heartbeat(_ attempt: SimulatedAttempt) -> AttemptReport {
        let hasCheckpoint = random.strikes(onceIn: 2)
        let bytes = (0..<random.number(below: 12)).map { _ in
            UInt8(truncatingIfNeeded: random.next())
        }
        return AttemptReport(
            token: attempt.token,
            step: .heartbeat(
                leaseDuration: random.strikes(onceIn: 5)
                    ? .seconds(random.pick([15, 40, 80])) : nil,
                progress: random.strikes(onceIn: 3) ? Array("half".utf8) : nil,
                checkpoint: hasCheckpoint ? bytes : nil))
    }

    private func crash(_ number: Int) {
        record.note(.crashedWorker)
        finish(number)
    }

    /// Sends a report, now and then twice.
    private func report(_ report: AttemptReport, _ number: Int) {
        let isDoubled = !isEvening && random.strikes(onceIn: 20)
        if isDoubled { record.note(.doubledCall) }
        let reports = Array(repeating: report, count: isDoubled ? 2 : 1)
        if random.strikes(onceIn: 4) {
            ask(.report(reports, asBatch: true), for: .attempt(number))
        } else {
            for report in reports { ask(.report([report], asBatch: false), for: .attempt(number)) }
        }
    }

    func tookReport(_ exchange: Exchange, _ number: Int) {
        let attempt = attempts[number]
        guard attempt.phase != .over else { return }
        if exchange.answer.isStale {
            record.note(.staleTokenRefused)
            return finish(number)
        }
        guard attempt.phase == .reporting else { return }
        if exchange.answer.isUnknown || exchange.answer.isOutOfSpace {
            return plan(number, at: soon(20))
        }
        if exchange.answer.isWrongStatus {
            // It was never told that we began, or forgot it.
            attempts[number].phase = .begun
            attempts[number].isHasty = false
            return plan(number, at: soon(2))
        }
        finish(number)
    }

    private func finish(_ number: Int) {
        attempts[number].phase = .over
        workers[attempts[number].worker].running -= 1
        pollLater(attempts[number].worker, within: 20)
    }
}

extension Answer {
    /// The first thing that it says about an attempt's report is that it was refused.
    private var rejection: Rejection? {
        switch self {
        case .refused(.rejected(let rejection)): return rejection
        case .attempts(let outcomes):
            if case .rejected(let rejection)? = outcomes.first { return rejection }
            return nil
        default: return nil
        }
    }

    var isStale: Bool {
        if case .unknownToken? = rejection { true } else { false }
    }

    var isWrongStatus: Bool {
        if case .wrongStatus? = rejection { true } else { false }
    }
}
