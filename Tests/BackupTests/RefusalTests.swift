import Backup
import ByteCoding
import Engine
import EventLog
import Snapshots
import Storage
import TestKit
import Testing
import Units

@Suite struct `A backup is refused` {
    @Test func `into a directory that holds another log's`() throws {
        let disk = SimulatedStorage(seed: 2)
        let source = try Source(on: disk)
        source.submit(30)
        let head = try source.backUp().head
        try otherLog(on: disk, at: "/other")
        let before = disk.fingerprint
        #expect {
            try takeBackup(disk, of: "/other")
        } throws: { error in
            guard case .otherLog = error as? BackupError else { return false }
            return "\(error)".contains("holds a backup of another log")
        }
        #expect(disk.fingerprint == before)
        #expect(try Restore.verify(Source.backup, storage: disk).head == head)
    }

    @Test func `where the log ends before the backup that is there`() throws {
        let source = try Source()
        source.submit(30)
        let old = source.disk.bytes(of: "/data/log/00000000000000000001.lz4")
        source.submit(5)
        let head = try source.backUp().head
        source.disk.replace("/data/log/00000000000000000001.lz4", with: try #require(old))
        try expectOtherHistory(source.disk)
        #expect(try Restore.verify(Source.backup, storage: source.disk).head == head)
    }

    @Test(arguments: [10, 100]) func `where the log has gone on in another way`(jobs: Int) throws {
        let source = try Source()
        source.submit(jobs)
        _ = try source.backUp()
        _ = try Restore.run(from: Source.backup, to: "/fork", storage: source.disk)
        source.submit(jobs)
        let head = try source.backUp().head
        // The same identity, other records behind the same beginning, and more of them.
        let fork = try EventLog.open(
            directory: "/fork", storage: source.disk, options: unthreaded,
            replay: { _, _ throws(RecordRefusal) in }, onDurable: { _ in }, onFailure: { _ in })
        // Large ones, so that its first segment ends before the backup's head.
        var generator = SeededGenerator(seed: 1)
        for _ in 0..<3 * jobs {
            let record = (0..<3_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
            fork.append(record.rawBytes)
        }
        fork.commit(now: WallTime(microseconds: 9))
        fork.close()
        // A snapshot of the fork, by its looks: it must not lie in the way of one of the log's own.
        let snapshot = try source.snapshot()
        let path = SnapshotDirectory(Source.data, storage: source.disk).path(of: snapshot)
        let forked = SnapshotDirectory("/fork", storage: source.disk).path(of: snapshot)
        try source.disk.createDirectory("/fork/snapshots")
        let bytes = try #require(source.disk.bytes(of: path))
        try source.disk.open(forked, .create).write(bytes.rawBytes, at: 0)
        try expectOtherHistory(source.disk, of: "/fork")
        #expect(
            !source.disk.filePaths.contains {
                $0.hasPrefix("/backup/") && $0.hasSuffix(".snapshot")
            })
        #expect(try Restore.verify(Source.backup, storage: source.disk).head == head)
        // Nothing of it was kept that would be in the way of the log's own next backup.
        source.submit(100)
        #expect(try source.backUp().head.lsn == source.engine.appliedLSN)
    }

    @Test func `into a directory that holds something else`() throws {
        let source = try Source()
        try source.disk.createDirectory("/home")
        _ = try source.disk.open("/home/letter", .create)
        for directory in ["/home", Source.data] {
            #expect(throws: BackupError.notEmpty(directory: directory)) {
                try takeBackup(source.disk, to: directory)
            }
        }
    }

    @Test func `beside another backup to the same directory`() throws {
        let source = try Source()
        _ = try source.backUp()
        let lock = try source.disk.lock(directory: Source.backup)
        #expect {
            try source.backUp()
        } throws: {
            guard case .inUse = $0 as? BackupError else { return false }
            return true
        }
        lock.release()
        _ = try source.backUp()
    }

    @Test func `where what was written reads back otherwise`() throws {
        let source = try Source()
        source.submit(30)
        let former = try source.backUp().head
        source.submit(100)
        // In a block of the first segment, in its header, and in its opening.
        for offset in [5_000, 70, 4_020] {
            let disk = MiswritingStorage(
                disk: source.disk, suffix: "00001.lz4.writing", offset: offset)
            #expect {
                try takeBackup(disk)
            } throws: {
                guard case .damaged = $0 as? BackupError else { return false }
                return true
            }
            #expect(try Restore.verify(Source.backup, storage: source.disk).head == former)
        }
    }

    @Test func `where a file of history reads back otherwise`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(30)
        let disk = MiswritingStorage(disk: source.disk, suffix: ".writing", offset: 100)
        #expect {
            try takeBackup(disk)
        } throws: {
            guard case .damaged(let file, _) = $0 as? BackupError else { return false }
            return file.hasPrefix("/backup/history/")
        }
        _ = try source.backUp()
        #expect(try Restore.verify(Source.backup, storage: source.disk).history.count == 1)
    }

    @Test func `of a log that is damaged, by the name of the log's file`() throws {
        let source = try Source()
        source.submit(100)
        let path = "/data/log/00000000000000000001.lz4"
        source.disk.flip(bit: 8 * 6_000, of: path)
        #expect {
            try source.backUp()
        } throws: {
            guard case .log(.corrupt(let corruption)) = $0 as? BackupError else { return false }
            return corruption.file == path
        }
    }

    private func expectOtherHistory(
        _ disk: SimulatedStorage, of data: String = Source.data
    ) throws {
        #expect {
            try takeBackup(disk, of: data)
        } throws: {
            guard case .otherHistory = $0 as? BackupError else { return false }
            return true
        }
    }

    private func otherLog(on disk: SimulatedStorage, at path: String) throws {
        var options = unthreaded
        options.randomNumber = { 99 }
        let log = try EventLog.open(
            directory: path, storage: disk, options: options,
            replay: { _, _ throws(RecordRefusal) in }, onDurable: { _ in }, onFailure: { _ in })
        log.append(([1, 2, 3] as [UInt8]).rawBytes)
        log.commit(now: WallTime(microseconds: 1))
        log.close()
    }

    private var unthreaded: LogOptions {
        var options = LogOptions()
        options.isThreaded = false
        options.segmentBytes = 16 << 10
        return options
    }
}

@Suite struct `A restore is refused` {
    @Test func `into a directory that is not empty`() throws {
        let source = try Source()
        _ = try source.backUp()
        #expect(throws: BackupError.notEmpty(directory: Source.data)) {
            try Restore.run(from: Source.backup, to: Source.data, storage: source.disk)
        }
    }

    @Test func `where a restored file of history reads back otherwise`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(30)
        try source.backUp()
        let disk = MiswritingStorage(
            disk: source.disk, suffix: ".history.writing", offset: 100)
        #expect {
            try Restore.run(from: Source.backup, to: "/new", storage: disk)
        } throws: {
            guard case .damaged(let file, _) = $0 as? BackupError else { return false }
            return file.hasPrefix("/new/history/")
        }
    }

    @Test func `where there is no backup`() throws {
        let disk = SimulatedStorage()
        #expect(throws: BackupError.noBackup(directory: "/nothing")) {
            try Restore.run(from: "/nothing", to: "/new", storage: disk)
        }
    }

    @Test func `where any file of the backup was changed, and writes nothing`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(60)
        _ = try source.snapshot()
        source.submit(30)
        _ = try source.backUp()
        let files = source.disk.filePaths.filter {
            $0.hasPrefix("/backup/") && !$0.hasSuffix("LOCK")
        }
        #expect(files.count > 3)
        for path in files {
            let size = try #require(source.disk.bytes(of: path)).count
            for place in [size / 7, size / 2, size - 2] {
                let disk = source.disk.killed()
                disk.flip(bit: 8 * place + 1, of: path)
                #expect(throws: BackupError.self, "\(path) at \(place)") {
                    try Restore.run(from: Source.backup, to: "/new", storage: disk)
                }
                #expect(!disk.filePaths.contains { $0.hasPrefix("/new") })
            }
            let disk = source.disk.killed()
            try disk.remove(path)
            #expect(throws: BackupError.self) {
                try Restore.run(from: Source.backup, to: "/new", storage: disk)
            }
        }
    }

    @Test func `where a later version wrote the manifest`() throws {
        let source = try Source()
        _ = try source.backUp()
        let path = "/backup/MANIFEST"
        let text = String(decoding: try #require(source.disk.bytes(of: path)), as: UTF8.self)
        source.disk.replace(
            path, with: Array(text.replacing("daybook backup 2", with: "daybook backup 3").utf8))
        #expect(throws: BackupError.newerFormat(file: path)) {
            try Restore.verify(Source.backup, storage: source.disk)
        }
    }
}
