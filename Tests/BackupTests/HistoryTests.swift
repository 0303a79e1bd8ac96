import Backup
import ByteCoding
import Engine
import EventLog
import Glibc
import JobModel
import Storage
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `The history of a backup` {
    private let source: Source

    init() throws {
        source = try Source(history: Source.smallHistory)
        source.finish(70)
    }

    @Test func `is restored as it is, and not built again`() throws {
        try source.backUp()
        #expect(try restore().history.count == source.history().count)
        #expect(!source.history().isEmpty)
        #expect(source.history(in: "/new") == source.history())
        let engine = try openEngine("/new", on: source.disk, history: Source.smallHistory)
        #expect(!engine.notes.contains { $0.contains("history lacks") })
        #expect(status(of: 1, in: engine) == .success)
    }

    @Test func `has who ended before the oldest snapshot, whose events the log has no more`() throws
    {
        let older = try source.snapshot()
        source.finish(70)
        _ = try source.snapshot()
        try source.drop(through: older)
        try source.backUp()
        _ = try restore()
        let engine = try openEngine("/new", on: source.disk, history: Source.smallHistory)
        for job in [1, 35, 70, 71, 140] { #expect(status(of: job, in: engine) == .success) }
    }

    @Test func `is copied once; files that were merged into others go`() throws {
        try source.backUp()
        #expect(try source.backUp().bytesCopied == 0)
        source.finish(70)
        try source.backUp()
        source.finish(70)
        #expect(source.history().count == 1)
        let receipt = try source.backUp()
        let manifest = try Restore.verify(Source.backup, storage: source.disk)
        #expect(receipt.bytesCopied > 0)
        #expect(manifest.history.count == 1)
        let copies = source.disk.filePaths.filter { $0.hasPrefix("/backup/history/") }
        #expect(copies.count == 1)
    }

    @Test func `lacks a damaged file, which is built again`() throws {
        source.finish(20)
        #expect(source.history().count == 2)
        let name = try #require(source.history().keys.min())
        source.disk.flip(bit: 8 * 700, of: "\(Source.data)/history/\(name)")
        #expect(try source.backUp().historyLeftOut == 1)
        #expect(try restore().history.count == source.history().count - 1)
        let engine = try openEngine("/new", on: source.disk, history: Source.smallHistory)
        #expect(engine.notes.contains { $0.contains("history lacks") })
        for job in [1, 70] { #expect(status(of: job, in: engine) == .success) }
    }

    @Test func `keeps the copy of a file that was damaged since`() throws {
        try source.backUp()
        let history = source.history()
        let name = try #require(history.keys.first)
        source.disk.flip(bit: 8 * 700, of: "\(Source.data)/history/\(name)")
        let receipt = try source.backUp()
        #expect(receipt.historyLeftOut == 0)
        #expect(receipt.bytesCopied == 0)
        // At its end, so that it can no longer be seen to be the same.
        source.disk.flip(
            bit: 8 * (try #require(history[name]).count - 1), of: "\(Source.data)/history/\(name)")
        #expect(try source.backUp().historyLeftOut == 0)
        try source.disk.remove("\(Source.data)/history/\(name)")
        try source.backUp()
        _ = try restore()
        #expect(source.history(in: "/new") == history)
    }

    @Test func `is not that of another log`() throws {
        let other = try Source(identity: 8, history: Source.smallHistory)
        other.finish(70)
        let (name, bytes) = try #require(other.history().first)
        source.disk.replace("\(Source.data)/history/\(name)", with: bytes)
        #expect(try source.backUp().historyLeftOut == 1)
        #expect(try restore().history.isEmpty)
    }

    @Test func `says what retention has dropped while it was copied`() throws {
        source.finish(20)
        let files = source.history().keys.sorted()
        let old = try #require(files.first)
        let floor = try #require(old.split { $0 == "-" || $0 == "." }.dropFirst().first)
        let disk = InterruptedStorage(
            source.disk,
            [
                (
                    "/data/history/",
                    { [source] in
                        let directory = "\(Source.data)/history"
                        _ = try? source.disk.open("\(directory)/\(floor).floor", .create)
                        try? source.disk.remove("\(directory)/\(old)")
                    }
                )
            ])
        #expect(try takeBackup(disk).historyLeftOut == 0)
        #expect(try restore().historyFloor == LSN(rawValue: #require(UInt64(floor))))
        #expect(source.history(in: "/new") == source.history())
        #expect(source.disk.filePaths.contains("/new/history/\(floor).floor"))
    }

    @Test func `is whole although files are merged while it is copied`() throws {
        source.finish(20)
        source.finish(20, untilFiles: 3)
        #expect(source.history().count == 3)
        let disk = InterruptedStorage(
            source.disk,
            [
                (
                    "/data/history/",
                    { [source] in
                        for _ in 0..<20 { source.engine.turn() }
                    }
                )
            ])
        let receipt = try takeBackup(disk)
        #expect(receipt.historyFiles == 1)
        #expect(receipt.historyCopied == 1)
        #expect(source.history().count == 1)
        _ = try restore()
        #expect(source.history(in: "/new") == source.history())
    }

    @Test func `has whoever has left the copied snapshot`() throws {
        source.finish(20)
        _ = try source.snapshot()
        let disk = InterruptedStorage(
            source.disk,
            [
                ("/backup/segments/", { [source] in source.finish(10) }),
                // Were it copied behind the log, files that tell of what is not in the copy replace it now.
                ("/data/history/", { [source] in source.finish(70) }),
            ])
        try takeBackup(disk)
        _ = try restore()
        let engine = try openEngine("/new", on: source.disk, history: Source.smallHistory)
        #expect(!engine.notes.contains { $0.contains("history lacks") })
        for job in [1, 90] { #expect(status(of: job, in: engine) == .success) }
    }

    @Test func `ends with an error where the backup's own directory is gone`() throws {
        let disk = InterruptedStorage(
            source.disk,
            [
                ("/backup/history/", {}),
                (
                    "/backup/history/",
                    { () throws(StorageError) in
                        throw StorageError(
                            path: "/backup/history", operation: .create, errno: ENOENT)
                    }
                ),
            ])
        #expect(throws: BackupError.self) { try takeBackup(disk) }
    }

    @Test func `comes to a backup that had none`() throws {
        try source.backUp()
        try writeFirstVersion()
        for path in source.disk.filePaths where path.hasPrefix("/backup/history/") {
            try source.disk.remove(path)
        }
        #expect(try source.backUp().historyCopied == 1)
        #expect(try restore().history.count == 1)
    }

    @Test func `of the first version of a manifest is empty`() throws {
        try source.backUp()
        try writeFirstVersion()
        #expect(try restore().history.isEmpty)
        let engine = try openEngine("/new", on: source.disk, history: Source.smallHistory)
        #expect(status(of: 1, in: engine) == .success)
    }

    /// Makes the manifest one that has no history yet.
    private func writeFirstVersion() throws {
        let path = "/backup/MANIFEST"
        let text = String(decoding: try #require(source.disk.bytes(of: path)), as: UTF8.self)
        var lines = text.split(separator: "\n").filter {
            !$0.hasPrefix("history") && !$0.hasPrefix("checksum")
        }
        lines[0] = "daybook backup 1"
        let checked = Array((lines.joined(separator: "\n") + "\n").utf8)
        let checksum = "checksum \(String(crc32c(checked.rawBytes), radix: 16))\n"
        source.disk.replace(path, with: checked + Array(checksum.utf8))
    }

    private func restore() throws -> BackupManifest {
        try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
    }

    /// As its owner sees it; nil where nobody knows the job.
    private func status(of job: Int, in engine: SteppedEngine) -> ExecutionStatus? {
        let found = Mutex<ExecutionStatus?>(nil)
        engine.look(
            JobKey(user: UserID(unchecked: "u\(job % 5)"), job: JobID(unchecked: "j\(job)"))
        ) { result in
            if case .success(let view) = result { found.withLock { $0 = view.status } }
        }
        engine.turn()
        return found.withLock { $0 }
    }
}

/// A disk on which things happen, one after another, each just before a file of its own is opened.
private final class InterruptedStorage: AlteredStorage, @unchecked Sendable {
    // Sendable: used by the test's own thread alone.
    let disk: any Storage
    private var interruptions: [(path: String, body: () throws(StorageError) -> Void)]

    /// Paths may be beginnings of paths.
    init(
        _ disk: SimulatedStorage,
        _ interruptions: [(path: String, body: () throws(StorageError) -> Void)]
    ) {
        self.disk = disk
        self.interruptions = interruptions
    }

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        if let next = interruptions.first, path.hasPrefix(next.path) {
            interruptions.removeFirst()
            try next.body()
        }
        return try disk.open(path, mode)
    }
}
