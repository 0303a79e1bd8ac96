import ByteCoding
import JobModel
import Tables
import Units

/// Puts jobs of a snapshot into the indexes and their users' lists before their records are made.
///
/// Nearly all of that is waiting for memory, so that it pays to let another thread do it meanwhile.
package struct JobIndexer: ~Copyable {
    var keys: HashIndex
    var due: DueWheel
    /// By number of the user.
    private(set) var users: Slab<UserList>
    /// The last slot that a job was promised.
    private var slot: UInt32 = 0
    private let size: StateSize
    private var group: [Entry] = []

    /// What the indexes need of a job.
    private struct Entry {
        let keyHash: UInt32
        let user: UInt32
        let submitted: UInt64
        let isNotStarted: Bool
        /// Nil: it does not wait for its time.
        let dueMicroseconds: Int64?
    }

    init(keys: consuming HashIndex, due: consuming DueWheel, size: StateSize) {
        self.keys = keys
        self.due = due
        users = Slab(elementsMax: min(size.users, JobState.namesMax))
        self.size = size
    }

    /// Indexes the jobs of a chunk; called for one chunk after another, as they will be loaded.
    ///
    /// - Parameters:
    ///   - count: Jobs in it.
    ///   - bytes: Of the chunk.
    /// - Returns: Where they are.
    /// - Throws: What is wrong with the bytes.
    package mutating func index(
        _ count: Int, _ bytes: RawSpan
    ) throws(SnapshotFault) -> IndexedJobs {
        do {
            return try indexed(count, bytes)
        } catch {
            throw StateLoader.fault(error, in: "a chunk of jobs")
        }
    }

    private mutating func indexed(_ count: Int, _ bytes: RawSpan) throws -> IndexedJobs {
        if slot == 0 { expectJobs() }
        var reader = ByteReader(bytes)
        // A count that is not true ends with the bytes.
        let jobsMax = min(count, bytes.byteCount / SavedLayout.jobBytes)
        var jobs = IndexedJobs(firstSlot: slot + 1, jobsMax: jobsMax)
        while jobs.count < count {
            try lookAhead(min(count - jobs.count, JobState.prefetchMax), &reader)
            for entry in group {
                slot += 1
                keys.insert(slot, hash: entry.keyHash)
                let duePosition = entry.dueMicroseconds.map {
                    due.insert(slot, dueMicroseconds: $0)
                }
                jobs.places.append(
                    IndexedJobs.Place(duePosition: duePosition ?? 0, older: list(entry)))
            }
        }
        return jobs
    }

    /// Not earlier: all users have been read by now, so that there are as many, and the other thread is busy
    /// with them.
    private mutating func expectJobs() {
        keys.expect(size.jobs)
        due.expect(size.jobs)
        while users.slotsUsed < min(size.users, JobState.namesMax) {
            _ = users.allocate(UserList())
        }
    }

    /// Puts the job at `slot` at the front of its user's list.
    ///
    /// - Returns: The one behind it, 0 where there is none; nil: its place is not the front.
    private mutating func list(_ entry: Entry) -> UInt32? {
        if entry.isNotStarted { users[entry.user].notStarted += 1 }
        let (older, submitted) = (users[entry.user].newest, users[entry.user].submitted)
        if older != 0, entry.submitted <= submitted { return nil }
        users[entry.user].newest = slot
        users[entry.user].submitted = entry.submitted
        return older
    }

    /// Reads the fixed parts of the next jobs, and has what they touch fetched.
    private mutating func lookAhead(_ size: Int, _ reader: inout ByteReader) throws {
        group.removeAll(keepingCapacity: true)
        for _ in 0..<size {
            let fields = try SavedJob(reading: &reader)
            keys.prefetch(fields.keyHash)
            due.prefetchBucket(dueMicroseconds: fields.dueAt.microseconds)
            guard fields.user >= 1, fields.user <= users.slotsUsed else {
                throw SnapshotFault("user \(fields.user) of job \(fields.submitted)")
            }
            users.prefetch(fields.user)
            try fields.skip(&reader)
            group.append(
                Entry(
                    keyHash: fields.keyHash, user: fields.user,
                    submitted: fields.submitted.rawValue,
                    isNotStarted: fields.status == .notStarted,
                    dueMicroseconds: fields.waitsForTime ? fields.dueAt.microseconds : nil))
        }
        for entry in group {
            keys.prefetchSecond(entry.keyHash)
            if let time = entry.dueMicroseconds { due.prefetch(dueMicroseconds: time) }
        }
    }
}

/// The list of a user's jobs that are indexed.
struct UserList: BitwiseCopyable {
    /// First event of `newest`.
    var submitted: UInt64 = 0
    /// The job that was submitted last; 0: none.
    var newest: UInt32 = 0
    /// Jobs that no worker has started.
    var notStarted: UInt32 = 0
}

/// Jobs of a chunk that are in the indexes, and not in memory yet.
package struct IndexedJobs: Sendable {
    struct Place {
        /// In the due wheel; 0: nowhere yet.
        let duePosition: UInt32
        /// The user's job that was submitted before; 0: none; nil: the job is to be listed among others.
        let older: UInt32?
    }

    /// That of the first job; the others follow.
    let firstSlot: UInt32
    fileprivate(set) var places: [Place] = []

    fileprivate init(firstSlot: UInt32, jobsMax: Int) {
        self.firstSlot = firstSlot
        places.reserveCapacity(jobsMax)
    }

    var count: Int { places.count }
}
