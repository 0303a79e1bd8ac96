import ByteCoding
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

    static func saved(_ state: inout JobState) -> (chunks: [StateChunk], totals: SnapshotTotals) {
        state.beginSnapshot()
        while state.continueSnapshot(entriesMax: 1_000) {}
        let chunks = state.takeChunks()
        return (chunks, state.endSnapshot())
    }
}
