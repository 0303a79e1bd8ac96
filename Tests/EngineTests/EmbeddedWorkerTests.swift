import Daybook
import Engine
import JobModel
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `A worker on a full disk` {
    @Test func `reports what is done, waits for space, and goes on`() async throws {
        let storage = SimulatedStorage(seed: 1)
        var options = EngineOptions()
        options.segmentBytes = 1 << 20
        let engine = try await Engine.open(
            directory: "/data", options: options, storage: storage)
        let scheduler = Scheduler(engine)
        let names = ["a", "b", "c"]
        for name in names {
            try await scheduler.submit(Job(user: "ann", id: name, type: "t"))
        }
        let seen = Mutex<[String]>([])
        let hasEnded = Mutex(false)
        let worker = Task {
            defer { hasEnded.withLock { $0 = true } }
            try await scheduler.work(on: ["t"]) { attempt in
                seen.withLock { $0.append(attempt.job.id) }
                guard attempt.job.id == "a" else { return }
                storage.limit(toBytes: storage.usedBytes)
                await fill(scheduler)
                await fill(by: attempt)
            }
        }
        for name in names {
            while try await scheduler.job(name, of: "ann")?.status != .success,
                !hasEnded.withLock({ $0 })
            {
                try await Task.sleep(for: .milliseconds(5))
            }
            let job = try await scheduler.job(name, of: "ann")
            #expect(job?.status == .success && job?.attempts == 1)
            guard name == "a" else { continue }
            // Claims are refused now, the worker's next one as well: nothing tells of that, but a moment is
            // nearly always enough.
            let refused = await #expect(throws: EngineError.self) { try await claim(engine) }
            #expect(refused == .outOfSpace)
            try await Task.sleep(for: .milliseconds(200))
            storage.limit(toBytes: nil)
        }
        #expect(seen.withLock { $0 } == names)
        worker.cancel()
        try await worker.value
        await scheduler.close()
    }

    private func claim(_ engine: Engine) async throws {
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: [JobType(unchecked: "none")], countMax: 1,
            leaseDuration: nil)
        _ = try await engine.claim(order, wait: .zero)
    }

    /// Saves checkpoints until there is only space left for the ends of what runs.
    private func fill(by attempt: Attempt) async {
        var generator = SeededGenerator(seed: 2)
        while true {
            let digits = (0..<30_000).map { _ in UInt8.random(in: 0x31...0x39, using: &generator) }
            do throws(SchedulerError) {
                try await attempt.save(checkpoint: digits)
            } catch {
                #expect(error == .outOfSpace)
                return
            }
        }
    }

    /// Submits jobs of another type until there is no space for more.
    private func fill(_ scheduler: Scheduler) async {
        var generator = SeededGenerator(seed: 1)
        while true {
            let payload = (0..<40_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let job = Job(
                user: "bob", id: "\(UInt64.random(in: 0 ... .max, using: &generator))",
                type: "other", payload: payload)
            do throws(SchedulerError) {
                try await scheduler.submit(job)
            } catch {
                #expect(error == .outOfSpace)
                return
            }
        }
    }
}
