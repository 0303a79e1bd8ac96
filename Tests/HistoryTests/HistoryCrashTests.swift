import History
import JobModel
import Storage
import Synchronization
import TestKit
import Testing
import Units

/// Power cuts before each change of the disk: what was durable is found exactly once.
@Suite struct `History after a power cut` {
    /// Runs `work` and checks the disks that a cut before each of its changes may leave.
    ///
    /// `before` and `after` are the jobs at the start and the end: each disk has all of the one, or
    /// all of the other, up to `last`.
    private func checkCuts(
        _ disk: SimulatedStorage, _ good: HistoryFixture, allowed: [[FinishedJob]],
        work: () throws -> Void
    ) throws {
        let cuts = Mutex<[PowerCut]>([])
        disk.watch { cut in cuts.withLock { $0.append(cut) } }
        try work()
        disk.watch(nil)
        let all = cuts.withLock { $0 } + [disk.cutPower()]
        #expect(all.count > 3)
        for (number, cut) in all.enumerated() {
            var disks = [cut.killed(), cut.synced()]
            for seed in 0..<12 { disks.append(cut.image(seed: UInt64(seed)).storage) }
            for found in disks {
                try check(found, good, allowed, "cut \(number)")
                // A second cut, right behind the opening.
                try check(found.crashed(), good, allowed, "cut \(number) and another")
            }
        }
    }

    private func check(
        _ disk: SimulatedStorage, _ good: HistoryFixture, _ allowed: [[FinishedJob]],
        _ place: String
    ) throws {
        var fixture = good
        fixture.set = try HistorySet(
            HistoryFixture.path, log: HistoryFixture.log, storage: disk, options: good.options)
        #expect(fixture.set.opening.setAside.isEmpty, "\(place)")
        let isAllowed = try allowed.contains { model in
            fixture.model = model
            return try fixture.differences().isEmpty
        }
        let differences = try fixture.differences()
        #expect(isAllowed, "\(place): \(differences)")
    }

    @Test func `has a new file or none`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 12)
        let (builder, jobs) = fixture.builder(count: 12)
        let before = fixture.model
        try checkCuts(disk, fixture, allowed: [before, before + jobs]) {
            try fixture.set.publish(builder)
        }
        // Once it has returned, it is there.
        try check(disk.crashed(), fixture, [before + jobs], "at the end")
    }

    @Test func `has every job once, merged or not`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        for _ in 0..<4 { try fixture.publish(count: 12) }
        try checkCuts(disk, fixture, allowed: [fixture.model]) {
            while try fixture.set.mergeStep(byteBudget: 400) {}
        }
        #expect(fixture.set.size.files == 1)
    }

    @Test func `has what was to be dropped or not, and nothing else is lost`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        for _ in 0..<3 { try fixture.publish(count: 12) }
        let cut = fixture.model[24].row.finishedAt
        let kept = Array(fixture.model.dropFirst(24))
        // Files go one by one; what is left of those that go is removed at the next opening.
        try checkCuts(disk, fixture, allowed: [fixture.model, kept]) {
            _ = try fixture.set.drop(finishedBefore: cut, coveredThrough: .zero)
        }
        try check(disk.crashed(), fixture, [kept], "at the end")
    }
}

/// The N-th change or look fails: an error, and all is as it was; tried again, it succeeds.
@Suite struct `History on a failing disk` {
    private func attempt(
        isChange: Bool, _ fault: StorageFault, prepare: (inout HistoryFixture) throws -> Void,
        work: (HistoryFixture) throws -> Void, model: (HistoryFixture) -> [FinishedJob]
    ) throws {
        var number = 1
        var failures = 0
        while true {
            let disk = SimulatedStorage()
            var fixture = try HistoryFixture(disk)
            try prepare(&fixture)
            if isChange {
                disk.fail(change: number, with: fault)
            } else {
                disk.fail(look: number, with: fault)
            }
            var didThrow = false
            do { try work(fixture) } catch { didThrow = true }
            let didStrike = disk.counts.failed != nil
            disk.heal()
            if !didStrike { break }
            if didThrow { failures += 1 }
            if didThrow {
                let before = try fixture.differences()
                var after = fixture
                after.model = model(fixture)
                let isDone = try after.differences() == []
                #expect(before == [] || isDone, "operation \(number)")
                if !isDone { try work(fixture) }
            }
            fixture.model = model(fixture)
            try fixture.mergeAll()
            #expect(try fixture.differences() == [], "operation \(number)")
            try fixture.reopen()
            #expect(try fixture.differences() == [], "operation \(number), opened again")
            number += 1
        }
        #expect(failures > 3)
    }

    @Test(arguments: [true, false])
    func `is usable after a failed build`(isChange: Bool) throws {
        for fault in [StorageFault(), StorageFault(28, isShort: true)] {
            let next = Mutex<(HistoryBuilder, [FinishedJob])?>(nil)
            try attempt(isChange: isChange, fault) { fixture in
                try fixture.publish(count: 20)
                let made = fixture.builder(count: 20)
                next.withLock { $0 = made }
            } work: { fixture in
                try fixture.set.publish(next.withLock { $0 }!.0)
            } model: { fixture in
                fixture.model.count > 20 ? fixture.model : fixture.model + next.withLock { $0 }!.1
            }
        }
    }

    @Test(arguments: [true, false])
    func `is usable after a failed merge`(isChange: Bool) throws {
        try attempt(isChange: isChange, StorageFault()) { fixture in
            for _ in 0..<4 { try fixture.publish(count: 20) }
        } work: { fixture in
            try fixture.mergeAll()
        } model: {
            $0.model
        }
    }

    @Test func `is usable after a failed drop`() throws {
        try attempt(isChange: true, StorageFault()) { fixture in
            for _ in 0..<3 { try fixture.publish(count: 20) }
        } work: { fixture in
            _ = try fixture.set.drop(
                finishedBefore: fixture.model[40].row.finishedAt, coveredThrough: .zero)
        } model: {
            $0.model.count > 20 ? Array($0.model.dropFirst(40)) : $0.model
        }
    }

    @Test(arguments: [true, false])
    func `opens once the disk answers again, and sets nothing aside`(isChange: Bool) throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        for _ in 0..<3 { try fixture.publish(count: 20) }
        var failures = 0
        for number in 1... {
            if isChange { disk.fail(change: number) } else { disk.fail(look: number) }
            do {
                try fixture.reopen()
                if disk.counts.failed == nil { break }
            } catch {
                failures += 1
            }
        }
        disk.heal()
        try fixture.reopen()
        #expect(failures > 1)
        #expect(fixture.set.opening == HistoryOpening())
        #expect(try fixture.differences() == [])
    }
}
