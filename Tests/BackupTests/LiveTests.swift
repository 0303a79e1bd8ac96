import Backup
import Engine
import EventLog
import JobModel
import Storage
import TestKit
import Testing
import Units

@Suite(.timeLimit(.minutes(10)))
struct `Backups beside a working engine` {
    @Test func `each restore to the state of a replay up to their record`() async throws {
        let directory = try TemporaryDirectory()
        let data = directory.file("data")
        let engine = try await Engine.open(directory: data, options: options)
        var manifests: [BackupManifest] = []
        let backups = 6
        try await withThrowingTaskGroup { group in
            for worker in 0..<3 {
                group.addTask { try await work(engine, as: "w\(worker)") }
                group.addTask { try await submit(engine, as: "u\(worker)") }
            }
            for number in 0..<backups {
                // Far enough that there is always more to copy than before.
                while try await engine.digest().lsn.rawValue < 700 * UInt64(number + 1) {
                    await Task.yield()
                }
                if number == 2 { _ = try await engine.snapshot() }
                // Each to a directory of its own, and all to one of them all.
                for name in ["alone-\(number)", "all"] {
                    let receipt = try await takeOne(of: data, to: directory.file(name))
                    #expect(receipt.head.lsn > .zero)
                }
                manifests.append(
                    try Restore.verify(
                        directory.file("alone-\(number)"), storage: PosixStorage()))
            }
            group.cancelAll()
            while let end = await group.nextResult() {
                if case .failure(let error) = end, !(error is CancellationError) { throw error }
            }
        }
        await engine.close()
        manifests.append(try Restore.verify(directory.file("all"), storage: PosixStorage()))
        #expect(manifests.contains { !$0.snapshots.isEmpty })
        #expect(manifests.last.map { $0.segments.count > 2 && !$0.history.isEmpty } == true)
        for (number, manifest) in manifests.enumerated() {
            let backup = number < backups ? "alone-\(number)" : "all"
            let restored = directory.file("restored-\(number)")
            _ = try Restore.run(
                from: directory.file(backup), to: restored, storage: PosixStorage())
            let again = try await Engine.open(directory: restored, options: options)
            let digest = try await again.digest()
            await again.close()
            let original = try FoldedLog(
                data, storage: PosixStorage(), log: manifest.log, upTo: manifest.head.lsn)
            #expect(digest.lsn == manifest.head.lsn)
            #expect(digest.digest == original.digest)
            #expect(original.position == manifest.head.lsn)
        }
    }

    private var options: EngineOptions {
        var options = EngineOptions()
        options.segmentBytes = 64 << 10
        options.snapshots = .onDemand
        options.history.rowsMin = 50
        options.history.fanIn = 2
        return options
    }

    @concurrent private func takeOne(
        of data: String, to backup: String
    ) async throws -> BackupReceipt {
        try takeBackup(PosixStorage(), of: data, to: backup)
    }

    /// Submits jobs until it is cancelled.
    private func submit(_ engine: Engine, as user: String) async throws {
        for number in 0... {
            try Task.checkCancellation()
            var batch = engine.batch(jobsExpected: 20)
            for job in 0..<20 {
                var generator = SeededGenerator(seed: UInt64(number * 20 + job))
                batch.add(
                    JobKey(
                        user: UserID(unchecked: user), job: JobID(unchecked: "\(number)-\(job)")),
                    JobContent(
                        type: JobType(unchecked: "mail"), executionTime: nil,
                        payload: (0..<60).map { _ in UInt8.random(in: 0...255, using: &generator) }
                    ))
            }
            _ = try await engine.submit(batch)
        }
    }

    /// Claims jobs and ends them, one in three badly, until it is cancelled.
    private func work(_ engine: Engine, as worker: String) async throws {
        for number in 0... {
            try Task.checkCancellation()
            let grants = try await engine.claim(
                ClaimOrder(
                    worker: WorkerName(unchecked: worker), types: [JobType(unchecked: "mail")],
                    countMax: 5, leaseDuration: nil), wait: .zero)
            for grant in grants {
                guard let token = grant.job.lease?.token else { continue }
                _ = try await engine.start(token: token)
                if number % 3 == 0 {
                    _ = try await engine.fail(token: token, isRetriable: true, message: "no")
                } else {
                    _ = try await engine.succeed(token: token, message: nil)
                }
            }
        }
    }
}
