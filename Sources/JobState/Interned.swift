import HeapModule
import JobModel

/// Place of a user in the table: users are counted in the order of their first submit.
struct UserSlot: Hashable, Sendable {
    let index: UInt32
}

/// Place of a job type in the table.
struct TypeSlot: Hashable, Sendable {
    let index: UInt32
}

/// Place of a policy in the table.
struct PolicySlot: Hashable, Sendable {
    let index: UInt32
}

/// A user: their jobs in order of submit, and how many there are of each status.
struct UserRecord {
    let user: UserID
    var jobs: ContiguousArray<JobSlot> = []
    var counts = StatusCounts()
}

/// A job type: its ready queue, and how many jobs there are of each status.
struct TypeRecord {
    let type: JobType
    var ready = Heap<ReadyEntry>()
    var counts = StatusCounts()
}

/// Values that many jobs share, each held once.
struct Interned<Value: Hashable> {
    private var slots: [Value: UInt32] = [:]
    private(set) var count: UInt32 = 0

    /// The number of `value` if it was seen before.
    func find(_ value: Value) -> UInt32? {
        slots[value]
    }

    /// Numbers `value`, which was not seen before.
    mutating func add(_ value: Value) -> UInt32 {
        precondition(slots[value] == nil, "\(value) is interned already")
        slots[value] = count
        defer { count += 1 }
        return count
    }
}
