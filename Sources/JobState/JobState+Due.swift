import DequeModule
import HeapModule
package import JobModel
import Tables
package import Units

extension JobState {
    /// Moves jobs whose time has come into their ready queues, earliest first.
    ///
    /// Changes no job, only where it is found: no event tells of it.
    ///
    /// - Returns: Whether there is more to move; about `jobsMax` are moved by one call.
    package mutating func advance(to now: WallTime, jobsMax: Int) -> Bool {
        dueJobs.removeAll(keepingCapacity: true)
        let isMore = due.advance(
            to: now.microseconds, countMax: jobsMax, in: &jobs, into: &dueJobs)
        for start in stride(from: 0, to: dueJobs.count, by: Self.prefetchMax) {
            arrive(start..<min(start + Self.prefetchMax, dueJobs.count))
        }
        return isMore
    }

    /// Some of `dueJobs` are due: what all of them touch is asked for first.
    private mutating func arrive(_ places: Range<Int>) {
        for place in places {
            let record = jobs[dueJobs[place]]
            users.prefetch(record.user)
            blobs.prefetch(record.blob)
        }
        for place in places {
            let queue = users[jobs[dueJobs[place]].user].queues
            if queue != 0 { queues.prefetch(queue) }
        }
        for place in places {
            let job = dueJobs[place]
            jobs[job].flags.remove(.timed)
            if jobs[job].flags.contains(.recurring) {
                jobs[job].flags.insert(.ticking)
                ticking.append(job)
            } else {
                makeReady(job)
            }
        }
    }

    /// A time that is not after the moment at which the next waiting job becomes due or expires, and
    /// at most a millisecond before it; nil if none waits for its time.
    package mutating func nextDue() -> WallTime? {
        let next = due.nextDue(in: jobs).map { WallTime(microseconds: $0) }
        guard let expiry = nextExpiry() else { return next }
        return min(next ?? expiry.at, expiry.at)
    }

    /// The types whose waiting claims are worth another look, in order of their names.
    package mutating func takeReadied() -> [JobType] {
        guard !readiedTypes.isEmpty else { return [] }
        defer { readiedTypes.removeAll(keepingCapacity: true) }
        var taken: [JobType] = []
        for type in readiedTypes {
            types[Int(type)].isReadied = false
            taken.append(jobTypes[Int(type)])
        }
        return taken.count == 1 ? taken : taken.sorted { $0.text < $1.text }
    }

    /// A type that was taken keeps its claims waiting: `takeReadied` is to give it once more.
    package mutating func putBack(readied type: JobType) {
        if let number = typeNumber(type) { note(readied: number) }
    }

    /// Decides that a job which was not started in time is not to be started any more.
    package mutating func decideExpired(now: WallTime) -> (job: JobSlot, fact: Fact)? {
        while let expiry = nextExpiry(), expiry.at <= now {
            expiries.removeMin()
            return (
                JobSlot(index: expiry.job),
                .cancelled(reference(to: expiry.job), reason: .expired)
            )
        }
        return nil
    }

    /// The next expiry that counts; drops those of jobs that were started or have ended.
    private mutating func nextExpiry() -> Expiry? {
        while let expiry = expiries.min {
            let job = expiry.job
            if jobs[job].submitted == expiry.submitted, jobs[job].status == .notStarted,
                expiryTimes[job] == expiry.at
            {
                return expiry
            }
            expiries.removeMin()
        }
        return nil
    }
}
