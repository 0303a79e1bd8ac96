import ByteCoding
import Engine
import EventLog
import JobModel
import Snapshots
import Storage
import TestKit
import Testing
import Units

/// A data directory with two snapshots and events before, between and after them.
private final class SavedLife {
    let driven: DrivenEngine
    let older: SnapshotReceipt
    let newer: SnapshotReceipt
    let digest: UInt64

    init(payload: String = "a") throws {
        driven = try DrivenEngine()
        try Self.live(driven, "x", payload)
        older = try driven.snapshot()
        try Self.live(driven, "y", payload)
        newer = try driven.snapshot()
        try Self.live(driven, "z", payload)
        digest = driven.engine.digest()
    }

    private static func live(_ driven: DrivenEngine, _ name: String, _ payload: String) throws {
        for number in 0..<40 {
            try driven.submit(
                JobKey("u\(number % 3)", "\(name)\(number)"),
                .work(
                    number % 5 == 0 ? .other : .work, priority: UInt8(number % 4),
                    payload: Array(payload.utf8)))
        }
        try driven.finish(try driven.claimOne())
        let failed = try driven.claimOne().token
        try driven.report(failed, .start)
        try driven.report(failed, .fail(isRetriable: false, message: "no"))
        try driven.report(
            try driven.claimOne().token,
            .heartbeat(leaseDuration: nil, progress: Array("1".utf8), checkpoint: Array("2".utf8)))
        try driven.change(JobKey("u1", "\(name)1"), .cancel)
        try driven.control(.type(.other), ControlChange(isPaused: true))
    }

    /// Ends the engine and looks at what it leaves.
    func verify() throws(LogError) -> DeepVerification {
        driven.engine.close()
        return try DeepVerification.run(directory: "/data", storage: driven.storage)
    }

    /// Writes a snapshot anew, sound in itself, with another digest at its end.
    func forge(digestOf receipt: SnapshotReceipt) throws {
        let file = try SnapshotFile(receipt.path, storage: driven.storage)
        let directory = SnapshotDirectory("/data", storage: driven.storage)
        var writer = try SnapshotWriter(file.head, in: directory)
        var (raw, stored): ([UInt8], [UInt8]) = ([], [])
        for part in file.parts {
            try file.read(part, into: &raw, stored: &stored)
            try writer.append(
                kind: part.kind, count: part.count,
                raw.rawBytes.extracting(0..<part.byteCount))
        }
        var end = file.end
        end.digest ^= 1
        try writer.seal(end)
        try writer.publish(
            keeping: SnapshotKeeping(from: .zero, countMax: 0, bytesMax: 0))
    }
}

@Suite struct `A deep verification` {
    @Test func `finds every snapshot to be what the log says`() throws {
        let life = try SavedLife()
        let result = try life.verify()
        #expect(result.snapshots.map(\.lsn) == [life.newer.lsn, life.older.lsn])
        #expect(result.snapshots.map(\.path) == [life.newer.path, life.older.path])
        #expect(result.isGood)
        #expect(result.headLSN == life.driven.engine.appliedLSN)
        #expect(result.jobs == 120)
        #expect(result.digest == life.digest)
        guard case .good(let jobs, _) = result.snapshots[1].verdict else {
            Issue.record("\(result.snapshots[1])")
            return
        }
        #expect(jobs == 40)
    }

    @Test func `finds a snapshot whose digest is not that of its own state`() throws {
        let life = try SavedLife()
        try life.forge(digestOf: life.older)
        let result = try life.verify()
        #expect(!result.isGood)
        guard case .good(_, _) = result.snapshots[0].verdict,
            case .differs(let stored, let loaded, let folded) = result.snapshots[1].verdict
        else {
            Issue.record("\(result.snapshots)")
            return
        }
        #expect(loaded == folded)
        #expect(stored == loaded ^ 1)
    }

    /// One of an engine of the same identity, where other jobs were submitted.
    @Test func `finds a snapshot that is right in itself and is not what the log says`() throws {
        let life = try SavedLife()
        let other = try SavedLife(payload: "b")
        #expect(other.newer.lsn == life.newer.lsn)
        let bytes = try #require(other.driven.storage.bytes(of: other.newer.path))
        life.driven.storage.replace(life.newer.path, with: bytes)
        let result = try life.verify()
        guard case .differs(let stored, let loaded, let folded) = result.snapshots[0].verdict,
            case .good(_, _) = result.snapshots[1].verdict
        else {
            Issue.record("\(result.snapshots)")
            return
        }
        #expect(stored == loaded)
        #expect(loaded != folded)
        #expect(!result.isGood)
    }

    @Test func `finds a snapshot that is not as it was written`() throws {
        let life = try SavedLife()
        // In the head: a bit of a compressed body may make no difference.
        life.driven.storage.flip(bit: 8 * 40, of: life.newer.path)
        let result = try life.verify()
        guard case .unreadable(let reason) = result.snapshots[0].verdict else {
            Issue.record("\(result.snapshots)")
            return
        }
        #expect(reason.contains(life.newer.path))
        #expect(!result.isGood)
    }

    @Test func `finds a snapshot of events that the log does not have`() throws {
        let life = try SavedLife()
        let bytes = try #require(life.driven.storage.bytes(of: life.older.path))
        let young = try DrivenEngine()
        try young.submit(JobKey("ann", "j"), .work())
        young.engine.close()
        try young.storage.createDirectory("/data/snapshots")
        try young.storage.open(life.older.path, .create).write(bytes.rawBytes, at: 0)
        let result = try DeepVerification.run(directory: "/data", storage: young.storage)
        #expect(
            result.snapshots.map(\.verdict) == [.beyondLog(end: LSN(rawValue: 1))])
        #expect(!result.isGood)
    }

    @Test func `of a log without snapshots says what the state is`() throws {
        let driven = try DrivenEngine()
        try driven.submit(JobKey("ann", "j"), .work())
        let digest = driven.engine.digest()
        driven.engine.close()
        let result = try DeepVerification.run(directory: "/data", storage: driven.storage)
        #expect(result.isGood)
        #expect(result.snapshots.isEmpty)
        #expect(result.digest == digest)
    }

    @Test func `takes a snapshot of nothing for what it is`() throws {
        let driven = try DrivenEngine()
        #expect(try driven.snapshot().lsn == .zero)
        driven.engine.close()
        let result = try DeepVerification.run(directory: "/data", storage: driven.storage)
        #expect(result.isGood)
        #expect(result.snapshots.count == 1)
    }

    @Test func `is refused while an engine has the directory`() throws {
        let life = try SavedLife()
        #expect(throws: LogError.self) {
            try DeepVerification.run(directory: "/data", storage: life.driven.storage)
        }
    }

    @Test func `changes nothing`() throws {
        let life = try SavedLife()
        // In the head: a bit of a compressed body may make no difference.
        life.driven.storage.flip(bit: 8 * 40, of: life.newer.path)
        life.driven.engine.close()
        let before = life.driven.storage.fingerprint
        _ = try life.verify()
        #expect(life.driven.storage.fingerprint == before)
    }
}
