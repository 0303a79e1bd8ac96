import BenchmarkKit
import Engine
import JobModel
import Units

/// The embedded engine on a real disk: durable, with group commit, batches of 1 000 a call.
struct DurableBenchmark {
    let directory: String
    static let batchJobs = 1_000
    /// So many that the processors always have work while some wait for the disk: with 16 they sometimes had none.
    private static let clients = 64

    func submits(_ jobs: Int) async throws {
        let engine = try await Engine.open(directory: directory + "/submits")
        let batches = jobs / Self.batchJobs / Self.clients
        // The jobs themselves are made before: what they look like is the application's business.
        let work = prepared(batches, dueWithin: .seconds(30 * 86_400))
        let cost = try await measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in work {
                    group.addTask {
                        for jobs in client { try await Self.submit(jobs, engine) }
                    }
                }
                try await group.waitForAll()
            }
        }
        await engine.close()
        report(
            "submits", batches * Self.batchJobs * Self.clients, cost,
            PartsAlone(hasLifecycles: false).measure())
    }

    func lifecycles(_ jobs: Int) async throws {
        let engine = try await Engine.open(directory: directory + "/lifecycles")
        let batches = jobs / Self.batchJobs / Self.clients
        let work = prepared(batches, dueWithin: .zero)
        let types = Array(Workload(seed: 0, start: .earliest).allTypes.prefix(64))
        let cost = try await measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for client in work {
                    group.addTask {
                        for jobs in client {
                            try await Self.submit(jobs, engine)
                            try await Self.work(engine, types)
                        }
                    }
                }
                try await group.waitForAll()
            }
            while try await Self.work(engine, types) > 0 {}
        }
        await engine.close()
        report(
            "lifecycles (submit, claim, start, succeed)", batches * Self.batchJobs * Self.clients,
            cost, PartsAlone(hasLifecycles: true).measure())
    }

    static func submit(_ jobs: [Workload.Job], _ engine: Engine) async throws {
        var batch = engine.batch(jobsExpected: batchJobs)
        for job in jobs { batch.add(job.key, job.content) }
        _ = try await engine.submit(batch)
    }

    @discardableResult
    static func work(_ engine: Engine, _ types: [JobType]) async throws -> Int {
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: types, countMax: Self.batchJobs,
            leaseDuration: nil)
        let tokens = try await engine.claim(order, wait: .zero).compactMap { $0.job.lease?.token }
        _ = try await engine.report(tokens.map { AttemptReport(token: $0, step: .start) })
        _ = try await engine.report(
            tokens.map { AttemptReport(token: $0, step: .succeed(message: nil)) })
        return tokens.count
    }

    private func prepared(
        _ batches: Int, dueWithin: TimeSpan
    ) -> [[[Workload.Job]]] {
        (0..<Self.clients).map { client in
            var workload = Workload(
                seed: UInt64(client + 1), start: SystemClock().wallTime())
            workload.dueWithin = dueWithin
            return (0..<batches).map { _ in (0..<Self.batchJobs).map { _ in workload.job() } }
        }
    }

    private func measure(_ body: () async throws -> Void) async throws -> (
        seconds: Double, cpu: Double
    ) {
        let before = PairSpeed.measure()
        let processor = processorTime()
        let start = monotonicNanoseconds()
        try await body()
        let cost = (Double(monotonicNanoseconds() - start) / 1e9, processorTime() - processor)
        progress(
            "two threads at once, before and after: each at \(decimal(before, 2)) and "
                + "\(decimal(PairSpeed.measure(), 2)) of its speed alone")
        return cost
    }

    private func report(
        _ name: String, _ count: Int, _ cost: (seconds: Double, cpu: Double),
        _ parts: PartsAlone.Figures
    ) {
        let rate = Double(count) / cost.seconds
        print(
            "\(name): \(decimal(rate, 0))/s over \(decimal(cost.seconds, 1)) s, "
                + "\(decimal(cost.cpu / Double(count) * 1e9, 0)) ns of processor time each; "
                + "\(decimal(rate / parts.rate, 2)) of the \(decimal(parts.rate, 0))/s, "
                + "\(decimal(parts.nanoseconds, 0)) ns each, of two threads that do the parts alone, "
                + "without a disk")
    }
}
