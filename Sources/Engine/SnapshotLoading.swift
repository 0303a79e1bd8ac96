import ByteCoding
import EventLog
import JobState
import PayloadPacking
import Snapshots
import Storage
import Units

/// Finds the newest snapshot that is good, and makes the state of it.
struct SnapshotLoading {
    let directory: SnapshotDirectory
    let dictionaries: PayloadDictionaries
    let isThreaded: Bool
    private(set) var identity = LogIdentity(high: 0, low: 0)
    /// The one that was loaded.
    private(set) var loaded: SnapshotReceipt?

    init(directory: SnapshotDirectory, dictionaries: PayloadDictionaries, isThreaded: Bool) {
        self.directory = directory
        self.dictionaries = dictionaries
        self.isThreaded = isThreaded
    }

    /// Nil where there is none, or none that can be read: all is in the log.
    mutating func loadNewest(of identity: LogIdentity, note: (String) -> Void) -> JobState? {
        self.identity = identity
        for lsn in list(note) {
            do {
                let state = try load(lsn)
                note("loaded the snapshot of event \(lsn)")
                return state
            } catch SnapshotError.io(let error) {
                note("a snapshot cannot be read: \(error)")
            } catch SnapshotError.newerFormat(let file, let version) {
                note("\(SnapshotError.newerFormat(file: file, version: version))")
            } catch {
                note("\(error); it is set aside, and the one before is taken")
                setAside(lsn, note)
            }
        }
        return nil
    }

    /// Makes the state of one snapshot, whether there are newer ones or not.
    mutating func load(_ lsn: LSN, of identity: LogIdentity) throws -> JobState {
        self.identity = identity
        return try load(lsn)
    }

    /// Makes the state of the first snapshot that is wanted and good; nil where none is.
    ///
    /// One that is damaged, or gone meanwhile, is passed over and stays where it is.
    mutating func loadFirst(
        of identity: LogIdentity, isOldestFirst: Bool = false, where isWanted: (LSN) -> Bool
    ) -> JobState? {
        let newestFirst = (try? directory.list()) ?? []
        for lsn in isOldestFirst ? newestFirst.reversed() : newestFirst where isWanted(lsn) {
            if let state = try? load(lsn, of: identity) { return state }
        }
        return nil
    }

    private func list(_ note: (String) -> Void) -> [LSN] {
        do throws(StorageError) {
            try directory.removeLeftovers()
            return try directory.list()
        } catch {
            note("there are no snapshots to be read: \(error)")
            return []
        }
    }

    private func setAside(_ lsn: LSN, _ note: (String) -> Void) {
        do throws(StorageError) {
            try directory.setAside(lsn)
        } catch {
            note("it stays where it is: \(error)")
        }
    }

    private mutating func load(_ lsn: LSN) throws -> JobState {
        let path = directory.path(of: lsn)
        let file = try SnapshotFile(path, storage: directory.storage)
        guard file.head.logHigh == identity.high, file.head.logLow == identity.low,
            file.head.lsn == lsn
        else { throw SnapshotFault("\(path) is a snapshot of another log or event") }
        let jobKinds = [StateChunk.Kind.jobs.rawValue, StateChunk.Kind.keptJobs.rawValue]
        var loader = StateLoader(
            hash: KeyedHash(low: identity.low, high: identity.high), size: size(of: file))
        let settings = StateChunk.Kind.settings.rawValue
        try file.forEachPart(ofKinds: { $0 == settings }, isThreaded: false, prepare: { _, _ in }) {
            part, bytes, _ in
            try loader.load(.settings, count: part.count, bytes)
        }
        let indexer = SharedIndexer(loader.beginJobs())
        var saved: [(type: [UInt8], bytes: [UInt8])] = []
        // Jobs come after all that they refer to; to index them, nothing of it is needed.
        try file.forEachPart(
            ofKinds: { $0 != settings }, isThreaded: isThreaded,
            prepare: { part, bytes in
                jobKinds.contains(part.kind) ? try indexer.index(part.count, bytes) : nil
            }
        ) { part, bytes, jobs in
            if let jobs {
                try loader.load(jobs, bytes)
            } else if part.kind == SnapshotTask.dictionariesKind {
                saved = try Self.dictionaries(part.count, bytes)
            } else if let kind = StateChunk.Kind(rawValue: part.kind) {
                try loader.load(kind, count: part.count, bytes)
            } else {
                throw SnapshotFault("\(path) has a part of kind \(part.kind)")
            }
        }
        let totals = SnapshotTotals(lsn: lsn, jobs: file.end.jobs, digest: file.end.digest)
        let state = try loader.finish(indexer.take(), totals)
        directory.note(good: lsn)
        for entry in saved { dictionaries.restore(entry.bytes, ofType: entry.type) }
        loaded = SnapshotReceipt(
            lsn: lsn, jobs: file.end.jobs, byteCount: file.byteCount, path: path)
        return state
    }

    private func size(of file: SnapshotFile) -> StateSize {
        var size = StateSize()
        for part in file.parts {
            size.add(
                StateChunk.Kind(rawValue: part.kind), count: part.count, byteCount: part.byteCount)
        }
        return size
    }

    private static func dictionaries(
        _ count: Int, _ bytes: RawSpan
    ) throws -> [(type: [UInt8], bytes: [UInt8])] {
        var reader = ByteReader(bytes)
        var all: [(type: [UInt8], bytes: [UInt8])] = []
        for _ in 0..<count {
            let typeBytes: UInt32 = try reader.readFixed()
            let type = try reader.readArray(count: Int(typeBytes))
            let byteCount: UInt32 = try reader.readFixed()
            all.append((type, try reader.readArray(count: Int(byteCount))))
        }
        return all
    }
}

/// An indexer for the thread that reads the parts.
private final class SharedIndexer: @unchecked Sendable {
    // Sendable: `index` is called by that thread alone, `take` when it has ended.
    private var indexer: JobIndexer?

    init(_ indexer: consuming JobIndexer) { self.indexer = consume indexer }

    func index(_ count: Int, _ bytes: RawSpan) throws -> IndexedJobs {
        guard let jobs = try indexer?.index(count, bytes) else {
            preconditionFailure("an indexer that was taken")
        }
        return jobs
    }

    func take() -> JobIndexer {
        guard let taken = indexer.take() else { preconditionFailure("an indexer taken twice") }
        return taken
    }
}
