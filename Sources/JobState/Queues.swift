import Units

/// A job that waits for its due time, in the index of due times.
///
/// Entries are never searched for: one whose job was cancelled or claimed meanwhile is told by
/// comparing it with the record, and dropped when it comes up.
struct DueEntry: Comparable {
    let dueAt: WallTime
    let submitted: LSN
    let slot: JobSlot

    static func < (left: DueEntry, right: DueEntry) -> Bool {
        (left.dueAt, left.submitted) < (right.dueAt, right.submitted)
    }
}

/// A job that waits for a worker: by priority, then due time, then order of submit.
struct ReadyEntry: Comparable {
    let priority: UInt8
    let dueAt: WallTime
    let submitted: LSN
    let slot: JobSlot

    static func < (left: ReadyEntry, right: ReadyEntry) -> Bool {
        (left.priority, left.dueAt, left.submitted) < (right.priority, right.dueAt, right.submitted)
    }
}
