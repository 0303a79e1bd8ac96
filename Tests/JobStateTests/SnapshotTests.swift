import ByteCoding
import JobCoding
import JobModel
import JobState
import Testing
import Units

/// Jobs of every kind, drawn from a seed: what a snapshot has to cope with.
private final class RandomHistory {
    let driver: StateDriver
    private var random: UInt64
    private var count = 0
    private var tokens: [LSN] = []
    private let users = ["ann", "bob", "a name of more than sixteen bytes"]

    init(seed: UInt64, driver: StateDriver = StateDriver()) {
        self.driver = driver
        random = seed
    }

    /// The same draws from here on, for another state of the same history.
    func copy(for driver: StateDriver) -> RandomHistory {
        let copy = RandomHistory(seed: random, driver: driver)
        (copy.count, copy.tokens) = (count, tokens)
        return copy
    }

    /// SplitMix64 (Steele, Lea, Flood, 2014).
    private func draw(below count: Int) -> Int {
        random &+= 0x9E37_79B9_7F4A_7C15
        var bits = random
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) % UInt64(count))
    }

    private func anyKey() -> JobKey { JobKey(users[draw(below: 3)], "j\(draw(below: count + 1))") }

    func step() {
        switch draw(below: 20) {
        case 0...6: submit()
        case 7...9: claim()
        case 10...14: report()
        case 15: try? driver.cancel(anyKey())
        case 16: try? driver.redrive(anyKey())
        case 17: reschedule()
        case 18: control()
        default: driver.pass(.seconds(Int64(draw(below: 40))), step: .seconds(5))
        }
    }

    private func submit() {
        count += 1
        var content = JobContent.mail
        switch draw(below: 6) {
        case 0:
            let rule: RecurrenceRule =
                draw(below: 2) == 0 ? .fixedRate(.seconds(7)) : .fixedDelay(.seconds(9))
            content = .recurring(
                rule, overlap: [.skip, .queue, .allow][draw(below: 3)],
                missed: [.once, .skip][draw(below: 2)])
        case 1: content.expiresAt = driver.now.advanced(by: .seconds(30))
        case 2: content.executionTime = driver.now.advanced(by: .seconds(Int64(draw(below: 90))))
        case 3: content.resultLocation = "file:///results/\(count)"
        default: break
        }
        content.priority = UInt8(draw(below: 3))
        content.payload = [UInt8](repeating: UInt8(draw(below: 256)), count: draw(below: 300))
        _ = try? driver.submit(JobKey(users[draw(below: 3)], "j\(count)"), content)
    }

    private func claim() {
        if let token = driver.claim() { tokens.append(token) }
    }

    private func report() {
        guard !tokens.isEmpty else { return claim() }
        let index = draw(below: tokens.count)
        let token = tokens[index]
        let act = draw(below: 7)
        if act >= 2 { tokens.remove(at: index) }
        switch act {
        case 0: try? driver.start(token)
        case 1:
            let blob = [UInt8](repeating: UInt8(draw(below: 256)), count: 20)
            try? driver.heartbeat(token, progress: [1, UInt8(draw(below: 9))], checkpoint: blob)
        case 2: try? driver.fail(token)
        case 3: try? driver.fail(token, isRetriable: false)
        case 4: _ = driver.expire(token)
        default: try? driver.finish(token)
        }
    }

    private func reschedule() {
        try? driver.reschedule(
            anyKey(), priority: UInt8(draw(below: 3)),
            executionTime: draw(below: 2) == 0
                ? nil : driver.now.advanced(by: .seconds(Int64(draw(below: 60)))))
    }

    private func control() {
        let control = Control(
            isPaused: false, waitingMax: draw(below: 2) == 0 ? nil : 200,
            runningMax: draw(below: 2) == 0 ? nil : UInt32(1 + draw(below: 4)))
        switch draw(below: 3) {
        case 0: driver.control(.user(users[draw(below: 3)]), control)
        case 1: driver.control(.everyUser, control)
        default: driver.control(.type(.mail), Control(runningMax: control.runningMax))
        }
    }
}

extension StateDriver {
    /// A snapshot that is taken by a few entries at a time while `act` goes on.
    fileprivate func snapshot(
        entriesAtATime: Int, while act: () -> Void
    ) -> (chunks: [StateChunk], totals: SnapshotTotals) {
        state.beginSnapshot()
        var chunks: [StateChunk] = []
        while state.continueSnapshot(entriesMax: entriesAtATime) {
            chunks += state.takeChunks()
            act()
        }
        chunks += state.takeChunks()
        return (chunks, state.endSnapshot())
    }

    /// A state made of a snapshot.
    fileprivate static func loaded(
        _ chunks: [StateChunk], _ totals: SnapshotTotals
    ) throws -> StateDriver {
        var size = StateSize()
        // More jobs come than were expected.
        for chunk in chunks {
            let expected = chunk.kind == .users ? chunk.count : chunk.count / 2
            size.add(chunk.kind, count: expected, byteCount: chunk.bytes.bytes.byteCount)
        }
        var loader = StateLoader(hash: hash, size: size)
        let jobKinds: [StateChunk.Kind] = [.jobs, .keptJobs]
        for chunk in chunks.sorted(by: { $0.kind.rawValue < $1.kind.rawValue })
        where !jobKinds.contains(chunk.kind) {
            try loader.load(chunk.kind, count: chunk.count, chunk.bytes.bytes)
        }
        var indexer = loader.beginJobs()
        for kind in jobKinds {
            for chunk in chunks where chunk.kind == kind {
                let jobs = try indexer.index(chunk.count, chunk.bytes.bytes)
                try loader.load(jobs, chunk.bytes.bytes)
            }
        }
        let driver = StateDriver()
        driver.state = try loader.finish(indexer, totals)
        return driver
    }

    /// A state folded from the first events of a history.
    fileprivate static func folded(_ events: some Sequence<Event>) -> StateDriver {
        let driver = StateDriver()
        for event in events { driver.state.apply(event, at: driver.state.appliedLSN.next) }
        return driver
    }

    /// Everything that people and workers see.
    fileprivate func appearance() throws -> [String] {
        var lines = ["\(counts) \(state.userCount) \(state.typeCounts())"]
        lines += allTerms().map { "\($0.token) \($0.duration) \(String(describing: $0.runLimit))" }
        for (user, counts) in state.users(skip: 0, limit: 100) {
            lines.append("\(user) \(counts)")
            for job in try page(user.text, limit: 10_000, looksMax: 10_000).jobs {
                lines.append("\(job)")
                lines.append("\(String(describing: try checkpoint(job.key)))")
                lines.append("\(String(describing: try progress(job.key)))")
            }
        }
        return lines + deadLetters() + state.controls().map { "\($0)" }
    }

    /// When jobs were held back lately.
    fileprivate func holds() throws -> [[HoldSpan]] {
        try state.users(skip: 0, limit: 100).map { user, _ in
            let newest = try page(user.text, limit: 1).jobs.first
            return newest.flatMap { state.slot(of: $0.key) }.map { state.holdSpans($0) } ?? []
        }
    }
}

@Suite struct `A snapshot of the state` {
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `taken bit by bit under a random history is the state as it was when it began`(
        seed: UInt64
    ) throws {
        let history = RandomHistory(seed: seed)
        for _ in 0..<Int(50 + seed * 15) { history.step() }
        let length = history.driver.history.count
        let holds = try history.driver.holds()
        let taken = history.driver.snapshot(entriesAtATime: 32) {
            for _ in 0..<Int(1 + seed % 9) { history.step() }
        }
        let loaded = try StateDriver.loaded(taken.chunks, taken.totals)
        let folded = StateDriver.folded(history.driver.history.prefix(length))
        #expect(taken.totals.digest == folded.state.digest())
        #expect(loaded.state.digest() == folded.state.digest())
        #expect(try loaded.appearance() == folded.appearance())
        #expect(try loaded.holds() == holds)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `goes on like the state that it was taken from`(seed: UInt64) throws {
        let history = RandomHistory(seed: 1_000 + seed)
        for _ in 0..<Int(50 + seed * 20) { history.step() }
        let length = history.driver.history.count
        let now = history.driver.now
        let start = history.copy(for: StateDriver.folded(history.driver.history))
        let taken = history.driver.snapshot(entriesAtATime: 40) { history.step() }
        let loaded = start.copy(for: try StateDriver.loaded(taken.chunks, taken.totals))
        for other in [start, loaded] { other.driver.now = now }
        for _ in 0..<400 {
            start.step()
            loaded.step()
        }
        #expect(start.driver.history == loaded.driver.history)
        #expect(start.driver.history.count > 50)
        #expect(start.driver.state.digest() == loaded.driver.state.digest())
        #expect(try start.driver.appearance() == loaded.driver.appearance())
        #expect(length == Int(taken.totals.lsn.rawValue))
        for other in [start, loaded] { other.driver.releaseAll() }
        #expect(try start.driver.appearance() == loaded.driver.appearance())
    }

    @Test func `has those that wait for their time where they can be taken out again`() throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.executionTime = driver.now.advanced(by: .seconds(3_600))
        let keys = (1...40).map { JobKey("ann", "j\($0)") }
        for key in keys { try driver.submit(key, content) }
        let taken = driver.snapshot(entriesAtATime: 100) {}
        let loaded = try StateDriver.loaded(taken.chunks, taken.totals)
        loaded.now = driver.now
        for key in keys.prefix(30) { try loaded.cancel(key) }
        for key in keys.dropFirst(30).prefix(5) {
            try loaded.reschedule(key, executionTime: driver.now.advanced(by: .seconds(7_200)))
        }
        loaded.pass(.seconds(3_600), step: .seconds(1_800))
        #expect(loaded.readyCount == 5)
        loaded.pass(.seconds(3_600), step: .seconds(1_800))
        #expect(loaded.readyCount == 10)
    }

    @Test(arguments: [40, 4_000])
    func `has nothing of the payload of a job that has ended`(byteCount: Int) throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.payload = Array(repeating: UInt8(ascii: "x"), count: byteCount)
        try driver.submit(JobKey("ann", "j1"), content)
        try driver.finish(try #require(driver.claim()))
        let ended = driver.snapshot(entriesAtATime: 100) {}
        let bytes = ended.chunks.flatMap { $0.bytes.bytes.array }
        #expect(!bytes.contains(UInt8(ascii: "x")))
        let loaded = try StateDriver.loaded(ended.chunks, ended.totals)
        #expect(try loaded.appearance() == driver.appearance())
        // A small one is worth nothing while its job is in memory.
        #expect(driver.state.blobBytes < 400)
    }

    @Test func `has small chunks, however large its jobs are`() throws {
        let driver = StateDriver()
        var content = JobContent.mail
        content.payload = Array(repeating: 7, count: JobLimits.payloadBytesMax)
        let checkpoint = Array(repeating: UInt8(8), count: JobLimits.checkpointBytesMax)
        for number in 1...40 {
            try driver.submit(JobKey("ann", "j\(number)"), content)
            try driver.heartbeat(try #require(driver.claim()), checkpoint: checkpoint)
        }
        let taken = driver.snapshot(entriesAtATime: 100) {}
        // A part of a snapshot has 4 MiB at most.
        #expect(taken.chunks.allSatisfy { $0.bytes.count < 1 << 20 })
        let loaded = try StateDriver.loaded(taken.chunks, taken.totals)
        #expect(try loaded.appearance() == driver.appearance())
    }

    @Test func `of nothing is nothing`() throws {
        let taken = StateDriver().snapshot(entriesAtATime: 1) {}
        let loaded = try StateDriver.loaded(taken.chunks, taken.totals)
        #expect(loaded.state.digest() == StateDriver().state.digest())
    }

    @Test func `with a job too few is refused`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j1"))
        let taken = driver.snapshot(entriesAtATime: 100) {}
        let chunks = taken.chunks.filter { $0.kind != .jobs }
        #expect(throws: SnapshotFault.self) { try StateDriver.loaded(chunks, taken.totals) }
    }

    /// Each count alone is one that may be; added up they would run over soon.
    @Test func `with more jobs that left memory than there can have been is refused`() throws {
        var types = ByteWriter()
        let count = 1_400
        for number in 0..<count {
            let name = Array("type-\(number)".utf8)
            types.writeFixed(UInt32(name.count))
            types.write(name)
            // Neither controlled nor ever held.
            types.writeFixed(UInt16(0))
            for _ in 0..<3 { types.writeFixed(UInt64(1) << 48 - 1) }
        }
        var loader = StateLoader(hash: StateDriver.hash, size: StateSize())
        do {
            try loader.load(.types, count: count, types.bytes)
            Issue.record("counts of 2^60 jobs were loaded")
        } catch {
            #expect(error.description.contains("jobs"))
        }
    }

    @Test func `with jobs of a user that is not in it is refused`() throws {
        let driver = StateDriver()
        try driver.submit(JobKey("ann", "j1"))
        let taken = driver.snapshot(entriesAtATime: 100) {}
        let chunks = taken.chunks.filter { $0.kind != .users }
        #expect(throws: SnapshotFault.self) { try StateDriver.loaded(chunks, taken.totals) }
    }
}
