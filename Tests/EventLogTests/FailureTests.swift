import EventLog
import Glibc
import Storage
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `A failing disk` {
    @Test
    func `ends the log at the first failure, wherever it strikes, and loses nothing acknowledged`()
        throws
    {
        var struck: Set<StorageError.Operation> = []
        var number = 0
        while true {
            number += 1
            let disk = SimulatedStorage()
            let opened = try OpenedLog(disk, options: smallOptions(segmentBytes: 5120))
            disk.fail(change: number)
            var acknowledged = 0
            for record in 1...30 {
                opened.write([sampleRecord(record)])
                if opened.log.durableLSN.rawValue == UInt64(record) { acknowledged = record }
            }
            opened.log.close()
            guard let failed = disk.counts.failed else { break }
            struck.insert(failed)
            if disk.hasFailedAhead { continue }
            #expect(opened.reports.failures.count == 1, "operation \(number)")
            #expect(disk.counts.changesAfterFailure == 0, "operation \(number): \(failed)")
            let durable = opened.log.durableLSN.rawValue
            #expect((opened.reports.durable.last?.rawValue ?? 0) == durable)
            // Kept by the disk and by a reopened log, after a power cut as after a kill.
            for image in [disk.crashed(), disk.killed()] {
                let again = try OpenedLog(image, options: smallOptions(segmentBytes: 5120))
                #expect(again.replayed.count >= acknowledged, "operation \(number): \(failed)")
                #expect(again.replayed == Array(sampleRecords(1...31).prefix(again.replayed.count)))
            }
        }
        #expect(
            struck.isSuperset(of: [.write, .sync, .rename, .syncDirectory, .create, .truncate]))
    }

    /// Its space was claimed ahead: so this is a file system that does not keep its word.
    @Test func `that is found full is cut back to the synced end and tried once more`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        opened.write([sampleRecord(1)])
        let changes = Mutex<[StorageError.Operation]>([])
        disk.watch { cut in
            if let next = cut.prevented { changes.withLock { $0.append(next) } }
        }
        disk.fail(change: 1, with: StorageFault(ENOSPC, isShort: true))
        opened.write([sampleRecord(2)])
        disk.watch(nil)
        #expect(changes.withLock { $0 } == [.write, .truncate, .sync, .write, .sync])
        #expect(opened.log.durableLSN == LSN(rawValue: 2))
        #expect(opened.reports.failures.isEmpty)
        opened.write([sampleRecord(3)])
        #expect(try OpenedLog(disk.crashed()).replayed == sampleRecords(1...3))
    }

    @Test func `does not make the next opening trust what only memory holds`() throws {
        let options = smallOptions(segmentBytes: 5120)
        var number = 0
        var failedSyncs = 0
        while true {
            number += 1
            let disk = SimulatedStorage()
            let opened = try OpenedLog(disk, options: options)
            disk.fail(change: number)
            for record in 1...30 { opened.write([sampleRecord(record)]) }
            guard let failed = disk.counts.failed else { break }
            guard failed == .sync else { continue }
            failedSyncs += 1
            // The daemon starts again on the same machine: the kernel still shows the bytes.
            let image = disk.killed()
            let again = try OpenedLog(image, options: options)
            let shown = again.replayed.count
            again.write([sampleRecord(shown + 1)])
            #expect(again.log.durableLSN.rawValue == UInt64(shown + 1))
            let afterPowerCut = try OpenedLog(image.crashed(), options: options)
            #expect(
                afterPowerCut.replayed == sampleRecords(1...shown + 1), "operation \(number)")
        }
        #expect(failedSyncs >= 30)
    }

    @Test func `during an opening is told and leaves a log that opens later`() throws {
        let disk = SimulatedStorage()
        let options = smallOptions(segmentBytes: 5120)
        let opened = try OpenedLog(disk, options: options)
        for record in 1...10 { opened.write([sampleRecord(record)]) }
        var number = 0
        var refusals = 0
        while true {
            number += 1
            let image = disk.killed()
            image.fail(change: number)
            var isRefused = false
            do throws(LogError) {
                _ = try OpenedLog(image, options: options)
            } catch {
                isRefused = true
                refusals += 1
            }
            guard let failed = image.counts.failed else { break }
            #expect(isRefused || image.hasFailedAhead, "operation \(number): \(failed)")
            for after in [image.crashed(), image.killed()] {
                #expect(try OpenedLog(after, options: options).replayed == sampleRecords(1...10))
            }
        }
        #expect(refusals > 5)
    }

    @Test func `a power cut at any operation of a first opening leaves a log that opens`() throws {
        var number = 0
        while true {
            number += 1
            let disk = SimulatedStorage()
            disk.fail(change: number)
            do throws(LogError) { _ = try OpenedLog(disk) } catch {}
            #expect(try OpenedLog(disk.crashed()).replayed.isEmpty)
            guard disk.counts.failed != nil else { break }
        }
        #expect(number > 5)
    }
}

extension SimulatedStorage {
    /// Whether what failed was the making of a next segment, which is tried again later.
    fileprivate var hasFailedAhead: Bool {
        counts.failedPath?.hasSuffix("/next.preparing") ?? false
    }
}
