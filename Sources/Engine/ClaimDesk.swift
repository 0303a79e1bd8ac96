import DequeModule
import HeapModule
import JobModel
import JobState
import Units

/// Claims that wait for a job to become ready, first come first served within a type.
struct ClaimDesk {
    /// A claim in line.
    struct Waiter {
        let order: ClaimOrder
        let deadline: MonotonicTime
        let reply: Reply<GrantList>
    }

    private struct Deadline: Comparable {
        let at: MonotonicTime
        let id: ClaimID

        static func < (left: Deadline, right: Deadline) -> Bool {
            (left.at, left.id.number) < (right.at, right.id.number)
        }
    }

    private var waiters: [ClaimID: Waiter] = [:]
    /// A claim stands in the line of each of its types; one that has left is skipped there.
    private var lines: [JobType: Deque<ClaimID>] = [:]
    private var deadlines = Heap<Deadline>()
    /// When a worker last asked for a type; what nobody ever submits is dropped with the rest.
    private var asked: [JobType: WallTime] = [:]
    private static let askedMax = 65_536

    /// Claims in line.
    var count: Int { waiters.count }

    /// When the first claim gives up; nil while none waits.
    var nextDeadline: MonotonicTime? { deadlines.min?.at }

    /// A worker asks for jobs of `types`.
    mutating func note(_ types: [JobType], asked time: WallTime) {
        if asked.count >= Self.askedMax { asked.removeAll() }
        for type in types { asked[type] = time }
    }

    /// When a worker last asked for `type`, now if one waits for it; nil: none has since the start.
    func lastAsked(for type: JobType) -> WallTime? { asked[type] }

    /// Puts a claim at the end of the lines of its types.
    mutating func add(_ id: ClaimID, _ waiter: Waiter) {
        waiters[id] = waiter
        deadlines.insert(Deadline(at: waiter.deadline, id: id))
        for type in waiter.order.types {
            lines[type, default: []].append(id)
            sweep(type)
        }
    }

    /// Drops claims that have left, once they are the greater part of a line: a line whose type
    /// gets no jobs is never walked otherwise.
    private mutating func sweep(_ type: JobType) {
        guard let line = lines[type], line.count > 2 * waiters.count + 64 else { return }
        lines[type] = line.filter { waiters[$0] != nil }
    }

    /// The claim that has waited longest for `type`; nil if none does.
    mutating func first(for type: JobType) -> ClaimID? {
        while let id = lines[type]?.first {
            if waiters[id] != nil { return id }
            lines[type]?.removeFirst()
        }
        lines[type] = nil
        return nil
    }

    /// Takes a claim out of line; nil if it has left already.
    mutating func remove(_ id: ClaimID) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        // Trims the lines, so that one whose type is never asked for again is not kept for ever.
        for type in waiter.order.types { _ = first(for: type) }
        return waiter
    }

    /// Takes the next claim whose time is up.
    mutating func popOverdue(now: MonotonicTime) -> Waiter? {
        while let next = deadlines.min, next.at <= now {
            deadlines.removeMin()
            if let waiter = remove(next.id) { return waiter }
        }
        return nil
    }

    /// Takes every claim out of line, in the order in which they came.
    mutating func removeAll() -> [Waiter] {
        let all = waiters.keys.sorted { $0.number < $1.number }
        let removed = all.compactMap { waiters[$0] }
        self = ClaimDesk()
        return removed
    }
}
