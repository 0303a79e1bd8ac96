package import ByteCoding
import DequeModule
import HeapModule
package import JobModel
import Tables
package import Units

/// The job state machine and its projections: `decide…` may refuse and changes nothing, `apply`
/// may not fail, because the event is already history.
///
/// Reads no clock, does no I/O, draws nothing at random; iteration order and hash seeds reach
/// neither events nor answers. The same `apply` serves live traffic and recovery.
///
/// Calls that change nothing are `mutating`, too: so the state is passed by reference. A borrowing
/// call would copy all of its fields onto the stack (measured: a quarter of the time of a submit).
///
/// Invariants between two calls of `apply`:
/// - `counts` of all users, of all types, and of the whole are equal in sum, status by status;
/// - a job is in `tokens` exactly while its status is CLAIMED or PROCESSING;
/// - a waiting job is in the due wheel (`timed`), in a ready queue (`ready`), behind another
///   occurrence (`blocked`), or is a recurring job between two ticks;
/// - a ready queue is in a ring unless it is parked, and is never empty.
package struct JobState: ~Copyable {
    /// Live and finished jobs; more than this are not held in memory.
    package static let jobsMax = 400_000_000
    static let namesMax = 400_000_000

    var jobs = Slab<JobRecord>(elementsMax: JobState.jobsMax)
    var blobs = BlobStore()
    var keys = HashIndex(elementsMax: JobState.jobsMax)
    var activities = Slab<Activity>(elementsMax: JobState.jobsMax)
    /// Activities of leased jobs by token.
    var tokens = HashIndex(elementsMax: JobState.jobsMax)
    var due = DueWheel(elementsMax: JobState.jobsMax)

    /// Slots of `users` are the numbers of `userNames`.
    var userNames: NameTable
    var users = Slab<UserRecord>(elementsMax: JobState.namesMax)
    /// Types are numbered from 1; `types`, `jobTypes` and `classes` begin with an entry that nobody uses.
    var typeNames: NameTable
    var types: [TypeRecord] = [TypeRecord()]
    /// What `types` are called; beside them, because who reads a name would copy the whole record.
    var jobTypes: [JobType] = [JobType(unchecked: "-")]
    /// Type and policy, as they stand side by side in a `submitted` event.
    var classNames: NameTable
    var classes: [JobClass] = [JobClass(type: 0, policy: .standard)]
    var workerNames: NameTable
    /// Who claimed last, as whoever claims a batch does again at once; 0: nobody has.
    var newestWorker: UInt32 = 0

    var queues = Slab<ReadyQueue>(elementsMax: JobState.jobsMax)
    var queueIndex = HashIndex(elementsMax: JobState.jobsMax)
    /// Types whose claims may find something that they did not find before.
    var readiedTypes: [UInt32] = []
    /// Recurring jobs whose tick has come.
    var ticking: Deque<UInt32> = []
    /// Scratch of `advance`.
    var dueJobs: [UInt32] = []
    /// Scratch of grants, by class.
    var grantPlaces: [GrantPlace] = []
    /// Lists of grants that were begun.
    var grantLists: UInt64 = 0

    var schedules: [UInt32: Schedule] = [:]
    /// The recurring job of each open occurrence.
    var occurrences: [UInt32: UInt32] = [:]
    var expiries = Heap<Expiry>()
    var expiryTimes: [UInt32: WallTime] = [:]
    /// Newest checkpoint of each job that has one and has not ended.
    var checkpoints: [UInt32: [UInt8]] = [:]
    /// Newest progress of each running attempt that told any.
    var progress: [UInt32: [UInt8]] = [:]

    var userControls: [UInt32: Control] = [:]
    var everyUser = Control.none
    /// Something is set for users: asked for each job that runs.
    var holdsUsers = false
    var typeControls: [UInt32: Control] = [:]
    var holds: [HoldScope: HoldHistory] = [:]

    /// Jobs that have ended and are not dead letters, in the order in which they did.
    var ended: Deque<UInt32> = []
    /// Whoever ended up to here is in history, and in memory no longer than it takes to forget it.
    package internal(set) var releasedThrough = LSN.zero
    /// What the digests of the jobs that have left memory add up to.
    var releasedDigest: UInt64 = 0
    /// Dead letters by the time of their death; 0: none.
    var oldestDead: UInt32 = 0
    var newestDead: UInt32 = 0
    /// Scratch of `digest`.
    var digestBytes = ByteWriter(capacity: 1_024)
    /// The snapshot that is being taken.
    var snapshot: SnapshotWalk?
    /// Jobs up to this slot need not be kept for it any more; `.max` while none is taken.
    var jobsSaved: UInt32 = .max

    /// Jobs of a log whose events had no hash of the key, by LSN.
    var jobsOfFirstEncoding: [UInt64: UInt32] = [:]

    /// What hashes of keys are made with; the same for the whole life of a log.
    package let hash: KeyedHash
    /// Jobs by status over all users.
    package internal(set) var counts = StatusCounts()
    /// Jobs that wait for a worker and for nothing else, held back by limits or not.
    package internal(set) var readyCount = 0
    /// LSN of the newest applied event.
    package internal(set) var appliedLSN = LSN.zero
    /// Time of the newest applied event.
    package internal(set) var appliedTime = WallTime.earliest

    package init(hash: KeyedHash) {
        self.hash = hash
        userNames = NameTable(namesMax: Self.namesMax, hash: hash)
        typeNames = NameTable(namesMax: 1 << 24, hash: hash)
        classNames = NameTable(namesMax: 1 << 28, hash: hash)
        workerNames = NameTable(namesMax: 1 << 28, hash: hash)
    }

    /// When a job expires; jobs that have ended or left meanwhile are told by comparing.
    struct Expiry: Comparable {
        let at: WallTime
        let submitted: UInt64
        let job: UInt32

        static func < (left: Expiry, right: Expiry) -> Bool {
            (left.at, left.submitted) < (right.at, right.submitted)
        }
    }
}

// MARK: - Finding jobs

extension JobState {
    /// The hash by which the job of `user` called `job`, one behind the other in `key`, is found.
    package static func keyHash(_ key: RawSpan, userBytes: Int, _ hash: KeyedHash) -> UInt32 {
        UInt32(truncatingIfNeeded: hash.hash(key, salt: UInt64(userBytes)))
    }

    package mutating func keyHash(_ key: JobKey) -> UInt32 { Self.keyHash(key, hash) }

    package static func keyHash(_ key: JobKey, _ hash: KeyedHash) -> UInt32 {
        let bytes = Array(key.user.text.utf8) + Array(key.job.text.utf8)
        return keyHash(bytes.rawBytes, userBytes: key.user.text.utf8.count, hash)
    }

    /// Finds a job by its key; nil if it is not there.
    package mutating func slot(of key: JobKey) -> JobSlot? {
        guard let user = userNumber(key.user) else { return nil }
        let job = Array(key.job.text.utf8)
        return find(user: user, job: job.rawBytes, hash: keyHash(key)).map(JobSlot.init)
    }

    /// Finds the job that `token` is a lease of; nil if the lease has ended.
    package mutating func slot(leasedBy token: LSN) -> JobSlot? {
        activity(of: token).map { JobSlot(index: activities[$0].job) }
    }

    mutating func find(user: UInt32, job: RawSpan, hash: UInt32) -> UInt32? {
        var probe = keys.probe(hash)
        while let slot = keys.next(&probe) {
            if jobs[slot].user == user, blobs.name(of: jobs[slot]).isEqual(to: job) { return slot }
        }
        return nil
    }

    mutating func activity(of token: LSN) -> UInt32? {
        var probe = tokens.probe(Activity.hash(ofToken: token.rawValue))
        while let slot = tokens.next(&probe) {
            if activities[slot].token == token.rawValue { return slot }
        }
        return nil
    }

    /// The job that an event is about.
    ///
    /// - Precondition: it is there, and its newest event is the one that the reference names.
    mutating func find(_ reference: JobReference, hint: UInt32) -> UInt32 {
        if hint != 0, jobs[hint].submitted == reference.submitted.rawValue { return hint }
        if let hash = reference.keyHash {
            var probe = keys.probe(hash)
            while let slot = keys.next(&probe) {
                if jobs[slot].submitted == reference.submitted.rawValue { return slot }
            }
        } else if let slot = jobsOfFirstEncoding[reference.submitted.rawValue] {
            return slot
        }
        preconditionFailure("an event is about job \(reference.submitted), which is not there")
    }

    mutating func userNumber(_ user: UserID) -> UInt32? {
        let name = Array(user.text.utf8)
        return userNames.find(name.rawBytes)
    }

    mutating func typeNumber(_ type: JobType) -> UInt32? {
        let name = Array(type.text.utf8)
        return typeNames.find(name.rawBytes)
    }

    mutating func type(of job: UInt32) -> UInt32 {
        classes[Int(jobs[job].kind)].type
    }

    mutating func policy(of job: UInt32) -> JobPolicy {
        classes[Int(jobs[job].kind)].policy
    }

    /// LSN of the job's newest event.
    mutating func last(_ job: UInt32) -> LSN {
        let activity = jobs[job].activity
        return LSN(rawValue: activity == 0 ? jobs[job].submitted : activities[activity].last)
    }

    mutating func reference(to job: UInt32) -> JobReference {
        JobReference(
            submitted: jobs[job].submittedLSN, previous: last(job), keyHash: jobs[job].keyHash)
    }
}

// MARK: - The bytes of a job

extension JobState {
    mutating func blob(_ job: UInt32) -> JobBlob { blobs.blob(of: jobs[job]) }
}
