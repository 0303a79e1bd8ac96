import JobModel
import TestKit
import Units

/// Draws what clients submit.
struct ContentDrawing {
    let now: WallTime
    /// Seconds of the day that are left: nothing is due much later.
    let secondsLeft: Int

    /// A job that runs once.
    func job(_ random: inout SeededGenerator) -> JobContent {
        JobContent(
            type: random.pick(Names.types), executionTime: executionTime(&random),
            expiresAt: random.strikes(onceIn: 6) ? moment(-60, 7_200, &random) : nil,
            priority: random.pick([0, 50, 100, 100, 100, 100, 200]), payload: payload(&random),
            resultLocation: random.strikes(onceIn: 9)
                ? "file:///results/\(random.number(below: 9))" : nil,
            policy: policy(&random))
    }

    /// A recurring job.
    func recurringJob(_ random: inout SeededGenerator) -> JobContent {
        var content = job(&random)
        content.expiresAt =
            random.strikes(onceIn: 3) ? moment(3_600, 43_200, &random) : nil
        let rule: RecurrenceRule =
            switch random.number(below: 4) {
            case 0: .fixedRate(.seconds(Int64(240 + random.number(below: 7_200))))
            case 1: .fixedDelay(.seconds(Int64(240 + random.number(below: 7_200))))
            default: .cron(random.pick(Names.crons), zone: random.pick(Names.zones))
            }
        content.recurrence = Recurrence(
            rule: rule, overlap: random.pick(OverlapPolicy.allCases),
            missed: random.pick([.skip, .once, .all(max: 1 + random.number(below: 5))]))
        return content
    }

    private func executionTime(_ random: inout SeededGenerator) -> WallTime? {
        switch random.number(below: 10) {
        case 0...4: nil
        case 5: moment(-7_200, 0, &random)
        case 6...7: moment(0, 600, &random)
        default: moment(0, min(21_600, secondsLeft + 600), &random)
        }
    }

    private func moment(
        _ earliest: Int, _ latest: Int, _ random: inout SeededGenerator
    ) -> WallTime {
        let microseconds = random.number(below: (latest - earliest) * 1_000_000)
        return now.advanced(by: TimeSpan(microseconds: Int64(earliest * 1_000_000 + microseconds)))
    }

    private func payload(_ random: inout SeededGenerator) -> [UInt8] {
        let byteCount = random.strikes(onceIn: 30) ? 2_000 : random.number(below: 80)
        return (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    private func policy(_ random: inout SeededGenerator) -> JobPolicy {
        JobPolicy(
            maxRetries: random.number(below: 5),
            backoff: Backoff(
                initial: .milliseconds(random.pick([0, 500, 20_000, 60_000])),
                factorPercent: random.pick([100, 200, 350]),
                max: .seconds(random.pick([30, 900, 3_600])),
                jitterPercent: random.pick([0, 0, 10, 50])),
            leaseDuration: .seconds(random.pick([20, 45, 90])),
            runLimit: random.strikes(onceIn: 5) ? .seconds(random.pick([40, 120])) : nil,
            leaseExpiriesMax: random.pick([0, 1, 2, 3]), contentType: "application/octet-stream")
    }
}
