import Engine
import JobModel
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `A batch of reports on a full disk` {
    @Test func `is taken whole, or not at all where it may not fit`() throws {
        let driven = try DrivenEngine()
        for number in 0..<8 { try driven.submit(JobKey("ann", "\(number)"), .work()) }
        let tokens = try driven.claim(8).map(\.token)
        driven.storage.limit(toBytes: driven.storage.usedBytes)
        var jobs = 8
        while driven.engine.trouble == nil {
            _ = try? driven.submit(JobKey("ann", "\(jobs)"), .work(payload: noise(jobs)))
            jobs += 1
        }
        let starts = tokens.map { AttemptReport(token: $0, step: .start) }
        #expect(try driven.report(starts) == starts.map { _ in .done(.processing) })
        // Twice as much as the log has room for.
        let checkpoints = tokens.enumerated().map { number, token in
            AttemptReport(
                token: token,
                step: .heartbeat(
                    leaseDuration: nil, progress: nil, checkpoint: noise(number, bytes: 64 << 10)))
        }
        #expect(throws: EngineError.outOfSpace) { try driven.report(checkpoints) }
        driven.storage.limit(toBytes: nil)
        driven.pass(.seconds(1))
        #expect(try driven.report(checkpoints) == tokens.map { _ in .done(.processing) })
    }

    private func noise(_ number: Int, bytes: Int = 400) -> [UInt8] {
        var generator = SeededGenerator(seed: UInt64(number))
        return (0..<bytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

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
