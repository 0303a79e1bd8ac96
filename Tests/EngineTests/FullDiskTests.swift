import Engine
import JobModel
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `A claim on a full disk` {
    /// Found by a simulated day: one that waited before took all that could be written of, and nothing told
    /// anew of the jobs that were left.
    @Test func `is served when there is space, before those that come later`() throws {
        let driven = try DrivenEngine()
        let due = driven.now.advanced(by: .seconds(10))
        var jobs = 0
        // More than what is left on a full disk has room for the claims of.
        while jobs < 2_000 || driven.engine.trouble == nil {
            if jobs == 2_000 { driven.storage.limit(toBytes: driven.storage.usedBytes) }
            submit(jobs, due: due, to: driven.engine)
            jobs += 1
            if jobs >= 2_000 { driven.turn() }
        }
        let greedy = claim(by: "greedy", countMax: jobs, driven)
        driven.turn()
        driven.clock.pass(.seconds(10))
        let first = claim(by: "first", countMax: 1, driven)
        driven.turn()
        let granted = try #require(greedy.count)
        try #require(granted > 0 && granted < jobs)
        #expect(first.count == nil)
        driven.storage.limit(toBytes: nil)
        driven.pass(.seconds(5))
        #expect(driven.engine.trouble == nil)
        #expect(first.count == 1)
    }

    private func submit(_ number: Int, due: WallTime, to engine: SteppedEngine) {
        var generator = SeededGenerator(seed: UInt64(number))
        let payload = (0..<400).map { _ in UInt8.random(in: 0...255, using: &generator) }
        engine.submit(
            JobKey(user: UserID(unchecked: "u"), job: JobID(unchecked: "j\(number)")),
            JobContent(type: JobType(unchecked: "mail"), executionTime: due, payload: payload)
        ) { _ in }
    }

    /// Waits for a minute; gives how many jobs were granted, nil until something is answered.
    private func claim(by worker: String, countMax: Int, _ driven: DrivenEngine) -> Granted {
        let granted = Granted()
        let order = ClaimOrder(
            worker: WorkerName(unchecked: worker), types: [JobType(unchecked: "mail")],
            countMax: countMax, leaseDuration: nil)
        driven.engine.claim(order, wait: .seconds(60)) { result in
            granted.put((try? result.get().count) ?? -1)
        }
        return granted
    }

    private final class Granted: Sendable {
        private let answer = Mutex<Int?>(nil)

        var count: Int? { answer.withLock { $0 } }

        func put(_ count: Int) { answer.withLock { $0 = count } }
    }
}
