import JobModel
import Tables
import Units

// Ready queues, rings, and what holds users and types back.
extension JobState {
    /// Puts a job whose time has come at the end of its user's line.
    mutating func makeReady(_ job: UInt32) {
        let type = type(of: job)
        let user = jobs[job].user
        let priority = jobs[job].priority
        let queue =
            findQueue(user: user, type: type, priority: priority)
            ?? addQueue(user: user, type: type, priority: priority)
        jobs[job].flags.insert(.ready)
        jobs[job].link = 0
        jobs[job].backLink = queues[queue].last
        if queues[queue].last == 0 {
            queues[queue].first = job
        } else {
            jobs[queues[queue].last].link = job
        }
        queues[queue].last = job
        readyCount += 1
        if queues[queue].isParked, hold(ofUser: user) == nil { enterRing(queue) }
        note(readied: type)
    }

    /// Takes a job out of whatever it waits in.
    mutating func leaveLine(_ job: UInt32) {
        if jobs[job].flags.contains(.ready) {
            guard
                let queue = findQueue(
                    user: jobs[job].user, type: type(of: job), priority: jobs[job].priority)
            else { preconditionFailure("job \(jobs[job].submitted) is ready in no queue") }
            leaveQueue(job, queue)
        } else if jobs[job].flags.contains(.timed) {
            due.remove(job, in: &jobs)
            jobs[job].flags.remove(.timed)
        }
        jobs[job].flags.remove(.blocked)
    }

    /// Puts a waiting job into the due wheel.
    mutating func wait(_ job: UInt32, until time: WallTime) {
        jobs[job].dueAt = time
        jobs[job].flags.insert(.timed)
        due.insert(job, in: &jobs)
    }

    /// The ready job of `type` that is served next; nil: none may run.
    mutating func firstReady(ofType type: UInt32) -> UInt32? {
        if !typeControls.isEmpty, hold(ofType: type) != nil { return nil }
        var floor = 0
        while let priority = types[Int(type)].lanes.first(from: floor) {
            while true {
                let queue = types[Int(type)].lanes[priority]
                if queue == 0 { break }
                if hold(ofUser: queues[queue].user) == nil { return queues[queue].first }
                leaveRing(queue)
            }
            floor = Int(priority) + 1
        }
        return nil
    }

    /// Takes a job that is claimed out of whatever it waits in; the next user of the ring has their turn.
    mutating func takeTurn(_ job: UInt32) {
        let type = type(of: job)
        let priority = jobs[job].priority
        let queue = types[Int(type)].lanes[priority]
        guard queue != 0, queues[queue].first == job else { return leaveLine(job) }
        types[Int(type)].lanes[priority] = queues[queue].next
        leaveQueue(job, queue)
    }

    /// The user may run jobs again, or more of them.
    mutating func unpark(user: UInt32) {
        guard hold(ofUser: user) == nil else { return }
        var queue = users[user].queues
        while queue != 0 {
            if queues[queue].isParked {
                enterRing(queue)
                note(readied: queues[queue].type)
            }
            queue = queues[queue].userNext
        }
    }

    /// Claims of `type` are worth another look.
    mutating func note(readied type: UInt32) {
        guard !types[Int(type)].isReadied else { return }
        types[Int(type)].isReadied = true
        readiedTypes.append(type)
    }

    private mutating func findQueue(user: UInt32, type: UInt32, priority: UInt8) -> UInt32? {
        var queue = users[user].queues
        while queue != 0 {
            if queues[queue].type == type, queues[queue].priority == priority { return queue }
            if queues[queue].isIndexed {
                return findIndexed(user: user, type: type, priority: priority)
            }
            queue = queues[queue].userNext
        }
        return nil
    }

    private mutating func findIndexed(user: UInt32, type: UInt32, priority: UInt8) -> UInt32? {
        var probe = queueIndex.probe(ReadyQueue.hash(user: user, type: type, priority: priority))
        while let queue = queueIndex.next(&probe) {
            if queues[queue].user == user, queues[queue].type == type,
                queues[queue].priority == priority
            {
                return queue
            }
        }
        return nil
    }

    private mutating func addQueue(user: UInt32, type: UInt32, priority: UInt8) -> UInt32 {
        let queue = queues.allocate(ReadyQueue(user: user, type: type, priority: priority))
        let previous = lastWalked(of: user)
        let next = previous == 0 ? users[user].queues : queues[previous].userNext
        queues[queue].userPrevious = previous
        queues[queue].userNext = next
        if next != 0 { queues[next].userPrevious = queue }
        if previous == 0 {
            users[user].queues = queue
        } else {
            queues[previous].userNext = queue
            queues[queue].isIndexed = true
            queueIndex.insert(queue, in: queues)
        }
        return queue
    }

    /// The queue of the user behind which others go into the index; 0 while one more may be found by a walk.
    private mutating func lastWalked(of user: UInt32) -> UInt32 {
        var queue = users[user].queues
        for _ in 1..<ReadyQueue.walkedMax {
            if queue == 0 || queues[queue].isIndexed { return 0 }
            queue = queues[queue].userNext
        }
        return queue != 0 && queues[queue].isIndexed ? 0 : queue
    }

    private mutating func leaveQueue(_ job: UInt32, _ queue: UInt32) {
        let next = jobs[job].link
        let previous = jobs[job].backLink
        if previous == 0 { queues[queue].first = next } else { jobs[previous].link = next }
        if next == 0 { queues[queue].last = previous } else { jobs[next].backLink = previous }
        jobs[job].link = 0
        jobs[job].backLink = 0
        jobs[job].flags.remove(.ready)
        readyCount -= 1
        if queues[queue].first == 0 { removeQueue(queue) }
    }

    private mutating func removeQueue(_ queue: UInt32) {
        if !queues[queue].isParked { leaveRing(queue) }
        if queues[queue].isIndexed { queueIndex.remove(queue, in: queues) }
        let next = queues[queue].userNext
        let previous = queues[queue].userPrevious
        if next != 0 { queues[next].userPrevious = previous }
        if previous == 0 {
            users[queues[queue].user].queues = next
        } else {
            queues[previous].userNext = next
        }
        queues.free(queue)
    }

    /// Puts a queue at the end of its ring: before the one that is served next.
    private mutating func enterRing(_ queue: UInt32) {
        queues[queue].isParked = false
        let type = Int(queues[queue].type)
        let priority = queues[queue].priority
        let head = types[type].lanes[priority]
        guard head != 0 else {
            queues[queue].next = queue
            queues[queue].previous = queue
            types[type].lanes[priority] = queue
            return
        }
        let tail = queues[head].previous
        queues[queue].next = head
        queues[queue].previous = tail
        queues[tail].next = queue
        queues[head].previous = queue
    }

    private mutating func leaveRing(_ queue: UInt32) {
        queues[queue].isParked = true
        let type = Int(queues[queue].type)
        let priority = queues[queue].priority
        let next = queues[queue].next
        let previous = queues[queue].previous
        if next == queue {
            types[type].lanes[priority] = 0
        } else {
            queues[previous].next = next
            queues[next].previous = previous
            if types[type].lanes[priority] == queue { types[type].lanes[priority] = next }
        }
        queues[queue].next = 0
        queues[queue].previous = 0
    }
}

// MARK: - What holds back

extension JobState {
    mutating func control(ofUser user: UInt32) -> Control {
        userControls[user] ?? everyUser
    }

    /// What keeps the user's ready jobs from running; nil: nothing does.
    mutating func hold(ofUser user: UInt32) -> Hold? {
        guard holdsUsers else { return nil }
        let control = control(ofUser: user)
        if control.isPaused { return .userPaused }
        guard let max = control.runningMax, users[user].running >= max else { return nil }
        return .userLimit(max)
    }

    /// What keeps the type's ready jobs from running; nil: nothing does.
    mutating func hold(ofType type: UInt32) -> Hold? {
        guard let control = typeControls[type] else { return nil }
        if control.isPaused { return .typePaused }
        guard let max = control.runningMax, types[Int(type)].running >= UInt64(max) else {
            return nil
        }
        return .typeLimit(max)
    }

    /// Keeps the histories of holds after a job began or ceased to run, or a setting changed.
    mutating func noteHolds(user: UInt32, type: UInt32) {
        if holdsUsers, userControls[user] != nil || everyUser != .none {
            holds[.user(user), default: HoldHistory()].change(
                to: hold(ofUser: user), at: appliedTime)
        }
        if typeControls[type] != nil {
            holds[.type(type), default: HoldHistory()].change(
                to: hold(ofType: type), at: appliedTime)
        }
    }

    /// Why a job that waits is not running; nil if it does not wait.
    mutating func hold(of job: UInt32) -> Hold? {
        let record = jobs[job]
        guard record.isWaiting else { return nil }
        if record.flags.contains(.blocked) { return .previousOccurrence }
        if record.flags.contains(.recurring) {
            guard let next = schedules[job]?.nextTick else { return .previousOccurrence }
            return .notDue(until: next)
        }
        if record.flags.contains(.timed), record.dueAt > appliedTime {
            return record.status == .retriableFailure
                ? .backoff(until: record.dueAt) : .notDue(until: record.dueAt)
        }
        return hold(ofType: type(of: job)) ?? hold(ofUser: record.user) ?? .noWorker
    }
}
