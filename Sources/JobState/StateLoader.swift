package import ByteCoding
import DequeModule
import JobCoding
import JobModel
import Tables
import Units

/// Builds a state from the chunks of a snapshot, given kind after kind.
///
/// What is wrong with them is thrown, never trusted: their checksums say only that they are as they
/// were written.
package struct StateLoader: ~Copyable {
    var state: JobState
    /// Jobs that came after a later one of the same user.
    var stragglers: [UInt32] = []
    var dead: [(lsn: UInt64, job: UInt32)] = []
    var ended: [(lsn: UInt64, job: UInt32)] = []
    var openOccurrences: [(submitted: UInt64, job: UInt32, parent: UInt64)] = []
    var recurring: [UInt64: UInt32] = [:]
    /// Jobs that are to be put into the due wheel, and when they are due.
    var timed: [(job: UInt32, dueAt: WallTime)] = []
    var jobCount: UInt64 = 0
    /// Jobs that had left memory, of the types so far.
    private var releasedJobs: UInt64 = 0
    private let size: StateSize

    /// - Parameters:
    ///   - hash: Of keys.
    ///   - size: What is to come.
    package init(hash: KeyedHash, size: StateSize) {
        state = JobState(hash: hash)
        state.jobs.beginLoad(of: size.jobs)
        state.blobs.beginLoad(of: size.jobBytes)
        self.size = size
    }

    /// Loads a chunk of anything but jobs.
    package mutating func load(
        _ kind: StateChunk.Kind, count: Int, _ bytes: RawSpan
    ) throws(SnapshotFault) {
        var reader = ByteReader(bytes)
        do {
            switch kind {
            case .settings: try loadSettings(&reader)
            case .users: try loadUsers(count, &reader)
            case .types: for _ in 0..<count { try loadType(&reader) }
            case .classes: for _ in 0..<count { try loadClass(&reader) }
            case .workers: for _ in 0..<count { try loadWorker(&reader) }
            case .jobs, .keptJobs: preconditionFailure("jobs that were not indexed")
            }
        } catch {
            throw Self.fault(error, in: "a chunk of \(kind)")
        }
        try Self.checkEnd(reader, "a chunk of \(kind)")
    }

    /// Lends the indexes that jobs are put into: called once, when the settings are loaded.
    package mutating func beginJobs() -> JobIndexer {
        var keys = HashIndex(elementsMax: 0)
        var due = DueWheel(elementsMax: 0)
        swap(&keys, &state.keys)
        swap(&due, &state.due)
        return JobIndexer(keys: keys, due: due, size: size)
    }

    /// Loads a chunk of jobs: what was indexed of it, and its bytes.
    package mutating func load(
        _ jobs: IndexedJobs, _ bytes: RawSpan
    ) throws(SnapshotFault) {
        var reader = ByteReader(bytes)
        do {
            try loadJobs(jobs, &reader)
        } catch {
            throw Self.fault(error, in: "a chunk of jobs")
        }
        try Self.checkEnd(reader, "a chunk of jobs")
    }

    static func fault(_ error: any Error, in chunk: String) -> SnapshotFault {
        error as? SnapshotFault ?? SnapshotFault("\(chunk): \(error)")
    }

    private static func checkEnd(
        _ reader: ByteReader, _ chunk: String
    ) throws(SnapshotFault) {
        guard reader.remaining == 0 else {
            throw SnapshotFault("\(reader.remaining) bytes behind \(chunk)")
        }
    }

    /// The state, put together from all chunks.
    ///
    /// - Parameters:
    ///   - indexer: What `beginJobs` gave.
    ///   - totals: What the snapshot says that it is.
    /// - Returns: The state after the snapshot's event.
    /// - Throws: `SnapshotFault` where the chunks are not a whole.
    package consuming func finish(
        _ indexer: consuming JobIndexer, _ totals: SnapshotTotals
    ) throws(SnapshotFault) -> JobState {
        swap(&state.keys, &indexer.keys)
        swap(&state.due, &indexer.due)
        state.keys.settle(in: state.jobs)
        state.jobs.endLoad()
        state.blobs.endLoad()
        list(indexer)
        for entry in timed { state.wait(entry.job, until: entry.dueAt) }
        guard totals.jobs == jobCount else {
            throw SnapshotFault("\(jobCount) jobs, of \(totals.jobs)")
        }
        guard totals.lsn == state.appliedLSN else {
            throw SnapshotFault("its settings are of event \(state.appliedLSN)")
        }
        state.relist(stragglers)
        for entry in dead.sorted(by: { $0.lsn < $1.lsn }) { state.bury(entry.job) }
        for entry in ended.sorted(by: { $0.lsn < $1.lsn }) { state.ended.append(entry.job) }
        for entry in openOccurrences.sorted(by: { $0.submitted < $1.submitted }) {
            guard let parent = recurring[entry.parent], state.schedules[parent] != nil else {
                throw SnapshotFault("occurrence \(entry.submitted) of a job that is not there")
            }
            state.occurrences[entry.job] = parent
            state.schedules[parent]?.open.append(entry.job)
        }
        state.noteUserControls()
        return state
    }

    /// Says to users what the indexer knows of their jobs.
    private mutating func list(_ indexer: borrowing JobIndexer) {
        for number in 0..<min(indexer.users.slotsUsed, state.users.slotsUsed) {
            let user = UInt32(number + 1)
            state.users[user].newest = indexer.users[user].newest
            state.users[user].count(.notStarted, by: Int(indexer.users[user].notStarted))
        }
    }

    private mutating func loadSettings(_ reader: inout ByteReader) throws {
        state.appliedLSN = LSN(rawValue: try reader.readFixed())
        state.appliedTime = try reader.readTime()
        state.everyUser = try Control(reading: &reader)
        state.releasedThrough = LSN(rawValue: try reader.readFixed())
        state.releasedDigest = try reader.readFixed()
        state.beginDue()
    }

    /// Users in groups: the memory that all of a group will touch is asked for at once, as for submits.
    private mutating func loadUsers(_ count: Int, _ reader: inout ByteReader) throws {
        if state.userNames.count == 0 {
            state.userNames.expect(size.users)
            state.users.expect(size.users)
        }
        var left = count
        while left > 0 {
            let size = min(left, JobState.prefetchMax)
            var ahead = reader
            for _ in 0..<size { try prefetchUser(&ahead) }
            for _ in 0..<size { try loadUser(&reader) }
            left -= size
        }
    }

    private mutating func prefetchUser(_ reader: inout ByteReader) throws {
        let name = try reader.readSized()
        state.userNames.prefetch(UInt32(truncatingIfNeeded: state.hash.hash(name)))
        _ = try reader.readControl()
        _ = try reader.readHolds()
        _ = try reader.readReleased()
    }

    private mutating func loadUser(_ reader: inout ByteReader) throws {
        let count = state.userNames.count
        let user = state.userNumber(try reader.readText())
        guard user == count + 1 else { throw SnapshotFault("user \(user) comes twice") }
        if let control = try reader.readControl() { state.userControls[user] = control }
        if let holds = try reader.readHolds() { state.holds[.user(user)] = holds }
        state.users[user].released = try reader.readReleased()
    }

    private mutating func loadType(_ reader: inout ByteReader) throws {
        let count = state.typeNames.count
        let type = state.typeNumber(try reader.readText())
        guard type == count + 1 else { throw SnapshotFault("type \(type) comes twice") }
        state.typeControls[type] = try reader.readControl()
        state.holds[.type(type)] = try reader.readHolds()
        let released = try reader.readReleased()
        releasedJobs += released.success + released.fatalFailure + released.cancelled
        guard releasedJobs < 1 << 60 else { throw SnapshotFault("counts of \(releasedJobs) jobs") }
        state.types[Int(type)].released = released
        state.types[Int(type)].counts = state.types[Int(type)].counts + released
        state.counts = state.counts + released
    }

    private mutating func loadClass(_ reader: inout ByteReader) throws {
        let type: UInt32 = try reader.readFixed()
        guard type >= 1, type < state.types.count else {
            throw SnapshotFault("a class of type \(type)")
        }
        let bytes = try reader.readText()
        let policy = try JobPolicy(decoding: bytes)
        // The name of a class is what stands in a `submitted` event.
        let name = Array(state.jobTypes[Int(type)].text.utf8)
        let number = state.classNames.intern(
            (name + bytes.array).rawBytes, salt: UInt64(name.count))
        guard number == state.classes.count else {
            throw SnapshotFault("class \(number) comes twice")
        }
        state.classes.append(JobClass(type: type, policy: policy))
    }

    private mutating func loadWorker(_ reader: inout ByteReader) throws {
        let count = state.workerNames.count
        let worker = state.workerNames.intern(try reader.readText())
        guard worker == count + 1 else { throw SnapshotFault("worker \(worker) comes twice") }
    }
}

extension Control {
    init(reading reader: inout ByteReader) throws {
        let paused: UInt8 = try reader.readFixed()
        let waitingMax = try reader.readMaximum()
        let runningMax = try reader.readMaximum()
        self.init(isPaused: paused != 0, waitingMax: waitingMax, runningMax: runningMax)
    }
}

extension ByteReader {
    mutating func readTime() throws -> WallTime {
        let time = WallTime(microseconds: try readFixed())
        guard time >= .earliest, time <= .latest else {
            throw SnapshotFault("a time of \(time.microseconds) µs")
        }
        return time
    }

    @_lifetime(copy self)
    mutating func readSized() throws(ByteFault) -> RawSpan {
        let count: UInt32 = try readFixed()
        return try read(count: Int(count))
    }

    /// A name or a policy: none has as many bytes as are refused here.
    @_lifetime(copy self)
    fileprivate mutating func readText() throws -> RawSpan {
        let text = try readSized()
        guard text.byteCount <= 4_096 else {
            throw SnapshotFault("a name of \(text.byteCount) bytes")
        }
        return text
    }

    fileprivate mutating func readMaximum() throws -> UInt32? {
        let value: UInt64 = try readFixed()
        if value == .max { return nil }
        guard let maximum = UInt32(exactly: value) else {
            throw SnapshotFault("a maximum of \(value)")
        }
        return maximum
    }

    fileprivate mutating func readControl() throws -> Control? {
        let isThere: UInt8 = try readFixed()
        return isThere == 0 ? nil : try Control(reading: &self)
    }

    fileprivate mutating func readReleased() throws -> ReleasedCounts {
        ReleasedCounts(
            success: try readCount(), fatalFailure: try readCount(), cancelled: try readCount())
    }

    /// A count of jobs, so bounded that three of them can be added.
    private mutating func readCount() throws -> UInt64 {
        let count: UInt64 = try readFixed()
        guard count < 1 << 48 else { throw SnapshotFault("a count of \(count) jobs") }
        return count
    }

    fileprivate mutating func readHolds() throws -> HoldHistory? {
        let count: UInt8 = try readFixed()
        guard count > 0 else { return nil }
        guard count <= HoldHistory.spansMax else { throw SnapshotFault("\(count) holds") }
        var spans: [HoldSpan] = []
        for _ in 0..<count {
            let number: UInt8 = try readFixed()
            let hold = try Hold(saved: number, limit: try readFixed())
            let from = WallTime(microseconds: try readFixed())
            let to: Int64 = try readFixed()
            spans.append(
                HoldSpan(hold: hold, from: from, to: to == .max ? nil : WallTime(microseconds: to)))
        }
        return HoldHistory(spans)
    }
}
