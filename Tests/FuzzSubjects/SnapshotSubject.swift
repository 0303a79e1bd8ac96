import ByteCoding
import JobModel
import JobState
import Snapshots
import Units

/// A snapshot whose checksums are good: what is loaded is a state, and saved it is the same once more.
enum SnapshotSubject {
    static func run(_ input: [UInt8]) throws(Finding) -> Verdict {
        let first = load(SnapshotImage.repaired(input))
        guard case .success(let loaded) = first else { return .refused("\(first)") }
        let second = load(loaded.image)
        guard case .success(let again) = second else {
            throw Finding("what was loaded cannot be loaded once more: \(second)")
        }
        try require(again == loaded, "loaded, saved and loaded, it is another state")
        do {
            var state = try state(of: loaded.image)
            guard try goOn(&state) else { return .accepted(records: loaded.totals.jobs) }
            let (chunks, totals) = saved(&state)
            _ = try self.state(of: SnapshotImage.file(chunks, totals))
        } catch {
            throw Finding("what was loaded cannot go on: \(error)")
        }
        return .accepted(records: loaded.totals.jobs)
    }

    /// A state as it looks after it was loaded.
    private struct Loaded: Equatable {
        /// What was saved of it.
        let image: [UInt8]
        let totals: SnapshotTotals
        /// The users' listings.
        let pages: [String]

        static func == (left: Loaded, right: Loaded) -> Bool {
            left.totals == right.totals && left.pages == right.pages
        }
    }

    private static func load(_ bytes: [UInt8]) -> Result<Loaded, any Error> {
        Result {
            var state = try state(of: bytes)
            let digest = state.digest()
            let pages = try pages(&state)
            let (chunks, totals) = saved(&state)
            guard totals.digest == digest else {
                throw Finding("the state's digest is \(digest), saved it is \(totals.digest)")
            }
            return Loaded(
                image: SnapshotImage.file(chunks, totals), totals: totals, pages: pages)
        }
    }

    private static func state(of bytes: [UInt8]) throws -> JobState {
        let storage = MemoryStorage([("\(memoryDirectory)/a.snapshot", bytes)])
        let file = try SnapshotFile("\(memoryDirectory)/a.snapshot", storage: storage)
        let identity = SnapshotImage.identity
        guard file.head.logLow == identity, file.head.logHigh == identity else {
            throw SnapshotFault("a snapshot of another log")
        }
        var size = StateSize()
        for part in file.parts {
            size.add(
                StateChunk.Kind(rawValue: part.kind), count: part.count, byteCount: part.byteCount)
        }
        var loader = StateLoader(hash: KeyedHash(low: identity, high: identity), size: size)
        let jobKinds = [StateChunk.Kind.jobs.rawValue, StateChunk.Kind.keptJobs.rawValue]
        try file.forEachPart(
            ofKinds: { !jobKinds.contains($0) }, isThreaded: false, prepare: { _, _ in }
        ) { part, bytes, _ in
            guard let kind = StateChunk.Kind(rawValue: part.kind) else {
                throw SnapshotFault("a part of kind \(part.kind)")
            }
            try loader.load(kind, count: part.count, bytes)
        }
        var indexer = loader.beginJobs()
        try file.forEachPart(
            ofKinds: jobKinds.contains, isThreaded: false, prepare: { _, _ in }
        ) { part, bytes, _ in
            try loader.load(try indexer.index(part.count, bytes), bytes)
        }
        let totals = SnapshotTotals(
            lsn: file.head.lsn, jobs: file.end.jobs, digest: file.end.digest)
        return try loader.finish(indexer, totals)
    }

    private static func pages(_ state: inout JobState) throws -> [String] {
        var lines: [String] = []
        for (user, counts) in state.users(skip: 0, limit: 100) {
            lines.append("\(user) \(counts)")
            let page = try state.page(
                of: user, statuses: [], type: nil, before: nil, limit: 100, looksMax: 100)
            for job in page.jobs { lines.append("\(state.view(job))") }
        }
        return lines
    }

    /// Lets every lease run out, holds users and types back, and has jobs tick, expire, be claimed and fail: what a snapshot says
    /// must not stop an engine later.
    ///
    /// - Returns: False where the state is of a time or a position that no engine comes near.
    private static func goOn(_ state: inout JobState) throws -> Bool {
        guard state.appliedTime < WallTime(microseconds: 1 << 54),
            state.appliedLSN.rawValue < 1 << 62
        else { return false }
        let now = max(state.appliedTime, WallTime(microseconds: 1 << 51))
        let later = now.advanced(by: .seconds(86_400))
        func apply(_ fact: Fact, _ state: inout JobState) {
            state.apply(Event(time: now, fact: fact), at: state.appliedLSN.next)
        }
        for terms in state.allTerms() {
            guard terms.duration >= .zero, terms.duration <= JobLimits.durationMax else {
                throw Finding("a lease of \(terms.duration)")
            }
            apply(state.decideExpiry(terms.job, reason: .leaseExpired, now: now), &state)
        }
        var types: Set<JobType> = []
        for (user, _) in state.users(skip: 0, limit: 20) {
            let page = try state.page(
                of: user, statuses: [], type: nil, before: nil, limit: 20, looksMax: 20)
            for job in page.jobs { types.insert(state.view(job).type) }
            for control in [Control(isPaused: true), nil] {
                apply(.controlChanged(.user(user), control), &state)
            }
        }
        let wanted = types.sorted { $0.text < $1.text }
        for type in wanted {
            for control in [Control(isPaused: true), nil] {
                apply(.controlChanged(.type(type), control), &state)
            }
        }
        _ = state.advance(to: later, jobsMax: 1_000)
        for _ in 0..<10 {
            if let (_, fact) = state.decideTick(now: later) { apply(fact, &state) }
            if let (_, fact) = state.decideExpired(now: later) { apply(fact, &state) }
            _ = state.advance(to: later, jobsMax: 1_000)
        }
        let worker = WorkerName(unchecked: "w")
        var line = state.line(of: wanted)
        for _ in 0..<100 {
            guard let job = state.next(in: &line) else { break }
            apply(state.decideClaim(job, worker: worker, leaseDuration: nil), &state)
            apply(state.decideFail(job, isRetriable: true, message: nil, now: now), &state)
        }
        return true
    }

    static func saved(_ state: inout JobState) -> (chunks: [StateChunk], totals: SnapshotTotals) {
        state.beginSnapshot()
        while state.continueSnapshot(entriesMax: 1_000) {}
        let chunks = state.takeChunks()
        return (chunks, state.endSnapshot())
    }
}
