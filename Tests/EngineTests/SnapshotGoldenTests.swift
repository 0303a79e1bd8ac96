import Engine
import Foundation
import JobModel
import Snapshots
import Storage
import TestKit
import Testing
import Units

/// A snapshot that was written once and is never made anew: whatever is changed, it must be readable.
@Suite struct `The golden snapshot` {
    private static let name = "00000000000000000028.snapshot"
    private static let path = "/data/snapshots/\(name)"
    /// What the state comes to.
    private static let digest: UInt64 = 5_404_665_623_802_825_289

    private static func golden() throws -> [UInt8] {
        let file = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "data/golden/snapshot-v2/\(name)")
        return Array(try Data(contentsOf: file))
    }

    /// Jobs in every status, of every kind, under controls, with all that a snapshot may hold of one.
    private func life() throws -> DrivenEngine {
        let driven = try DrivenEngine()
        let hour = driven.now.advanced(by: .seconds(3_600))
        let payload = Array(#"{"to":"ann@example.org","subject":"Hello"}"#.utf8)
        try driven.submit(JobKey("ann", "later"), .work(at: hour, priority: 7, payload: payload))
        var expiring = JobContent.work(at: hour)
        expiring.expiresAt = hour.advanced(by: .seconds(60))
        expiring.resultLocation = "file:///results/ann/expiring"
        try driven.submit(JobKey("ann", "expiring"), expiring)
        try driven.submit(JobKey("ann", "tick"), .ticking(.fixedRate(.seconds(60))))
        driven.pass(.seconds(61))
        for job in ["held", "started", "done", "tried", "dead"] {
            try driven.submit(JobKey("bob", job), .work(.other, retries: 1, payload: payload))
        }
        let grants = try driven.claim(5, types: [.other])
        #expect(grants.count == 5)
        for grant in grants.dropFirst() { try driven.report(grant.token, .start) }
        try driven.report(
            grants[1].token,
            .heartbeat(leaseDuration: nil, progress: Array("half".utf8), checkpoint: [1, 2, 3]))
        try driven.report(grants[2].token, .succeed(message: "done"))
        try driven.report(grants[3].token, .fail(isRetriable: true, message: "busy"))
        try driven.report(grants[4].token, .fail(isRetriable: false, message: "broken"))
        try driven.control(.type(.other), ControlChange(isPaused: true))
        try driven.control(
            .user(UserID(unchecked: "ann")), ControlChange(waitingMax: 100, runningMax: 5))
        try driven.control(.everyUser, ControlChange(runningMax: 1_000))
        try driven.submit(JobKey("eve", "none"), .work(at: hour))
        try driven.change(JobKey("eve", "none"), .cancel)
        return driven
    }

    /// Heads and bodies; compressed they may differ from one version of LZ4 to the next.
    private static func parts(
        of path: String, on disk: SimulatedStorage
    ) throws -> [(kind: UInt8, count: Int, body: [UInt8])] {
        let file = try SnapshotFile(path, storage: disk)
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        return try file.parts.map { part in
            try file.read(part, into: &raw, stored: &stored)
            return (part.kind, part.count, Array(raw[..<part.byteCount]))
        }
    }

    @Test func `is what the writer of this version writes`() throws {
        let driven = try life()
        #expect(try driven.snapshot().path == Self.path)
        let written = try SnapshotFile(Self.path, storage: driven.storage)
        let parts = try Self.parts(of: Self.path, on: driven.storage)
        driven.storage.replace(Self.path, with: try Self.golden())
        let golden = try SnapshotFile(Self.path, storage: driven.storage)
        #expect(written.head == golden.head && written.end == golden.end)
        let expected = try Self.parts(of: Self.path, on: driven.storage)
        #expect(parts.count == expected.count)
        for (part, other) in zip(parts, expected) { #expect(part == other) }
    }

    @Test func `is the state that its log comes to`() throws {
        let driven = try life()
        #expect(driven.engine.digest() == Self.digest)
        try driven.storage.createDirectory("/data/snapshots")
        _ = try driven.storage.open(Self.path, .create)
        driven.storage.replace(Self.path, with: try Self.golden())
        try driven.restart()
        #expect(driven.engine.notes == ["loaded the snapshot of event 28"])
        #expect(driven.engine.recordsReplayed == 0)
        #expect(driven.engine.digest() == Self.digest)
    }
}
