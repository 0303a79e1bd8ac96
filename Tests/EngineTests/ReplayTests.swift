import ByteCoding
import Engine
import EventLog
import JobCoding
import JobModel
import Storage
import TestKit
import Testing
import Units

@Suite struct `A log that is replayed` {
    /// More than what is applied at once, several times.
    private static let jobs = 6_000

    /// Each with a dictionary of its own.
    private static let types = (100..<300).map { JobType(unchecked: "type \($0)") }

    private static func payload(_ number: Int) -> [UInt8] {
        // Nothing stands at the same place in two dictionaries.
        let type = number % types.count
        let word = "\(type * 7_919 % 1_000)" + String(repeating: "-", count: 1 + type % 13)
        return Array((String(repeating: word + " payload ", count: 12) + "\(number)").utf8)
    }

    private func claimHalf(_ engine: Engine) async throws -> [Grant] {
        let order = ClaimOrder(
            worker: WorkerName(unchecked: "w"), types: Self.types, countMax: Self.jobs / 2,
            leaseDuration: nil)
        return try await engine.claim(order, wait: .zero)
    }

    @Test func `comes to the state that it was written from`() async throws {
        let directory = try TemporaryDirectory()
        var options = EngineOptions()
        options.snapshots = .onDemand
        let engine = try await Engine.open(directory: directory.path, options: options)
        var batch = engine.batch(jobsExpected: Self.jobs)
        for number in 0..<Self.jobs {
            batch.add(
                JobKey("user \(number % 97)", "\(number)"),
                .work(
                    Self.types[number % Self.types.count], priority: UInt8(number % 4),
                    payload: Self.payload(number)))
        }
        _ = try await engine.submit(batch)
        let tokens = try await claimHalf(engine).compactMap { $0.job.lease?.token }
        #expect(tokens.count == Self.jobs / 2)
        _ = try await engine.report(tokens.map { AttemptReport(token: $0, step: .start) })
        _ = try await engine.report(
            tokens.map { AttemptReport(token: $0, step: .succeed(message: nil)) })
        let before = try await engine.digest()
        let counts = try await engine.stats().counts
        await engine.close()
        let again = try await Engine.open(directory: directory.path, options: options)
        #expect(try await again.digest() == before)
        #expect(try await again.stats().counts == counts)
        let grants = try await claimHalf(again)
        #expect(grants.count == Self.jobs / 2)
        for grant in grants {
            let number = try #require(Int(grant.job.key.job.text))
            #expect(grant.payload == Self.payload(number))
        }
        await again.close()
    }

    @Test(arguments: [
        // A policy that is none; one of which the type took all but a byte, so that both are as before.
        Damage.policy, .split,
    ]) func `is refused for an event that cannot be applied`(damage: Damage) async throws {
        let directory = try TemporaryDirectory()
        let log = try EventLog.open(
            directory: directory.path, storage: PosixStorage(),
            replay: { _, _ throws(RecordRefusal) in }, onDurable: { _ in }, onFailure: { _ in })
        for number in 0..<Self.jobs {
            let event = Self.submitted(number, damage: number == Self.jobs / 2 ? damage : nil)
            _ = log.append(event.rawBytes)
            if number % 100 == 0 { log.commit(now: .earliest) }
        }
        log.commit(now: .earliest)
        log.close()
        let error = await #expect(throws: LogError.self) {
            try await Engine.open(directory: directory.path)
        }
        guard case .refusedRecord(let lsn, _) = error else {
            Issue.record("it was opened with \(String(describing: error))")
            return
        }
        #expect(lsn == LSN(rawValue: UInt64(Self.jobs / 2 + 1)))
    }

    enum Damage { case policy, split }

    private static func submitted(_ number: Int, damage: Damage?) -> [UInt8] {
        var writer = ByteWriter(capacity: 512)
        let fact = Fact.submitted(
            // Long enough that its type gets a dictionary.
            JobKey("ann", "job \(number)"), .work(payload: [UInt8](repeating: 1, count: 64)),
            keyHash: UInt32(number), firstTick: nil)
        Event(time: .earliest, fact: fact).encode(into: &writer)
        var bytes = writer.bytes.array
        // docs/log-format.md: lengths of user, job, type and policy at 15 to 18, the names from 43 on.
        let policy = 43 + Int(bytes[15]) + Int(bytes[16]) + Int(bytes[17])
        switch damage {
        case .policy:
            for offset in 0..<Int(bytes[18]) { bytes[policy + offset] = 0xFF }
        case .split:
            bytes[17] += bytes[18] - 1
            bytes[18] = 1
        case nil: break
        }
        return bytes
    }
}
