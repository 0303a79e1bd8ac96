import HeapModule
package import JobModel
package import Units

/// The job state machine and its projections: `decide…` may refuse and changes nothing, `apply`
/// may not fail, because the event is already history.
///
/// Reads no clock, does no I/O, draws nothing at random; iteration order and hash seeds reach
/// neither events nor answers. The same `apply` serves live traffic and recovery.
///
/// Invariants between two calls of `apply`:
/// - `counts` of all users, of all types, and of the whole are equal in sum, status by status;
/// - a job is in `leases` exactly while its status is CLAIMED or PROCESSING, under its `token`;
/// - a waiting job has an entry with its `dueAt` in `due` or, if `isReady`, in its type's queue.
package struct JobState: ~Copyable {
    var jobs = JobTable()
    var index: [IndexKey: JobSlot] = [:]
    var users: [UserRecord] = []
    var types: [TypeRecord] = []
    var policies: [JobPolicy] = []
    var internedUsers = Interned<UserID>()
    var internedTypes = Interned<JobType>()
    var internedPolicies = Interned<JobPolicy>()
    var slotsBySubmit = SubmitIndex()
    var leases: [LSN: Lease] = [:]
    /// Newest checkpoint of each job that has one and has not ended.
    var checkpoints: [JobSlot: [UInt8]] = [:]
    /// Newest progress of each running attempt that told any.
    var progress: [JobSlot: [UInt8]] = [:]
    var due = Heap<DueEntry>()
    /// Jobs by status over all users.
    package internal(set) var counts = StatusCounts()
    /// Jobs that wait for a worker and for nothing else.
    package internal(set) var readyCount = 0
    /// LSN of the newest applied event.
    package internal(set) var appliedLSN = LSN.zero
    /// Time of the newest applied event.
    package internal(set) var appliedTime = WallTime.earliest

    package init() {}

    struct IndexKey: Hashable {
        let user: UserSlot
        let job: JobID
    }

    /// The right of a worker to run a job.
    struct Lease {
        let slot: JobSlot
        let worker: WorkerName
        var duration: TimeSpan
        /// When it was granted or last extended.
        var renewedAt: WallTime
    }

    func slot(of key: JobKey) -> JobSlot? {
        guard let user = internedUsers.find(key.user) else { return nil }
        return index[IndexKey(user: UserSlot(index: user), job: key.job)]
    }

    func key(of slot: JobSlot) -> JobKey {
        JobKey(user: users[Int(jobs[slot].user.index)].user, job: jobs[slot].job)
    }
}

/// Finds a job by the LSN of its `submitted` event: the LSNs in order of submit, searched by halves.
struct SubmitIndex {
    private var submits: ContiguousArray<UInt64> = []

    mutating func append(_ submitted: LSN) {
        submits.append(submitted.rawValue)
    }

    /// The slot of the job submitted at `lsn`; nil if none was.
    func find(_ lsn: LSN) -> JobSlot? {
        let position = submits.firstIndex(atOrAfter: lsn.rawValue)
        guard position < submits.count, submits[position] == lsn.rawValue else { return nil }
        return JobSlot(index: UInt32(position))
    }
}

extension ContiguousArray<UInt64> {
    /// Index of the first element that is not below `value`, of an array in ascending order.
    fileprivate func firstIndex(atOrAfter value: UInt64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
