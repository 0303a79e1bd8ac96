import JobModel
import Units

/// Place of a job in the table: jobs are counted in the order of their submits.
struct JobSlot: Hashable, Sendable {
    let index: UInt32
}

/// What memory holds of one job.
///
/// The payload leaves memory when the job ends; the log keeps it.
struct JobRecord {
    let submitted: LSN
    let submittedAt: WallTime
    let user: UserSlot
    let type: TypeSlot
    let policy: PolicySlot
    let job: JobID
    let priority: UInt8
    /// As submitted, or the time of the submit where none was named.
    let executionTime: WallTime
    let resultLocation: String?
    /// Hash of the content as it was submitted, to compare repeated submits by.
    let contentHash: Int
    var payload: [UInt8]

    var status: ExecutionStatus
    /// LSN and time of the job's latest event.
    var last: LSN
    var updatedAt: WallTime
    /// While the job waits: when it may start.
    var dueAt: WallTime
    /// Its due time has come and it is in its type's ready queue.
    var isReady = false
    var attempt: UInt32 = 0
    var leaseExpiries: UInt32 = 0
    /// Fencing token of the newest attempt; zero before the first.
    var token = LSN.zero
    /// LSN of the newest failed attempt's event; zero if none failed.
    var lastFailure = LSN.zero

    /// The job waits for its time, or for a worker.
    var isWaiting: Bool {
        status == .notStarted || status == .retriableFailure
    }
}

/// All jobs in order of submit, in pages, so that growth never copies what is there.
struct JobTable {
    private static let pageJobs = 4_096
    private var pages: [ContiguousArray<JobRecord>] = []
    private(set) var count = 0

    mutating func append(_ record: JobRecord) -> JobSlot {
        if count % Self.pageJobs == 0 {
            var page = ContiguousArray<JobRecord>()
            page.reserveCapacity(Self.pageJobs)
            pages.append(page)
        }
        pages[pages.count - 1].append(record)
        defer { count += 1 }
        return JobSlot(index: UInt32(count))
    }

    subscript(slot: JobSlot) -> JobRecord {
        _read { yield pages[Int(slot.index) / Self.pageJobs][Int(slot.index) % Self.pageJobs] }
        _modify { yield &pages[Int(slot.index) / Self.pageJobs][Int(slot.index) % Self.pageJobs] }
    }
}

extension JobContent {
    /// What two contents are compared by, after the payload of the first may have left memory.
    ///
    /// 64 bits of SipHash under a key of this process: nobody can look for two contents that are
    /// alike, and by chance they are so once in 2⁶⁴.
    var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(self)
        // Strings hash alike where they look alike; a location is a matter of bytes.
        if let resultLocation { hasher.combine(Array(resultLocation.utf8)) }
        return hasher.finalize()
    }
}
