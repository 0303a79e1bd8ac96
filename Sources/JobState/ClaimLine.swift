import HeapModule
package import JobModel
import Tables
import Units

/// The ready jobs that one claim may have: the next of each type it asks for, the first of all in front.
///
/// Good for one claim: while it is used, jobs are only claimed, none becomes ready or comes free.
package struct ClaimLine: ~Copyable {
    /// A job that was the next of its type when it was put in.
    fileprivate struct Place: Comparable {
        let priority: UInt8
        let dueAt: WallTime
        let submitted: UInt64
        let type: UInt32
        let job: UInt32

        static func < (left: Place, right: Place) -> Bool {
            (left.priority, left.dueAt, left.submitted)
                < (right.priority, right.dueAt, right.submitted)
        }
    }

    fileprivate var places = Heap<Place>()
    /// The type of the job that was taken last: its next one has no place yet; 0: none.
    fileprivate var taken: UInt32 = 0
}

extension JobState {
    /// The line of a claim for jobs of these types.
    package mutating func line(of wanted: [JobType]) -> ClaimLine {
        var line = ClaimLine()
        for type in wanted {
            if let number = typeNumber(type) { enter(number, into: &line) }
        }
        return line
    }

    /// Takes the job that runs first out of the line: by priority, then due time, then order of submit;
    /// jobs of one type and priority take turns by user.
    ///
    /// The job is claimed before the next is asked for.
    /// - Returns: Nil if none is ready, or all that are ready are held back.
    package mutating func next(in line: inout ClaimLine) -> JobSlot? {
        if line.taken != 0 { enter(line.taken, into: &line) }
        line.taken = 0
        while let place = line.places.popMin() {
            // What was claimed meanwhile may hold back the job's user: then another one is next, which
            // comes later.
            if firstReady(ofType: place.type) == place.job {
                line.taken = place.type
                return JobSlot(index: place.job)
            }
            enter(place.type, into: &line)
        }
        return nil
    }

    /// Whether a claim for this type would be given a job.
    package mutating func hasReady(_ type: JobType) -> Bool {
        guard let number = typeNumber(type) else { return false }
        return firstReady(ofType: number) != nil
    }

    private mutating func enter(_ type: UInt32, into line: inout ClaimLine) {
        guard let job = firstReady(ofType: type) else { return }
        let record = jobs[job]
        line.places.insert(
            ClaimLine.Place(
                priority: record.priority, dueAt: record.dueAt, submitted: record.submitted,
                type: type, job: job))
        prefetchClaim(job, record, type: type)
    }

    /// Asks for the memory that claiming a job needs, and the job after it.
    private mutating func prefetchClaim(_ job: UInt32, _ record: JobRecord, type: UInt32) {
        blobs.prefetch(record.blob)
        users.prefetch(record.user)
        prefetchQueue(job)
        let queue = types[Int(type)].lanes[record.priority]
        let next = queues[queue].next
        jobs.prefetch(next == queue ? record.link : queues[next].first)
        queues.prefetch(queues[next].next)
    }
}
