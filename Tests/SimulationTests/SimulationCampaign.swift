import Foundation
import TestKit
import Units

/// Many days, one seed each, and what they came to.
struct SimulationCampaign: Sendable {
    private(set) var days = 0
    private(set) var simulated = TimeSpan.zero
    private(set) var jobs = 0
    private(set) var occurrences = 0
    private(set) var events = 0
    private(set) var answers = 0
    private(set) var lives = 0
    private(set) var digestsCompared = 0
    private(set) var fired: [FaultKind: Int] = [:]
    /// One line for each day that broke a rule; it replays the day.
    private(set) var findings: [String] = []

    /// Lives the day of a seed and puts it to every rule.
    mutating func run(seed: UInt64) {
        let day = SimulatedDay(seed: seed)
        var check: DayCheck?
        do throws(Finding) {
            try day.run()
            var started = DayCheck(day)
            defer { check = started }
            try started.run()
        } catch {
            findings.append(
                "SIM_SEED=\(seed) swift test -c release --skip-build --filter SimulationTests # \(error)"
            )
        }
        count(day, check)
    }

    /// Adds what other days came to.
    mutating func add(_ other: SimulationCampaign) {
        days += other.days
        simulated = simulated + other.simulated
        jobs += other.jobs
        occurrences += other.occurrences
        events += other.events
        answers += other.answers
        lives += other.lives
        digestsCompared += other.digestsCompared
        fired.merge(other.fired) { $0 + $1 }
        findings += other.findings
    }

    private mutating func count(_ day: SimulatedDay, _ check: DayCheck?) {
        days += 1
        simulated = simulated + day.clock.monotonicTime().span(since: day.dayStart)
        answers += day.record.exchanges.count
        lives += day.record.lives.count
        digestsCompared += day.record.digestsCompared
        fired.merge(day.record.fired) { $0 + $1 }
        guard let check else { return }
        jobs += check.model.jobs.count
        occurrences += check.model.jobs.count { $0.parentKey != nil }
        events += check.events.count
        fired.merge(check.model.fired) { $0 + $1 }
    }

    /// What never happened: with it, a verdict says nothing.
    var missing: [FaultKind] { FaultKind.allCases.filter { fired[$0, default: 0] == 0 } }

    /// All of it, in words.
    var summary: String {
        let hours = simulated.microseconds / 3_600_000_000
        let faults = FaultKind.allCases.map { "\($0) \(fired[$0, default: 0])" }
        return """
            \(days) days, \(hours) simulated hours, \(lives) lives of the engine: \(jobs) jobs, \
            \(occurrences) of them occurrences, \(events) events, \(answers) answers, \
            \(digestsCompared) states compared after a restart, \(findings.count) findings
            fired: \(faults.joined(separator: ", "))
            """
    }
}
