import BenchmarkKit
import Engine
import JobModel
import Units

/// Many finished jobs: what they take on disk and in memory, and how long one of them takes to be shown.
struct FinishedBenchmark {
    let directory: String
    private static let clients = 64
    /// Jobs of these are shown, spread evenly over all that they submitted.
    private static let shownClients = 4
    private static let shownJobs = 4_000
    private static let rounds = 3

    /// Leaves a log of whole lifecycles and the history of it; the clients draw their jobs as they go.
    func fill(_ jobs: Int) async throws {
        let engine = try await Engine.open(directory: directory)
        let batchJobs = DurableBenchmark.batchJobs
        let batches = jobs / batchJobs / Self.clients
        let types = Workload(seed: 0, start: .earliest).allTypes
        let start = monotonicNanoseconds()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<Self.clients {
                group.addTask {
                    var workload = Self.workload(of: client)
                    for batch in 1...batches {
                        let jobs = (0..<batchJobs).map { _ in workload.job() }
                        try await DurableBenchmark.submit(jobs, engine)
                        try await DurableBenchmark.work(engine, types)
                        if client == 0, batch % 50 == 0 {
                            Self.tell(batch * batchJobs * Self.clients, since: start)
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        while try await DurableBenchmark.work(engine, types) > 0 {}
        Self.tell(batches * batchJobs * Self.clients, since: start)
        await engine.close()
    }

    private static func tell(_ jobs: Int, since start: UInt64) {
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        progress(
            "\(decimal(Double(jobs), 0)) lifecycles, \(decimal(Double(jobs) / seconds, 0))/s, "
                + "\(residentBytes() >> 20) MiB of memory")
    }

    /// Opens what `fill(jobs)` left, and looks at single jobs, their events, and first pages of their users.
    func show(_ jobs: Int) async throws {
        let start = monotonicNanoseconds()
        let engine = try await Engine.open(directory: directory)
        let opened = Double(monotonicNanoseconds() - start) / 1e9
        let stats = try await engine.stats()
        let finished = Double(stats.counts.total)
        print(
            "\(decimal(finished, 0)) finished jobs, opened in \(decimal(opened, 2)) s: log "
                + "\(decimal(Double(stats.logStoredBytes) / finished, 1)) bytes each on disk; "
                + "history of \(stats.historyJobs) of them "
                + "\(decimal(Double(stats.historyBytes) / Double(stats.historyJobs), 1)), in "
                + "\(stats.historyFiles) files; \(residentBytes() >> 20) MiB of memory")
        let keys = Self.sample(of: jobs)
        for _ in 0..<Self.rounds {
            var (details, timelines, pages) = (Latencies(), Latencies(), Latencies())
            for key in keys.shuffled() {
                details.add(try await nanoseconds { _ = try await engine.detail(key) })
                timelines.add(
                    try await nanoseconds { _ = try await engine.timeline(key, eventsMax: 100) })
                pages.add(
                    try await nanoseconds {
                        _ = try await engine.list(JobQuery(user: key.user, limit: 50))
                    })
            }
            print(
                "of \(keys.count) at random, p50, p99, p99.9 in µs: a job "
                    + details.cells.joined(separator: ", ") + "; its events "
                    + timelines.cells.joined(separator: ", ") + "; first page of 50 of its user "
                    + pages.cells.joined(separator: ", "))
        }
        await engine.close()
    }

    private static func sample(of jobs: Int) -> [JobKey] {
        let drawn = jobs / DurableBenchmark.batchJobs / clients * DurableBenchmark.batchJobs
        let every = max(drawn * shownClients / shownJobs, 1)
        var keys: [JobKey] = []
        for client in 0..<shownClients {
            var workload = workload(of: client)
            for number in 0..<drawn {
                let job = workload.job()
                if number % every == 0 { keys.append(job.key) }
            }
        }
        return keys
    }

    private static func workload(of client: Int) -> Workload {
        var workload = Workload(seed: UInt64(client + 1), start: SystemClock().wallTime())
        workload.dueWithin = .zero
        return workload
    }
}

private func nanoseconds(_ body: () async throws -> Void) async throws -> UInt64 {
    let start = monotonicNanoseconds()
    try await body()
    return monotonicNanoseconds() - start
}
