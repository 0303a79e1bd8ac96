import BenchmarkKit
import Engine
import JobModel
import Units

/// How late jobs reach a waiting worker: a fixed number of them is due each second.
struct LatenessBenchmark {
    let directory: String
    private static let jobsPerSecond = 10_000

    func run(seconds: Int) async throws {
        let engine = try await Engine.open(directory: directory + "/lateness")
        let start = SystemClock().wallTime().advanced(by: .seconds(3))
        let count = Self.jobsPerSecond * seconds
        let type = JobType(unchecked: "tick")
        var batch = engine.batch(jobsExpected: 1_000)
        for number in 0..<count {
            let due = start.advanced(
                by: TimeSpan(microseconds: Int64(number) * 1_000_000 / Int64(Self.jobsPerSecond)))
            batch.add(
                JobKey(
                    user: UserID(unchecked: "u\(number % 100)"), job: JobID(unchecked: "\(number)")),
                JobContent(type: type, executionTime: due))
            if batch.count == 1_000 {
                _ = try await engine.submit(batch)
                batch.removeAll()
            }
        }
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: [type], countMax: 1_000, leaseDuration: nil)
        var lateness = Latencies()
        var seen = 0
        while seen < count {
            let grants = try await engine.claim(order, wait: .seconds(10))
            let now = SystemClock().wallTime()
            for grant in grants {
                let late = now.span(since: grant.job.executionTime).microseconds
                lateness.add(UInt64(max(late, 0)) * 1_000)
            }
            seen += grants.count
            if grants.isEmpty { break }
            let reports = grants.compactMap { $0.job.lease?.token }
            Task {
                _ = try await engine.report(reports.map { AttemptReport(token: $0, step: .start) })
                _ = try await engine.report(
                    reports.map { AttemptReport(token: $0, step: .succeed(message: nil)) })
            }
        }
        print(
            "lateness with \(decimal(Double(Self.jobsPerSecond), 0)) jobs due each second, in the "
                + "worker's hands and durable: p50 \(lateness.cells[0]), p99 \(lateness.cells[1]), "
                + "p99.9 \(lateness.cells[2]) µs of \(seen) jobs")
        await engine.close()
    }
}
