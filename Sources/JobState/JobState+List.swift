import ByteCoding
package import JobModel
import Tables
import Units

extension JobState {
    /// One page of a user's jobs, newest submit first; looks at no more than `looksMax` jobs.
    package mutating func page(
        of user: UserID, statuses: Set<ExecutionStatus>, type: JobType?, before: JobPosition?,
        limit: Int, looksMax: Int
    ) throws(Rejection) -> (jobs: [JobSlot], next: JobPosition?) {
        guard let number = userNumber(user) else { throw .unknownUser(user) }
        let wanted = type.map { typeNumber($0) }
        if case .some(nil) = wanted { return ([], nil) }
        var found: [JobSlot] = []
        var job = first(of: number, before: before)
        var last = before
        var looks = 0
        while job != 0, found.count < limit, looks < looksMax {
            looks += 1
            last = position(job)
            let record = jobs[job]
            if statuses.isEmpty || statuses.contains(record.status),
                wanted == nil || wanted == self.type(of: job)
            {
                found.append(JobSlot(index: job))
            }
            job = record.older
        }
        return (found, job == 0 ? nil : last)
    }

    /// The user's newest job that was submitted before a place.
    ///
    /// Where the place's anchor has left memory meanwhile, it is looked for from the newest on.
    private mutating func first(of user: UInt32, before: JobPosition?) -> UInt32 {
        guard let before else { return users[user].newest }
        var job = users[user].newest
        if let anchor = slot(at: before), jobs[anchor].user == user { job = anchor }
        while job != 0, jobs[job].submitted >= before.submitted.rawValue { job = jobs[job].older }
        return job
    }

    /// One page of the dead letters, the latest death first.
    package mutating func deadLetters(
        user: UserID?, type: JobType?, from start: JobPosition?, limit: Int, looksMax: Int
    ) -> (jobs: [JobSlot], next: JobPosition?) {
        let wantedUser = user.map { userNumber($0) }
        let wantedType = type.map { typeNumber($0) }
        var found: [JobSlot] = []
        var job = newestDead
        // The first of this page, if it was not redriven since the one before: then it is in the list no
        // more, and the caller meets from the newest on what it has seen.
        if let start, let slot = slot(at: start), jobs[slot].status == .fatalFailure { job = slot }
        var looks = 0
        while job != 0, found.count < limit, looks < looksMax {
            looks += 1
            if wantedUser == nil || wantedUser == jobs[job].user,
                wantedType == nil || wantedType == self.type(of: job)
            {
                found.append(JobSlot(index: job))
            }
            job = jobs[job].backLink
        }
        return (found, job == 0 ? nil : position(job))
    }

    /// Users in order of their first submit, with their counts.
    package mutating func users(skip: Int, limit: Int) -> [(user: UserID, counts: StatusCounts)] {
        var page: [(user: UserID, counts: StatusCounts)] = []
        var number = UInt32(clamping: skip)
        while number < UInt32(userNames.count), page.count < limit {
            number += 1
            page.append(
                (UserID(unchecked: userNames.bytes(number).text), users[number].counts))
        }
        return page
    }

    /// How many users there are.
    package var userCount: Int { userNames.count }

    /// All types in order of first use, with their counts.
    package mutating func typeCounts() -> [(type: JobType, counts: StatusCounts)] {
        types.indices.dropFirst().map { (jobTypes[$0], types[$0].counts) }
    }

    /// Where a job stands, to go on from.
    package mutating func position(of job: JobSlot) -> JobPosition { position(job.index) }

    private mutating func position(_ job: UInt32) -> JobPosition {
        JobPosition(submitted: jobs[job].submittedLSN, keyHash: jobs[job].keyHash)
    }

    private mutating func slot(at position: JobPosition) -> UInt32? {
        var probe = keys.probe(position.keyHash)
        while let slot = keys.next(&probe) {
            if jobs[slot].submitted == position.anchor.rawValue { return slot }
        }
        return nil
    }
}
