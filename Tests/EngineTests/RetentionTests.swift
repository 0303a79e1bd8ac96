import Engine
import EventLog
import Foundation
import JobModel
import Storage
import TestKit
import Testing
import Units

/// An engine on real files with a steady traffic, whose clock is moved by hand.
private final class Traffic {
    let directory: TemporaryDirectory
    let clock = HandClock(startingAt: WallTime(microseconds: 1_800_000_000_000_000))
    private(set) var engine: Engine
    private(set) var count = 0
    static let user = UserID(unchecked: "ann")
    static let perHour = 30
    /// Long enough that a few hours fill a segment.
    static let payload =
        Array("\"".utf8) + [UInt8](repeating: 7 + 48, count: 200) + Array("\"".utf8)

    init() async throws {
        directory = try TemporaryDirectory()
        engine = try await Self.open(directory, clock, EngineOptions())
    }

    private static func open(
        _ directory: TemporaryDirectory, _ clock: HandClock, _ given: EngineOptions
    ) async throws -> Engine {
        var options = given
        options.history.rowsMin = 50
        options.history.fanIn = 4
        options.segmentBytes = 16 << 10
        options.snapshots.eventsMin = 400
        return try await Engine.open(directory: directory.path, options: options, clock: clock)
    }

    func reopen(_ options: EngineOptions = EngineOptions()) async throws {
        await engine.close()
        engine = try await Self.open(directory, clock, options)
    }

    /// Jobs come and are done, hour by hour.
    func pass(hours: Int) async throws {
        for _ in 0..<hours {
            for _ in 0..<Self.perHour {
                count += 1
                var random = SeededGenerator(seed: UInt64(count))
                var content = JobContent.work(.work, priority: 0)
                content.payload = (0..<200).map { _ in .random(in: 0...255, using: &random) }
                _ = try await engine.submit(key(count), content)
            }
            let grants = try await engine.claim(.of(Self.perHour), wait: .zero)
            for grant in grants {
                _ = try await engine.start(token: grant.token)
                _ = try await engine.succeed(token: grant.token, message: nil)
            }
            clock.pass(.seconds(3_600))
        }
    }

    func key(_ number: Int) -> JobKey {
        JobKey(user: Self.user, job: JobID(unchecked: "j\(number)"))
    }

    /// All jobs that are listed, the newest first.
    func listed() async throws -> [JobView] {
        var query = JobQuery(user: Self.user, limit: 100)
        var all: [JobView] = []
        while true {
            let page = try await engine.list(query)
            all += page.jobs
            guard let next = page.next else { return all }
            query.before = next
        }
    }

    /// Waits until all who have ended are in history, or as many as make no file.
    func settle() async throws {
        while try await engine.stats().jobsInMemory > 60 { await Task.yield() }
    }

    /// Bytes of all files.
    func bytes() throws -> Int {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        return paths.reduce(0) { total, path in
            // One that goes meanwhile takes no space.
            let attributes = try? FileManager.default.attributesOfItem(
                atPath: "\(directory.path)/\(path)")
            return total + (attributes?[.size] as? Int ?? 0)
        }
    }
}

private let day = TimeSpan.seconds(86_400)

// They wait for work in the background to be done.
@Suite(.timeLimit(.minutes(10)))
struct `Retention` {
    @Test func `keeps the disk from growing because of one old job`() async throws {
        let traffic = try await Traffic()
        // Due in a year, and submitted before everything else.
        let old = JobKey("bob", "in-a-year")
        var content = JobContent.work(.other, priority: 0)
        content.payload = Traffic.payload
        content.executionTime = traffic.clock.wallTime().advanced(by: .seconds(365 * 86_400))
        let receipt = try await traffic.engine.submit(old, content)
        #expect(receipt.isNew)
        _ = try await traffic.engine.retain(RetentionRules(age: day))
        var sizes: [Int] = []
        for _ in 0..<8 {
            try await traffic.pass(hours: 24)
            try await traffic.settle()
            let report = try await traffic.engine.dropNow()
            #expect(report.trouble == nil)
            sizes.append(try traffic.bytes())
        }
        // Eight days of traffic, of which one is kept. How much of it is rewritten by now, and how many
        // snapshots there are, is a matter of chance: some 0.5 to 0.8 MB, and 3 MB where nothing goes.
        #expect(try #require(sizes.max()) <= 3 * sizes[0], "\(sizes)")
        #expect(try await traffic.engine.stats().logDroppedThrough > LSN(rawValue: 4_000))

        for round in 0..<2 {
            let detail = try await traffic.engine.detail(old)
            #expect(detail.payload == Traffic.payload)
            #expect(detail.job.hold == .notDue(until: try #require(content.executionTime)))
            let timeline = try await traffic.engine.timeline(old, eventsMax: 10)
            #expect(timeline.events.isEmpty && !timeline.isTruncated)
            #expect(
                timeline.droppedThrough == (try await traffic.engine.stats()).logDroppedThrough)
            let why = try await traffic.engine.why(old)
            #expect(why.isTruncated)
            #expect(why.spans.map(\.hold) == [.notDue(until: try #require(content.executionTime))])
            #expect(why.spans.first?.from == detail.job.submittedAt)
            if round == 0 { try await traffic.reopen() }
        }
        // Submitting it again finds it.
        #expect(try await traffic.engine.submit(old, content).isNew == false)
        traffic.clock.pass(.seconds(365 * 86_400))
        let grants = try await traffic.engine.claim(.of(1, types: [.other]), wait: .seconds(5))
        #expect(grants.map(\.job.key) == [old])
        #expect(grants.map(\.payload) == [Traffic.payload])
        await traffic.engine.close()
    }

    @Test func `keeps what is younger, every job and every event of it`() async throws {
        let traffic = try await Traffic()
        _ = try await traffic.engine.retain(RetentionRules(age: day))
        try await traffic.pass(hours: 96)
        try await traffic.settle()
        _ = try await traffic.engine.dropNow()
        let dropped = try await traffic.engine.stats().logDroppedThrough
        #expect(dropped > .zero)
        let since = traffic.clock.wallTime().advanced(by: .seconds(-86_400))
        for round in 0..<2 {
            let jobs = try await traffic.listed()
            let young = jobs.filter { $0.updatedAt >= since }
            #expect(young.count == 24 * Traffic.perHour)
            #expect(jobs.count < 40 * Traffic.perHour)
            for job in young.enumerated().filter({ $0.offset % 50 == 0 }).map(\.element) {
                let timeline = try await traffic.engine.timeline(job.key, eventsMax: 10)
                #expect(timeline.events.count == 4 && timeline.droppedThrough == nil)
                #expect(try await traffic.engine.detail(job.key).payload?.count == 200)
            }
            // Counters count from the beginning.
            #expect(try await traffic.engine.stats().counts[.success] == UInt64(traffic.count))
            if round == 0 { try await traffic.reopen() }
        }
        await traffic.engine.close()
        let deep = try DeepVerification.run(
            directory: traffic.directory.path, storage: PosixStorage())
        #expect(deep.isGood && deep.snapshots.count >= 2)
        let bisection = try LogBisection.run(
            try CountCondition("succeeded(user=ann) >= \(traffic.count - 5)"),
            directory: traffic.directory.path, storage: PosixStorage())
        #expect(bisection.count == UInt64(traffic.count - 5))
    }

    @Test func `says which jobs and moments are gone`() async throws {
        let traffic = try await Traffic()
        // From the beginning: files that were merged before stay until all of them is old.
        _ = try await traffic.engine.retain(RetentionRules(age: day))
        try await traffic.pass(hours: 24)
        let early = try await traffic.engine.stats()
        try await traffic.pass(hours: 72)
        try await traffic.settle()
        let report = try await traffic.engine.dropNow()
        #expect(report.droppedThrough > early.durableLSN)
        await #expect(throws: EngineError.rejected(.unknownJob(traffic.key(1)))) {
            try await traffic.engine.detail(traffic.key(1))
        }
        do {
            _ = try await traffic.engine.stats(asOf: .event(early.durableLSN))
            Issue.record("a moment was told that is gone")
        } catch EngineError.rejected(.momentDropped(let oldest?)) {
            #expect(oldest >= report.droppedThrough)
            let counts = try await traffic.engine.stats(asOf: .event(oldest)).counts
            #expect(counts.total > 0)
        }
        // A key that is gone is free again.
        #expect(
            try await traffic.engine.submit(traffic.key(1), .work(.work, priority: 0)).isNew)
        await traffic.engine.close()
    }

    @Test func `leaves enough for a start without the newest snapshot`() async throws {
        let traffic = try await Traffic()
        try await traffic.pass(hours: 48)
        _ = try await traffic.engine.retain(RetentionRules(age: .milliseconds(1)))
        let report = try await traffic.engine.dropNow()
        #expect(report.droppedThrough > .zero)
        let counts = try await traffic.engine.stats().counts
        await traffic.engine.close()
        let path = traffic.directory.path + "/snapshots"
        let newest = try #require(
            FileManager.default.contentsOfDirectory(atPath: path)
                .filter { $0.hasSuffix(".snapshot") }.max())
        var bytes = try Data(contentsOf: URL(filePath: "\(path)/\(newest)"))
        bytes[70] ^= 0x10
        try bytes.write(to: URL(filePath: "\(path)/\(newest)"))
        try await traffic.reopen()
        #expect(try await traffic.engine.stats().counts == counts)
        await traffic.engine.close()
    }

    /// Two days of traffic whose first events were dropped, with the last of those and the log's last.
    private func closedAfterDrop() async throws -> (traffic: Traffic, dropped: LSN, head: LSN) {
        let traffic = try await Traffic()
        try await traffic.pass(hours: 48)
        _ = try await traffic.engine.retain(RetentionRules(age: .milliseconds(1)))
        let dropped = try await traffic.engine.dropNow().droppedThrough
        let head = try await traffic.engine.stats().durableLSN
        await traffic.engine.close()
        return (traffic, dropped, head)
    }

    @Test func `keeps a repair from leaving a log that nobody can open`() async throws {
        let (traffic, dropped, head) = try await closedAfterDrop()
        let (path, disk) = (traffic.directory.path, PosixStorage())
        let none = try SnapshotRepair(directory: path, storage: disk, after: head)
        #expect(none.ahead.isEmpty)
        #expect(
            throws: LogError.noFoundation(through: dropped),
            performing: { try SnapshotRepair(directory: path, storage: disk, after: dropped) })
    }

    @Test func `keeps a repair from counting on snapshots that have rotted`() async throws {
        let (traffic, dropped, head) = try await closedAfterDrop()
        let (path, disk) = (traffic.directory.path, PosixStorage())
        for name in try disk.list("\(path)/snapshots") where name.hasSuffix(".snapshot") {
            let place = URL(filePath: "\(path)/snapshots/\(name)")
            var bytes = try Data(contentsOf: place)
            bytes[70] ^= 0x10
            try bytes.write(to: place)
        }
        #expect(
            throws: LogError.noFoundation(through: dropped),
            performing: { try SnapshotRepair(directory: path, storage: disk, after: head) })
    }

    @Test func `goes by bytes, too`() async throws {
        let traffic = try await Traffic()
        try await traffic.pass(hours: 72)
        try await traffic.settle()
        let before = try await traffic.engine.retention()
        let bytesMax = before.bytes / 3
        _ = try await traffic.engine.retain(RetentionRules(bytesMax: bytesMax))
        let after = try await traffic.engine.dropNow()
        #expect(after.bytes <= bytesMax)
        #expect(after.bytes > bytesMax / 3)
        #expect(after.droppedThrough > .zero)
        await traffic.engine.close()
    }

    @Test func `is kept over a restart, and set by whoever opens the engine`() async throws {
        let traffic = try await Traffic()
        #expect(try await traffic.engine.retention().rules == .everything)
        let rules = RetentionRules(age: day, bytesMax: 1 << 30)
        #expect(try await traffic.engine.retain(rules).rules == rules)
        try await traffic.reopen()
        #expect(try await traffic.engine.retention().rules == rules)
        var options = EngineOptions()
        options.retention = RetentionRules(age: .seconds(5))
        try await traffic.reopen(options)
        #expect(try await traffic.engine.retention().rules == RetentionRules(age: .seconds(5)))
        try await traffic.reopen()
        #expect(try await traffic.engine.retention().rules == RetentionRules(age: .seconds(5)))
        await traffic.engine.close()
        // Nobody guesses what a damaged file said.
        let path = URL(filePath: traffic.directory.path + "/retention")
        var bytes = try Data(contentsOf: path)
        bytes[25] ^= 1
        try bytes.write(to: path)
        await #expect(throws: LogError.self) { try await traffic.reopen() }
    }

    @Test func `archives what it drops`() async throws {
        let traffic = try await Traffic()
        var options = EngineOptions()
        options.retention = RetentionRules(age: day)
        options.archive = traffic.directory.path + "/archive"
        try await traffic.reopen(options)
        try await traffic.pass(hours: 72)
        let report = try await traffic.engine.dropNow()
        #expect(report.archive == options.archive && report.droppedThrough > .zero)
        let head = try await traffic.engine.stats().durableLSN
        await traffic.engine.close()
        let whole = try LogVerification.run(
            directory: traffic.directory.path, storage: PosixStorage(), archive: options.archive)
        #expect(whole.droppedThrough == .zero && whole.records >= head.rawValue)
    }

    @Test func `waits where it cannot archive, and says so`() async throws {
        let traffic = try await Traffic()
        var options = EngineOptions()
        options.retention = RetentionRules(age: day)
        options.archive = traffic.directory.path + "/not/there"
        try await traffic.reopen(options)
        try await traffic.pass(hours: 72)
        let report = try await traffic.engine.dropNow()
        #expect(report.droppedThrough == .zero)
        #expect(report.trouble?.contains("/not/there") == true)
        #expect(try await traffic.engine.stats().logTrouble == report.trouble)
        await traffic.engine.close()
    }

    @Test func `has history built again from what is left`() async throws {
        let traffic = try await Traffic()
        try await traffic.pass(hours: 72)
        try await traffic.settle()
        _ = try await traffic.engine.retain(RetentionRules(age: day))
        _ = try await traffic.engine.dropNow()
        let before = try await traffic.listed().map(\.key)
        await traffic.engine.close()
        let history = traffic.directory.path + "/history"
        for name in try FileManager.default.contentsOfDirectory(atPath: history)
        where name.hasSuffix(".history") {
            try FileManager.default.removeItem(atPath: "\(history)/\(name)")
        }
        try await traffic.reopen()
        while true {
            let trouble = try await traffic.engine.stats().historyTrouble
            if trouble?.contains("are lost") == true { break }
            await Task.yield()
        }
        let after = try await traffic.listed().map(\.key)
        #expect(after == Array(before.prefix(after.count)))
        // Those who ended after the snapshot that the log begins with.
        #expect(after.count > 2 * Traffic.perHour)
        await traffic.engine.close()
    }
}

@Suite struct `Older snapshots` {
    @Test func `are kept, spread over the log, in number and size bounded`() async throws {
        let traffic = try await Traffic()
        for _ in 0..<20 {
            try await traffic.pass(hours: 10)
            try await traffic.settle()
        }
        await traffic.engine.close()
        let path = traffic.directory.path + "/snapshots"
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasSuffix(".snapshot") }
        let lsns = names.compactMap { UInt64($0.prefix(20)) }.sorted()
        #expect(lsns.count >= 4 && lsns.count <= 8, "\(lsns)")
        let last = try #require(lsns.last)
        // No stretch without one is longer than half of the log.
        let gaps = zip([0] + lsns, lsns).map { $1 - $0 }
        #expect(try #require(gaps.max()) <= last / 2, "\(lsns)")
    }
}
