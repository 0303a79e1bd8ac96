import HeapModule
package import JobModel
package import Units

extension JobState {
    /// Moves jobs whose time has come into their ready queues, earliest first.
    ///
    /// Changes no job, only which queue it is found in: no event tells of it.
    ///
    /// - Returns: The types that got a job, and whether more are due than `jobsMax`.
    package mutating func advance(
        to now: WallTime, jobsMax: Int
    ) -> (types: Set<JobType>, isMore: Bool) {
        var readied: Set<JobType> = []
        var moved = 0
        while let entry = due.min, entry.dueAt <= now {
            if moved == jobsMax { return (readied, true) }
            due.removeMin()
            moved += 1
            guard isCurrent(entry.slot, dueAt: entry.dueAt), !jobs[entry.slot].isReady else {
                continue
            }
            let type = Int(jobs[entry.slot].type.index)
            jobs[entry.slot].isReady = true
            readyCount += 1
            types[type].ready.insert(
                ReadyEntry(
                    priority: jobs[entry.slot].priority, dueAt: entry.dueAt,
                    submitted: entry.submitted, slot: entry.slot))
            readied.insert(types[type].type)
        }
        return (readied, false)
    }

    /// When the next waiting job becomes due; nil if none waits for its time.
    package mutating func nextDue() -> WallTime? {
        while let entry = due.min {
            if isCurrent(entry.slot, dueAt: entry.dueAt), !jobs[entry.slot].isReady {
                return entry.dueAt
            }
            due.removeMin()
        }
        return nil
    }

    /// The ready job of one of `wanted` that runs first, by priority, due time, order of submit.
    ///
    /// - Returns: The LSN of its submit; nil if none is ready.
    package mutating func firstReady(of wanted: [JobType]) -> LSN? {
        var best: ReadyEntry?
        for type in wanted {
            guard let known = internedTypes.find(type) else { continue }
            guard let entry = firstReady(of: TypeSlot(index: known)) else { continue }
            if let current = best, current < entry { continue }
            best = entry
        }
        return best?.submitted
    }

    private mutating func firstReady(of type: TypeSlot) -> ReadyEntry? {
        while let entry = types[Int(type.index)].ready.min {
            if isCurrent(entry.slot, dueAt: entry.dueAt), jobs[entry.slot].isReady { return entry }
            types[Int(type.index)].ready.removeMin()
        }
        return nil
    }

    /// Whether an entry made for a wait until `dueAt` still tells the truth.
    private func isCurrent(_ slot: JobSlot, dueAt: WallTime) -> Bool {
        jobs[slot].isWaiting && jobs[slot].dueAt == dueAt
    }
}
