import Daybook
import Engine
import Synchronization
import TestKit
import Testing

@Suite struct `A worker on a full disk` {
    @Test func `reports what is done, waits for space, and goes on`() async throws {
        let storage = SimulatedStorage(seed: 1)
        var options = EngineOptions()
        options.segmentBytes = 1 << 20
        let scheduler = Scheduler(
            try await Engine.open(directory: "/data", options: options, storage: storage))
        let names = ["a", "b", "c"]
        for name in names {
            try await scheduler.submit(Job(user: "ann", id: name, type: "t"))
        }
        let seen = Mutex<[String]>([])
        let worker = Task {
            try await scheduler.work(on: ["t"]) { attempt in
                seen.withLock { $0.append(attempt.job.id) }
                guard attempt.job.id == "a" else { return }
                storage.limit(toBytes: storage.usedBytes)
                await fill(scheduler)
            }
        }
        while try await scheduler.job("a", of: "ann")?.status != .success {
            try await Task.sleep(for: .milliseconds(5))
        }
        // Full until somebody frees space: a claim is refused, and the worker has not ended for it.
        await fill(scheduler)
        storage.limit(toBytes: nil)
        for name in names {
            while try await scheduler.job(name, of: "ann")?.status != .success {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await scheduler.job(name, of: "ann")?.attempts == 1)
        }
        #expect(seen.withLock { $0 } == names)
        worker.cancel()
        try await worker.value
        await scheduler.close()
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
