import Engine
import JobModel
import TestKit
import Units

/// An engine on a real disk whose clocks stand still until a test moves them.
final class HeldEngine {
    let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
    private let directory: TemporaryDirectory
    private(set) var engine: Engine

    init() async throws {
        directory = try TemporaryDirectory()
        engine = try await Engine.open(directory: directory.path, clock: clock)
    }

    /// Closes the engine and opens what it has written.
    func reopen() async throws {
        await engine.close()
        engine = try await Engine.open(directory: directory.path, clock: clock)
    }

    /// Makes a dead letter of a new job.
    func bury(_ key: JobKey, _ type: JobType = .work) async throws {
        _ = try await engine.submit(key, .work(type, priority: 0))
        for grant in try await engine.claim(.of(1, types: [type]), wait: .zero) {
            _ = try await engine.fail(token: grant.token, isRetriable: false, message: "no")
        }
    }

    /// Makes so many dead letters of bob's.
    func bury(_ count: Int) async throws {
        var batch = engine.batch(jobsExpected: count)
        for number in 1...count { batch.add(JobKey("bob", "\(number)"), .work(.work, priority: 0)) }
        _ = try await engine.submit(batch)
        try await fail()
    }

    /// Makes dead letters of all jobs of the usual type that are due.
    func fail() async throws {
        while case let grants = try await engine.claim(.of(1_000), wait: .zero), !grants.isEmpty {
            let reports = grants.compactMap(\.job.lease).map {
                AttemptReport(token: $0.token, step: .fail(isRetriable: false, message: "no"))
            }
            _ = try await engine.report(reports)
        }
    }
}
