import BenchmarkKit
import ByteCoding
import Engine
import JobModel
import Storage
import Units

/// How late jobs reach a waiting worker: a fixed number of them is due each second.
struct LatenessBenchmark {
    let directory: String
    private static let jobsPerSecond = 10_000
    private static let workers = 8
    private static let pages = 4_000

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
        async let sleeping = SleepingThread(
            jobsPerSecond: Self.jobsPerSecond, seconds: seconds
        ).lateness()
        let lateness = try await withThrowingTaskGroup(of: Latencies.self) { group in
            for _ in 0..<Self.workers {
                group.addTask { try await Self.work(engine, type, until: start, seconds: seconds) }
            }
            var all = Latencies()
            for try await part in group { all.add(part) }
            return all
        }
        print(
            "lateness with \(decimal(Double(Self.jobsPerSecond), 0)) jobs due each second, in the "
                + "worker's hands and durable: p50 \(lateness.cells[0]), p99 \(lateness.cells[1]), "
                + "p99.9 \(lateness.cells[2]) µs of \(lateness.nanoseconds.count) jobs")
        await engine.close()
        let bare = await sleeping
        print(
            "beside it, a thread that sleeps until each of these times: p50 \(bare.cells[0]), p99 "
                + "\(bare.cells[1]), p99.9 \(bare.cells[2]) µs")
        let disk = try diskAlone()
        print(
            "the disk alone, 4 KiB overwritten and synced: p50 \(disk.cells[0]), p99 "
                + "\(disk.cells[1]), p99.9 \(disk.cells[2]) µs; a claim takes one such sync, and waits "
                + "for the one under way")
    }

    private func diskAlone() throws -> Latencies {
        let file = try PosixStorage().open(directory + "/disk", .create)
        let page = [UInt8](repeating: 0x5A, count: 4_096)
        for number in 0..<Self.pages { try file.write(page.rawBytes, at: UInt64(number * 4_096)) }
        try file.sync()
        var latencies = Latencies()
        for number in 0..<Self.pages {
            let start = monotonicNanoseconds()
            try file.write(page.rawBytes, at: UInt64(number * 4_096))
            try file.sync()
            latencies.add(monotonicNanoseconds() - start)
        }
        return latencies
    }

    /// Claims, starts and reports success, until the last job was due a second ago.
    private static func work(
        _ engine: Engine, _ type: JobType, until start: WallTime, seconds: Int
    ) async throws -> Latencies {
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: [type], countMax: 1_000, leaseDuration: nil)
        let end = start.advanced(by: .seconds(Int64(seconds) + 1))
        var lateness = Latencies()
        while SystemClock().wallTime() < end {
            let grants = try await engine.claim(order, wait: .seconds(1))
            let now = SystemClock().wallTime()
            for grant in grants {
                let late = now.span(since: grant.job.executionTime).microseconds
                lateness.add(UInt64(max(late, 0)) * 1_000)
            }
            let tokens = grants.compactMap { $0.job.lease?.token }
            _ = try await engine.report(tokens.map { AttemptReport(token: $0, step: .start) })
            _ = try await engine.report(
                tokens.map { AttemptReport(token: $0, step: .succeed(message: nil)) })
        }
        return lateness
    }
}
