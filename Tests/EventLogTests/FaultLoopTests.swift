import EventLog
import Glibc
import Storage
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `An operation that fails` {
    /// As the layer below reports them: it finishes short writes and what a signal interrupted.
    static let faults = [
        StorageFault(), StorageFault(isLasting: true), StorageFault(isShort: true),
        StorageFault(ENOSPC), StorageFault(ENOSPC, isLasting: true),
        StorageFault(ENOSPC, isShort: true), StorageFault(ENOSPC, isLasting: true, isShort: true),
        StorageFault(EINTR), StorageFault(EINTR, isLasting: true),
    ]

    @Test(arguments: faults.indices)
    func `while the log is written loses nothing acknowledged`(index: Int) throws {
        let fault = Self.faults[index]
        var struck: Set<StorageError.Operation> = []
        var number = 0
        while true {
            number += 1
            var workload = CrashWorkload(seed: 11)
            guard workload.run(failing: number, with: fault) else { break }
            struck.insert(try #require(workload.disk.counts.failed))
            let end = try #require(workload.witness.points.last)
            for draw in 0..<3 {
                let place = CrashPlace(change: number, draw: draw)
                try expectSurvival(of: end, place, workload, "\(fault) at change \(number)")
            }
        }
        #expect(number > 100)
        #expect(
            struck.isSuperset(of: [
                .create, .reserve, .write, .sync, .rename, .truncate, .createDirectory,
                .syncDirectory,
            ]))
    }

    @Test(arguments: faults.indices)
    func `while the log is opened leaves a log that opens later`(index: Int) throws {
        let fault = Self.faults[index]
        var struck: Set<StorageError.Operation> = []
        var refusals = 0
        for torn in try tornPoints(seeds: [31, 32]) {
            var number = 0
            while true {
                number += 1
                let image = torn.point.cut.image(seed: torn.seed).storage
                image.fail(change: number, with: fault)
                let witness = CrashWitness(image, torn.point.expectation)
                if isRefused(image, torn.point.expectation, torn.workload) { refusals += 1 }
                witness.leave()
                guard let failed = image.counts.failed else { break }
                struck.insert(failed)
                let end = try #require(witness.points.last)
                for draw in 0..<2 {
                    let place = CrashPlace(change: number, draw: draw)
                    try expectSurvival(of: end, place, torn.workload, "\(fault) at \(number)")
                }
            }
            #expect(number > 10)
        }
        #expect(refusals > 10)
        #expect(struck.isSuperset(of: [.create, .write, .sync, .syncDirectory]))
    }

    @Test(arguments: [false, true])
    func `while the log is read is never taken for its end`(isLasting: Bool) throws {
        var refusals = 0
        var failedReads = 0
        // Seeds without rewriting: what that cannot read it leaves as it is.
        for torn in try tornPoints(seeds: [32, 36]) {
            var number = 0
            while true {
                number += 1
                let image = torn.point.cut.image(seed: torn.seed).storage
                image.fail(look: number, with: StorageFault(isLasting: isLasting))
                let isRefused = isRefused(image, torn.point.expectation, torn.workload)
                guard let failed = image.counts.failed else { break }
                if isRefused { refusals += 1 }
                if failed == .read {
                    failedReads += 1
                    #expect(isRefused, "look \(number)")
                }
                image.heal()
                let end = CrashPoint(cut: image.cutPower(), expectation: torn.point.expectation)
                let place = CrashPlace(change: number, draw: 0)
                try expectSurvival(of: end, place, torn.workload, "look \(number)")
            }
        }
        #expect(failedReads > 10)
        #expect(refusals >= failedReads)
    }

    @Test func `for want of space loses nothing, and what is freed is used again`() throws {
        var refusals = 0
        var wentOn = 0
        for pages in stride(from: 1, through: 60, by: 1) {
            var workload = CrashWorkload(seed: 23)
            workload.disk.limit(toBytes: pages * 4096)
            // Beyond the last change: only the space fails.
            _ = workload.run(failing: .max / 2, with: StorageFault())
            refusals += workload.disk.counts.outOfSpace
            #expect(workload.disk.usedBytes <= pages * 4096)
            let end = try #require(workload.witness.points.last)
            for draw in 0..<4 {
                let place = CrashPlace(change: pages, draw: draw)
                try expectSurvival(of: end, place, workload, "\(pages) pages")
                wentOn += 1
            }
        }
        #expect(refusals > 60)
        #expect(wentOn == 240)
    }

    /// Logs of several segments that a power cut left torn.
    private func tornPoints(
        seeds: [UInt64]
    ) throws -> [(point: CrashPoint, seed: UInt64, workload: CrashWorkload)] {
        try seeds.map { seed in
            var workload = CrashWorkload(seed: seed)
            try workload.run()
            let points = workload.witness.points
            let point = try #require(
                points.last { $0.cut.prevented == .sync && $0.expectation.acknowledged > 20 })
            return (point, seed, workload)
        }
    }

    /// Whether the log refuses to open; where it opens it must be right.
    private func isRefused(
        _ image: SimulatedStorage, _ expectation: CrashExpectation, _ workload: CrashWorkload
    ) -> Bool {
        do throws(CrashFinding) {
            _ = try SurvivingLog(image, expectation, workload.options([0]))
            return false
        } catch {
            switch error.refusal {
            case .io, .notWritable: break
            default: Issue.record("\(error.what)")
            }
            return true
        }
    }

    private func expectSurvival(
        of point: CrashPoint, _ place: CrashPlace, _ workload: CrashWorkload, _ what: String
    ) throws {
        let disk =
            switch place.draw {
            case 0: point.cut.killed()
            case 1: point.cut.synced()
            default: point.cut.image(seed: UInt64(place.change * 31 + place.draw)).storage
            }
        disk.limit(toBytes: nil)
        do throws(CrashFinding) {
            try CrashTrial(disk: disk, place: place, workload: workload)
                .run(point.expectation, nil)
        } catch {
            Issue.record("\(what), image \(place.draw): \(error.what)")
        }
    }
}
