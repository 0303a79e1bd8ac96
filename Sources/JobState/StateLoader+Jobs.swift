import ByteCoding
import JobCoding
import JobModel
import Tables
import Units

extension StateLoader {
    mutating func loadJobs(_ jobs: IndexedJobs, _ reader: inout ByteReader) throws {
        let (users, classes) = (state.users.slotsUsed, state.classes.count)
        for (number, indexed) in jobs.places.enumerated() {
            prefetch(number + JobState.prefetchMax, of: jobs)
            let fields = try SavedJob(reading: &reader)
            try fields.check(users: users, classes: classes)
            let job = try loadJob(fields, older: indexed.older, &reader)
            precondition(job == jobs.firstSlot + UInt32(number), "a job in another's slot")
            try place(job, fields, duePosition: indexed.duePosition)
        }
    }

    /// Has the job fetched that one to come will be linked to.
    private func prefetch(_ number: Int, of jobs: IndexedJobs) {
        guard number < jobs.count, let older = jobs.places[number].older, older != 0 else { return }
        state.jobs.prefetch(older)
    }

    private mutating func loadJob(
        _ fields: SavedJob, older: UInt32?, _ reader: inout ByteReader
    ) throws -> UInt32 {
        let bytes = try reader.read(count: fields.blob.byteCount - JobBlob.headBytes)
        let job = add(fields, older: older, bytes)
        count(fields)
        if fields.parts.contains(.activity) { try loadActivity(of: job, &reader) }
        if !fields.parts.subtracting(.activity).isEmpty {
            try loadRareParts(fields.parts, of: job, &reader)
        }
        if fields.marks.contains(.firstEncoding) {
            state.jobsOfFirstEncoding[fields.submitted.rawValue] = job
        }
        return job
    }

    private mutating func add(_ fields: SavedJob, older: UInt32?, _ bytes: RawSpan) -> UInt32 {
        let blob = state.blobs.begin(fields.blob)
        state.blobs.write(
            bytes, to: blob, byteCount: fields.blob.byteCount, at: JobBlob.headBytes)
        var record = JobRecord(
            submitted: fields.submitted, submittedAt: fields.submittedAt, dueAt: fields.dueAt,
            keyHash: fields.keyHash, user: fields.user, kind: fields.kind,
            priority: fields.priority, content: fields.blob, blob: blob,
            flags: fields.flags)
        record.status = fields.status
        record.older = older ?? 0
        let job = state.jobs.allocate(record)
        if older == nil { stragglers.append(job) }
        if record.older != 0 { state.jobs[record.older].newer = job }
        return job
    }

    private mutating func count(_ fields: SavedJob) {
        jobCount += 1
        state.counts[fields.status] += 1
        let type = Int(state.classes[Int(fields.kind)].type)
        state.types[type].counts[fields.status] += 1
        // Those that are not started were counted when they were indexed.
        if fields.status != .notStarted { state.users[fields.user].count(fields.status, by: 1) }
    }

    /// No job has so many, and counts of more would run over soon.
    private static var attemptsMax: UInt32 { 1 << 31 }

    private mutating func loadActivity(of job: UInt32, _ reader: inout ByteReader) throws {
        var activity = Activity(job: job, record: state.jobs[job])
        activity.token = try reader.readFixed()
        activity.last = try reader.readFixed()
        activity.lastFailure = try reader.readFixed()
        activity.updatedAt = try reader.readTime()
        activity.renewedAt = try reader.readTime()
        activity.executionTime = try reader.readTime()
        activity.leaseDuration = TimeSpan(microseconds: try reader.readFixed())
        activity.worker = try reader.readFixed()
        activity.attempt = try reader.readFixed()
        activity.attemptBase = try reader.readFixed()
        activity.leaseExpiries = try reader.readFixed()
        activity.expiryBase = try reader.readFixed()
        guard activity.worker <= state.workerNames.count else {
            throw SnapshotFault("worker \(activity.worker)")
        }
        guard activity.attempt < Self.attemptsMax, activity.attemptBase <= activity.attempt,
            activity.leaseExpiries < Self.attemptsMax,
            activity.expiryBase <= activity.leaseExpiries,
            activity.leaseDuration >= .zero, activity.leaseDuration <= JobLimits.durationMax
        else { throw SnapshotFault("the attempts of job \(state.jobs[job].submitted)") }
        activity.keyHash = Activity.hash(ofToken: activity.token)
        state.jobs[job].activity = state.activities.allocate(activity)
    }

    private mutating func loadRareParts(
        _ parts: SavedParts, of job: UInt32, _ reader: inout ByteReader
    ) throws {
        if parts.contains(.expiry) { state.expire(job, at: try reader.readTime()) }
        if parts.contains(.checkpoint) { state.checkpoints[job] = try reader.readSized().array }
        if parts.contains(.progress) { state.progress[job] = try reader.readSized().array }
        if parts.contains(.schedule) { try loadSchedule(of: job, &reader) }
        if parts.contains(.parent) {
            openOccurrences.append((state.jobs[job].submitted, job, try reader.readFixed()))
        }
    }

    private mutating func loadSchedule(of job: UInt32, _ reader: inout ByteReader) throws {
        let next = WallTime(microseconds: try reader.readFixed())
        let hasNext = next.microseconds != .min
        guard !hasNext || next >= .earliest && next <= .latest else {
            throw SnapshotFault("a next tick at \(next.microseconds) µs")
        }
        let recurrence = try Recurrence(decoding: try reader.readSized())
        state.schedules[job] = Schedule(
            recurrence: recurrence, ticker: try Ticker(recurrence.rule),
            nextTick: hasNext ? next : nil)
        recurring[state.jobs[job].submitted] = job
    }

    /// Puts a job where those of its status are found.
    private mutating func place(
        _ job: UInt32, _ fields: SavedJob, duePosition: UInt32
    ) throws {
        if fields.status.isLeased || fields.status.isFinal {
            guard state.jobs[job].activity != 0 else {
                throw SnapshotFault(
                    "job \(fields.submitted) was never touched and is \(fields.status)")
            }
        }
        if fields.status.isLeased {
            guard state.activities[state.jobs[job].activity].worker != 0 else {
                throw SnapshotFault("job \(fields.submitted) is held by nobody")
            }
            state.tokens.insert(state.jobs[job].activity, in: state.activities)
        } else if fields.status == .fatalFailure {
            dead.append((state.activities[state.jobs[job].activity].lastFailure, job))
        } else if fields.status.isFinal {
            ended.append((state.activities[state.jobs[job].activity].last, job))
        } else if duePosition != 0 {
            state.jobs[job].duePosition = duePosition
            state.jobs[job].flags.insert(.timed)
        } else if fields.waitsForTime {
            timed.append((job, fields.dueAt))
        } else if !fields.marks.contains(.blocked), let next = state.schedules[job]?.nextTick {
            timed.append((job, next))
        }
    }
}

/// The fixed part of a job in a snapshot.
struct SavedJob {
    // First, and so in words that are copied as they are read: a processor cannot hand on what it has
    // not written yet in other pieces (measured: a twentieth of a start).
    let blob: JobBlob
    let submitted: LSN
    let submittedAt: WallTime
    let dueAt: WallTime
    let keyHash: UInt32
    let user: UInt32
    let kind: UInt32
    let priority: UInt8
    let status: ExecutionStatus
    let marks: SavedMarks
    let parts: SavedParts

    /// - Parameter reader: At the job.
    /// - Throws: What is wrong with the bytes.
    init(reading reader: inout ByteReader) throws {
        // One check of the length for all of it.
        let bytes = try reader.read(count: SavedLayout.jobBytes)
        submitted = LSN(rawValue: bytes.fixed(at: 0))
        submittedAt = WallTime(microseconds: bytes.fixed(at: 16))
        dueAt = WallTime(microseconds: bytes.fixed(at: 24))
        keyHash = bytes.fixed(at: 32)
        user = bytes.fixed(at: 36)
        kind = bytes.fixed(at: 40)
        priority = bytes.fixed(at: 55)
        marks = SavedMarks(rawValue: bytes.fixed(at: 57))
        parts = SavedParts(rawValue: bytes.fixed(at: 58))
        blob = JobBlob(
            contentHash: bytes.fixed(at: 8), jobBytes: Int(bytes.fixed(at: 54, as: UInt8.self)),
            locationBytes: Int(bytes.fixed(at: 52, as: UInt16.self)),
            rawPayloadBytes: Int(bytes.fixed(at: 44, as: UInt32.self)),
            storedPayloadBytes: Int(bytes.fixed(at: 48, as: UInt32.self)))
        guard let status = ExecutionStatus(rawValue: bytes.fixed(at: 56)),
            submittedAt >= .earliest, submittedAt <= .latest, dueAt >= .earliest, dueAt <= .latest,
            // A record without an id is one that nobody uses.
            blob.jobBytes > 0,
            max(blob.rawPayloadBytes, blob.storedPayloadBytes) <= JobLimits.payloadBytesMax,
            blob.locationBytes < 1 << 11
        else { throw SnapshotFault("the fields of job \(submitted)") }
        self.status = status
    }

    /// - Parameters:
    ///   - users: So many were loaded.
    ///   - classes: As many, and the one that nobody uses.
    /// - Throws: `SnapshotFault` where the job is of another, or recurs and does not.
    func check(users: Int, classes: Int) throws {
        guard user >= 1, user <= users, kind >= 1, kind < classes else {
            throw SnapshotFault("user or class of job \(submitted)")
        }
        let fitsMarks =
            (!parts.contains(.schedule) || marks.contains(.recurring))
            && (!parts.contains(.parent) || marks.contains(.occurrence))
        guard fitsMarks, !marks.isSuperset(of: [.recurring, .occurrence]) else {
            throw SnapshotFault("marks of job \(submitted)")
        }
    }

    /// The job waits for its time and for nothing else, and no schedule says when that is.
    var waitsForTime: Bool {
        !status.isLeased && !status.isFinal && marks.isDisjoint(with: [.blocked, .recurring])
    }

    var flags: JobFlags {
        var flags: JobFlags = []
        if marks.contains(.blocked) { flags.insert(.blocked) }
        if marks.contains(.recurring) { flags.insert(.recurring) }
        if marks.contains(.occurrence) { flags.insert(.occurrence) }
        if marks.contains(.packed) { flags.insert(.packed) }
        if parts.contains(.expiry) { flags.insert(.expires) }
        return flags
    }

    /// Goes past what follows the fixed part.
    func skip(_ reader: inout ByteReader) throws(ByteFault) {
        _ = try reader.read(count: blob.byteCount - JobBlob.headBytes)
        if parts.isEmpty { return }
        if parts.contains(.activity) { _ = try reader.read(count: SavedLayout.activityBytes) }
        if parts.contains(.expiry) { _ = try reader.read(count: 8) }
        if parts.contains(.checkpoint) { _ = try reader.readSized() }
        if parts.contains(.progress) { _ = try reader.readSized() }
        if parts.contains(.schedule) {
            _ = try reader.read(count: 8)
            _ = try reader.readSized()
        }
        if parts.contains(.parent) { _ = try reader.read(count: 8) }
    }
}
