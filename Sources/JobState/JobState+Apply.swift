import ByteCoding
import DequeModule
package import JobCoding
package import JobModel
import Tables
package import Units

extension JobState {
    /// Folds one event of the log into the state.
    ///
    /// Events come in order, without gaps.
    /// - Parameters:
    ///   - event: The event.
    ///   - lsn: Its position, the one after the last.
    ///   - hint: The job that it is probably about, to save a look-up.
    package mutating func apply(_ event: Event, at lsn: LSN, hint: JobSlot? = nil) {
        advanceLog(to: lsn, time: event.time)
        let time = event.time
        func touched(_ job: JobReference) -> UInt32 {
            touch(job, lsn, time, hint: hint?.index ?? 0)
        }
        switch event.fact {
        case .submitted(let key, let content, let hash, let firstTick):
            insert(key, content, hash: hash, firstTick: firstTick, at: lsn, time: time)
        case .claimed(let job, let worker, let duration):
            claim(touched(job), token: lsn, worker: worker, duration: duration, time: time)
        case .processing(let job):
            move(touched(job), to: .processing)
        case .heartbeat(let job, let duration, let progress, let checkpoint):
            let job = touched(job)
            renew(job, duration: duration, time: time)
            if let progress { self.progress[job] = progress }
            if let checkpoint { checkpoints[job] = checkpoint }
        case .succeeded(let job, _):
            end(touched(job), as: .success)
        case .retriableFailed(let job, let reason, _, let retryAt):
            let job = touched(job)
            recordFailure(of: job, reason: reason, at: lsn)
            dropLease(job)
            move(job, to: .retriableFailure)
            wait(job, until: retryAt)
        case .fatalFailed(let job, let reason, _, _):
            let job = touched(job)
            recordFailure(of: job, reason: reason, at: lsn)
            end(job, as: .fatalFailure)
            bury(job)
        case .cancelled(let job, _):
            end(touched(job), as: .cancelled)
        case .redriven(let job, let dueAt):
            redrive(touched(job), dueAt: dueAt)
        case .rescheduled(let job, let priority, let executionTime):
            reschedule(touched(job), priority: priority, executionTime: executionTime, now: time)
        case .ticked(let job, let tick):
            apply(tick, of: touched(job), at: lsn, time: time)
        case .controlChanged(let scope, let control):
            set(control, for: scope)
        }
    }

    /// Folds a `submitted` event, given as its bytes.
    ///
    /// - Parameters:
    ///   - record: The event.
    ///   - hint: Of this event.
    ///   - packed: The payload as it is to be kept, packed; empty: as it is.
    ///   - place: What it was decided with; `.unknown` for an event of the log.
    ///   - kinds: Those of the batch or the replay that it comes from.
    ///   - lsn: Its position, the one after the last.
    /// - Returns: The new job.
    @discardableResult
    package mutating func apply(
        submitted record: borrowing SubmittedRecord, _ hint: SubmitHint, packed: RawSpan,
        _ place: SubmitPlace, _ kinds: inout BatchKinds, at lsn: LSN
    ) -> JobSlot {
        advanceLog(to: lsn, time: record.time)
        let user =
            place.user != 0 ? place.user : userNumber(record.user, hash: hint.userHash)
        return JobSlot(
            index: insert(
                record, hint.contentHash, user: user,
                kind: kind(of: record, hint.classNumber, &kinds), packed: packed, at: lsn))
    }

    private mutating func advanceLog(to lsn: LSN, time: WallTime) {
        precondition(lsn == appliedLSN.next, "event \(lsn) does not follow \(appliedLSN)")
        appliedLSN = lsn
        appliedTime = max(appliedTime, time)
    }

    /// Finds the job of an event and makes the event its newest.
    private mutating func touch(
        _ reference: JobReference, _ lsn: LSN, _ time: WallTime, hint: UInt32
    ) -> UInt32 {
        let job = find(reference, hint: hint)
        precondition(
            last(job) == reference.previous,
            "event \(lsn) follows \(reference.previous), but the job's newest is \(last(job))")
        keep(job)
        if jobs[job].activity == 0 {
            jobs[job].activity = activities.allocate(Activity(job: job, record: jobs[job]))
        }
        let activity = jobs[job].activity
        activities[activity].last = lsn.rawValue
        activities[activity].updatedAt = time
        return job
    }
}

// MARK: - Attempts

extension JobState {
    private static let tokensAhead: UInt64 = 4

    private mutating func claim(
        _ job: UInt32, token: LSN, worker: WorkerName, duration: TimeSpan, time: WallTime
    ) {
        precondition(jobs[job].isWaiting, "job \(jobs[job].submitted) is held already")
        takeTurn(job)
        let activity = jobs[job].activity
        activities[activity].attempt += 1
        activities[activity].token = token.rawValue
        activities[activity].keyHash = Activity.hash(ofToken: token.rawValue)
        activities[activity].worker = workerNumber(worker)
        activities[activity].leaseDuration = duration
        activities[activity].renewedAt = time
        tokens.insert(activity, in: activities)
        // Claims of one batch follow each other: where a later one will be put.
        tokens.prefetch(Activity.hash(ofToken: token.rawValue + Self.tokensAhead))
        move(job, to: .claimed)
        noteHolds(user: jobs[job].user, type: type(of: job))
    }

    private mutating func renew(_ job: UInt32, duration: TimeSpan, time: WallTime) {
        precondition(jobs[job].status.isLeased, "heartbeat for a job without a lease")
        let activity = jobs[job].activity
        activities[activity].leaseDuration = duration
        activities[activity].renewedAt = time
    }

    private mutating func recordFailure(of job: UInt32, reason: FailureReason, at lsn: LSN) {
        let activity = jobs[job].activity
        activities[activity].lastFailure = lsn.rawValue
        if reason == .leaseExpired || reason == .poison { activities[activity].leaseExpiries += 1 }
    }

    private mutating func dropLease(_ job: UInt32) {
        guard jobs[job].status.isLeased else { return }
        tokens.remove(jobs[job].activity, in: activities)
        if !progress.isEmpty { progress[job] = nil }
    }

    private mutating func end(_ job: UInt32, as status: ExecutionStatus) {
        leaveLine(job)
        dropLease(job)
        if !checkpoints.isEmpty { checkpoints[job] = nil }
        if status != .fatalFailure { dropPayload(job) }
        move(job, to: status)
        let flags = jobs[job].flags
        if !flags.isDisjoint(with: [.occurrence, .recurring, .expires]) { unbind(job) }
        if status != .fatalFailure { ended.append(job) }
    }

    /// Gives back the memory of a payload that nobody will ask for; a small one stays until its job
    /// leaves memory, because to copy the rest costs more than it is worth.
    ///
    /// A dead letter keeps its payload: it may be redriven.
    mutating func dropPayload(_ job: UInt32) {
        guard jobs[job].hasLargePayload else { return }
        let old = blob(job)
        let kept = old.withoutPayload
        let blob = blobs.begin(kept)
        blobs.copy(
            kept.jobBytes + kept.locationBytes, from: jobs[job].blob, at: JobBlob.headBytes,
            byteCount: old.byteCount, to: blob, at: JobBlob.headBytes, byteCount: kept.byteCount)
        blobs.free(jobs[job].blob, byteCount: old.byteCount)
        jobs[job].blob = blob
        jobs[job].flags.remove(.packed)
        jobs[job].hasLargePayload = false
    }

    mutating func move(_ job: UInt32, to status: ExecutionStatus) {
        let old = jobs[job].status
        count(job, old, by: -1)
        jobs[job].status = status
        count(job, status, by: 1)
        if old.isLeased, !status.isLeased, holdsUsers || !typeControls.isEmpty {
            letOthersRun(after: job)
        }
    }

    /// A job that ceased to run may have made room under a limit.
    private mutating func letOthersRun(after job: UInt32) {
        let type = type(of: job)
        noteHolds(user: jobs[job].user, type: type)
        unpark(user: jobs[job].user)
        if typeControls[type] != nil { note(readied: type) }
    }

    mutating func count(_ job: UInt32, _ status: ExecutionStatus, by step: Int) {
        let wide = UInt64(bitPattern: Int64(step))
        counts[status] &+= wide
        users[jobs[job].user].count(status, by: step)
        types[Int(type(of: job))].counts[status] &+= wide
    }

    private mutating func workerNumber(_ worker: WorkerName) -> UInt32 {
        // Read-only bytes of integers: nothing can be misread through them.
        unsafe workerNumber(worker.text.utf8Span.span.bytes)
    }

    private mutating func workerNumber(_ name: RawSpan) -> UInt32 {
        if newestWorker == 0 || !workerNames.bytes(newestWorker).isEqual(to: name) {
            newestWorker = workerNames.intern(name)
        }
        return newestWorker
    }
}

// MARK: - Dead letters, and what people change

extension JobState {
    mutating func bury(_ job: UInt32) {
        jobs[job].backLink = newestDead
        jobs[job].link = 0
        if newestDead == 0 { oldestDead = job } else { jobs[newestDead].link = job }
        newestDead = job
    }

    private mutating func redrive(_ job: UInt32, dueAt: WallTime) {
        let next = jobs[job].link
        let previous = jobs[job].backLink
        if previous == 0 { oldestDead = next } else { jobs[previous].link = next }
        if next == 0 { newestDead = previous } else { jobs[next].backLink = previous }
        jobs[job].link = 0
        jobs[job].backLink = 0
        let activity = jobs[job].activity
        activities[activity].attemptBase = activities[activity].attempt
        activities[activity].expiryBase = activities[activity].leaseExpiries
        move(job, to: .retriableFailure)
        wait(job, until: dueAt)
    }

    private mutating func reschedule(
        _ job: UInt32, priority: UInt8?, executionTime: WallTime?, now: WallTime
    ) {
        let isBlocked = jobs[job].flags.contains(.blocked)
        let dueAt = executionTime ?? jobs[job].dueAt
        leaveLine(job)
        if let priority { jobs[job].priority = priority }
        if let executionTime {
            activities[jobs[job].activity].executionTime = executionTime
        }
        guard !isBlocked else {
            jobs[job].flags.insert(.blocked)
            jobs[job].dueAt = dueAt
            return
        }
        wait(job, until: max(dueAt, now))
    }

    private mutating func set(_ control: Control?, for scope: ControlScope) {
        switch scope {
        case .user(let user):
            let bytes = Array(user.text.utf8)
            let number = userNumber(bytes.rawBytes)
            userControls[number] = control == Control.none && everyUser == .none ? nil : control
            noteUserControls()
            noteControl(ofUser: number)
        case .everyUser:
            everyUser = control ?? .none
            noteUserControls()
            for queue in liveQueues() { noteControl(ofUser: queues[queue].user) }
        case .type(let type):
            let bytes = Array(type.text.utf8)
            let number = typeNumber(bytes.rawBytes)
            typeControls[number] = control == Control.none ? nil : control
            holds[.type(number), default: HoldHistory()].change(
                to: hold(ofType: number), at: appliedTime)
            note(readied: number)
        }
    }

    mutating func noteUserControls() {
        holdsUsers = !userControls.isEmpty || everyUser != .none
    }

    private mutating func noteControl(ofUser user: UInt32) {
        holds[.user(user), default: HoldHistory()].change(
            to: hold(ofUser: user), at: appliedTime)
        unpark(user: user)
    }

    private mutating func liveQueues() -> [UInt32] {
        var live: [UInt32] = []
        var user: UInt32 = 0
        while user < UInt32(users.slotsUsed) {
            user += 1
            if users[user].queues != 0 { live.append(users[user].queues) }
        }
        return live
    }
}
