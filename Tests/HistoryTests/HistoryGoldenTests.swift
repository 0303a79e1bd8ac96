import Foundation
import History
import JobModel
import Storage
import TestKit
import Testing
import Units

/// A file that was written once and is never made anew: whatever is changed, it must be readable.
@Suite struct `The golden history` {
    private static let golden = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "data/golden/history-v1/\(name)")
    private static let name = "00000000000000000001-00000000000000000020.history"

    static let jobs = [
        job("ada", "report-0001", "mail", submitted: 1, last: 4, .success),
        job("ada", "report-0002", "mail", submitted: 5, last: 9, .fatalFailure) {
            $0.attempts = 4
            $0.leaseExpiries = 3
            $0.lastFailure = LSN(rawValue: 9)
            $0.priority = 7
        },
        job("bob", "weekly@2026-11-24T10:00:00Z", "resize", submitted: 6, last: 12, .cancelled) {
            $0.isOccurrence = true
            $0.attempts = 0
            $0.executionTime = WallTime(microseconds: 1_764_000_009_000_000)
            $0.expiresAt = WallTime(microseconds: 1_764_000_010_000_000)
        },
    ]

    private static func job(
        _ user: String, _ job: String, _ type: String, submitted: UInt64, last: UInt64,
        _ end: HistoryEnd, change: (inout HistoryRow) -> Void = { _ in }
    ) -> FinishedJob {
        let base: Int64 = 1_764_000_000_000_000
        var row = HistoryRow(
            submitted: LSN(rawValue: submitted), last: LSN(rawValue: last), end: end,
            submittedAt: WallTime(microseconds: base + Int64(submitted) * 1_000),
            finishedAt: WallTime(microseconds: base + Int64(last) * 1_000),
            executionTime: WallTime(microseconds: base + Int64(submitted) * 1_000),
            contentHash: 0x1122_3344_5566_7700 + submitted)
        row.attempts = 1
        change(&row)
        return FinishedJob(
            key: JobKey(user: UserID(unchecked: user), job: JobID(unchecked: job)),
            type: JobType(unchecked: type), row: row, policy: [1, 2],
            resultLocation: end == .success ? "file:///results/ada/report-0001" : nil)
    }

    private func set(on disk: SimulatedStorage) throws -> HistorySet {
        try HistorySet(
            HistoryFixture.path, log: HistoryFixture.log, storage: disk,
            options: HistoryFixture.options())
    }

    @Test func `is read as it was written`() throws {
        let disk = SimulatedStorage()
        _ = try set(on: disk)
        let path = HistoryFixture.path + "/" + Self.name
        _ = try disk.open(path, .create)
        disk.replace(path, with: Array(try Data(contentsOf: Self.golden)))
        let found = try set(on: disk)
        try found.verify()
        for job in Self.jobs { #expect(try found.find(job.key) == job) }
        let page = try found.page(of: Self.jobs[0].key.user, limit: 10, looksMax: 10)
        #expect(page.jobs == [Self.jobs[1], Self.jobs[0]])
    }

    @Test func `is what the writer of this version writes`() throws {
        let disk = SimulatedStorage()
        var builder = HistoryBuilder(covering: LSN(rawValue: 1)...LSN(rawValue: 20))
        for job in Self.jobs { builder.append(job) }
        try set(on: disk).publish(builder)
        let bytes = try #require(disk.bytes(of: HistoryFixture.path + "/" + Self.name))
        #expect(bytes == Array(try Data(contentsOf: Self.golden)))
    }
}
