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

    /// The job of the line that runs first: by priority, then due time, then order of submit;
    /// jobs of one type and priority take turns by user.
    ///
    /// The job is claimed before the next is asked for.
    /// - Returns: Nil if none is ready, or all that are ready are held back.
    package mutating func next(in line: inout ClaimLine) -> JobSlot? {
        while let first = line.places.min {
            // What was claimed since may be this job, or may hold back its user: then another one is next,
            // which comes later.
            let ready = firstReady(ofType: first.type)
            if ready == first.job { return JobSlot(index: first.job) }
            if let ready {
                line.places.replaceMin(with: place(of: ready, first.type))
            } else {
                line.places.removeMin()
            }
        }
        return nil
    }

    /// Whether a claim for this type would be given a job.
    package mutating func hasReady(_ type: JobType) -> Bool {
        guard let number = typeNumber(type) else { return false }
        return firstReady(ofType: number) != nil
    }

    private mutating func enter(_ type: UInt32, into line: inout ClaimLine) {
        if let job = firstReady(ofType: type) { line.places.insert(place(of: job, type)) }
    }

    private mutating func place(of job: UInt32, _ type: UInt32) -> ClaimLine.Place {
        let record = jobs[job]
        prefetchClaim(job, record, type: type)
        return ClaimLine.Place(
            priority: record.priority, dueAt: record.dueAt, submitted: record.submitted,
            type: type, job: job)
    }

    /// Asks for the memory that claiming a job needs, and the job after it.
    private mutating func prefetchClaim(_ job: UInt32, _ record: JobRecord, type: UInt32) {
        blobs.prefetchTwo(record.blob)
        users.prefetch(record.user)
        let queue = types[Int(type)].lanes[record.priority]
        if queues[queue].userNext != 0 { queues.prefetch(queues[queue].userNext) }
        if queues[queue].userPrevious != 0 { queues.prefetch(queues[queue].userPrevious) }
        let next = queues[queue].next
        jobs.prefetch(next == queue ? record.link : queues[next].first)
        queues.prefetch(queues[next].next)
    }
}
