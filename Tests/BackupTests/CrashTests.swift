import Backup
import Engine
import EventLog
import Storage
import Synchronization
import TestKit
import Testing
import Units

/// The power is cut before each change of the disk, and the daemon's host comes up again.
@Suite struct `A backup that is killed` {
    @Test func `leaves none or a whole one, and is completed by the next`() throws {
        let source = try Source()
        source.submit(60)
        _ = try source.snapshot()
        source.submit(40)
        let (cuts, head) = try cutsOfBackup(source)
        try check(cuts, source, allowed: [nil, head])
    }

    @Test func `leaves the former one or the new one, and is completed by the next`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(45)
        _ = try source.snapshot()
        source.submit(10)
        let former = try source.backUp().head
        let history = source.history()
        source.finish(40)
        source.finish(30)
        // Some were merged, so that the new backup replaces files of the former one.
        #expect(!Set(history.keys).isSubset(of: source.history().keys))
        _ = try source.snapshot()
        source.submit(3)
        let (cuts, head) = try cutsOfBackup(source)
        #expect(head != former)
        try check(cuts, source, allowed: [former, head])
    }

    @Test func `leaves the former one or a new one that begins later`() throws {
        let source = try Source()
        source.submit(60)
        _ = try source.snapshot()
        source.submit(10)
        let former = try source.backUp().head
        source.submit(70)
        let older = try source.snapshot()
        source.submit(30)
        _ = try source.snapshot()
        source.submit(3)
        let whole = source.disk.killed()
        try source.drop(through: older)
        let (cuts, head) = try cutsOfBackup(source)
        try check(cuts, source, whole: whole, allowed: [former, head])
    }

    private func cutsOfBackup(_ source: Source) throws -> ([PowerCut], NotedHead) {
        let cuts = Mutex<[PowerCut]>([])
        source.disk.watch { cut in cuts.withLock { $0.append(cut) } }
        let receipt = try source.backUp()
        source.disk.watch(nil)
        let all = cuts.withLock { $0 } + [source.disk.cutPower()]
        #expect(all.count > 20)
        return (all, receipt.head)
    }

    private func check(
        _ cuts: [PowerCut], _ source: Source, whole: SimulatedStorage? = nil,
        allowed: [NotedHead?]
    ) throws {
        let newest = try #require(allowed.last ?? nil)
        var folded: [LSN: FoldedLog] = [:]
        var seen: Set<String> = []
        for (number, cut) in cuts.enumerated() {
            var disks = [cut.killed(), cut.synced()]
            for seed in 0..<6 { disks.append(cut.image(seed: UInt64(seed)).storage) }
            for disk in disks {
                let found = try manifest(on: disk)
                seen.insert(found?.head.description ?? "none")
                #expect(allowed.contains(found?.head), "cut \(number)")
                if let found {
                    if folded[found.head.lsn] == nil {
                        folded[found.head.lsn] = try FoldedLog(
                            Source.data, storage: whole ?? source.disk, log: found.log,
                            upTo: found.head.lsn)
                    }
                    let original = try #require(folded[found.head.lsn])
                    let restored = try Restore.run(
                        from: Source.backup, to: "/new", storage: disk)
                    try checkRestored(restored, "/new", on: disk, like: original)
                }
                #expect(try takeBackup(disk).head == newest, "cut \(number)")
                #expect(
                    try Restore.verify(Source.backup, storage: disk.crashed()).head == newest,
                    "cut \(number)")
            }
        }
        #expect(seen == Set(allowed.map { $0?.description ?? "none" }))
    }

    /// Nil where there is no backup; one that is there must be whole.
    private func manifest(on disk: SimulatedStorage) throws -> BackupManifest? {
        do throws(BackupError) {
            return try Restore.verify(Source.backup, storage: disk)
        } catch {
            guard case .noBackup = error else { throw error }
            return nil
        }
    }

    @Test func `or meets a disk that refuses leaves the former one`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(30)
        let former = try source.backUp().head
        source.finish(30)
        var refusals = 0
        for change in 1... {
            let disk = source.disk.killed()
            disk.fail(change: change)
            do {
                let receipt = try takeBackup(disk)
                #expect(receipt.head.lsn == source.engine.appliedLSN)
                if disk.counts.faults.isEmpty { break }
            } catch {
                refusals += 1
                disk.heal()
                let found = try Restore.verify(Source.backup, storage: disk).head
                #expect(found == former || found.lsn == source.engine.appliedLSN)
            }
        }
        #expect(refusals > 20)
    }
}

@Suite struct `A restore that is killed` {
    @Test func `leaves a directory that is empty of a log, refused, or whole`() throws {
        let source = try Source(history: Source.smallHistory)
        source.finish(60)
        let head = try source.backUp().head
        let cuts = Mutex<[PowerCut]>([])
        source.disk.watch { cut in cuts.withLock { $0.append(cut) } }
        _ = try Restore.run(from: Source.backup, to: "/new", storage: source.disk)
        source.disk.watch(nil)
        let all = cuts.withLock { $0 } + [source.disk.cutPower()]
        var (empty, refused, whole) = (0, 0, 0)
        for cut in all {
            for seed in 0..<6 {
                let disk = cut.image(seed: UInt64(seed)).storage
                let names = (try? disk.list("/new/log"))?.filter { $0.hasSuffix(".lz4") } ?? []
                if names.isEmpty {
                    empty += 1
                    continue
                }
                do throws(LogError) {
                    let found = try LogVerification.run(directory: "/new", storage: disk).head
                    #expect(found == head)
                    #expect(source.history(in: "/new", on: disk) == source.history())
                    whole += 1
                } catch {
                    guard case .corrupt = error else { throw error }
                    refused += 1
                    #expect(throws: LogError.self) { try openEngine("/new", on: disk) }
                }
            }
        }
        #expect(empty > 0 && refused > 0 && whole > 0)
    }
}
