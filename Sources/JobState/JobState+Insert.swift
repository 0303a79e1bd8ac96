import ByteCoding
import HeapModule
package import JobCoding
import JobModel
import Tables
import Units

extension JobState {
    /// Looks at the parts of an event that `apply` takes for right: policy and recurrence.
    ///
    /// For events of the log; those that were encoded here are right.
    ///
    /// - Parameters:
    ///   - record: The event.
    ///   - isPolicyKnown: Its policy was looked at before.
    /// - Throws: `EventFault`, which says what is wrong.
    package static func check(
        _ record: borrowing SubmittedRecord, isPolicyKnown: Bool
    ) throws(EventFault) {
        if !isPolicyKnown { _ = try JobPolicy(decoding: record.policy) }
        guard record.recurrenceBytes > 0 else { return }
        let recurrence = try Recurrence(decoding: record.recurrence)
        do throws(Rejection) {
            _ = try Ticker(recurrence.rule)
        } catch {
            throw .invalidField("recurrence: \(error)")
        }
        guard let tick = record.firstTick, tick >= .earliest, tick <= .latest else {
            throw .invalidField("first tick")
        }
    }

    /// Inserts a job whose event is there as values only.
    mutating func insert(
        _ key: JobKey, _ content: JobContent, hash: UInt32?, firstTick: WallTime?, at lsn: LSN,
        time: WallTime
    ) {
        var writer = ByteWriter(capacity: 512)
        let fact = Fact.submitted(
            key, content, keyHash: hash ?? keyHash(key), firstTick: firstTick)
        Event(time: time, fact: fact).encode(into: &writer)
        do throws(EventFault) {
            let record = try SubmittedRecord(writer.bytes)
            let hint = SubmitHint(record, self.hash)
            let job = insert(
                record, hint.contentHash, user: userNumber(record.user, hash: hint.userHash),
                kind: kind(of: record), packed: RawSpan(), at: lsn)
            if hash == nil { jobsOfFirstEncoding[lsn.rawValue] = job }
        } catch {
            preconditionFailure("an event that was encoded here cannot be read: \(error)")
        }
    }

    mutating func insert(
        _ record: borrowing SubmittedRecord, _ contentHash: UInt64, user: UInt32, kind: UInt32,
        packed: RawSpan, at lsn: LSN
    ) -> UInt32 {
        let isRecurring = record.recurrenceBytes > 0
        var flags: JobFlags = packed.byteCount > 0 ? [.packed] : []
        if isRecurring { flags.insert(.recurring) }
        if record.expiresAt != nil { flags.insert(.expires) }
        let head = JobBlob(
            contentHash: contentHash, jobBytes: record.jobBytes,
            locationBytes: record.locationBytes, rawPayloadBytes: record.payloadBytes,
            storedPayloadBytes: packed.byteCount > 0 ? packed.byteCount : record.payloadBytes)
        let blob = blobs.begin(head)
        blobs.write(record.job, to: blob, byteCount: head.byteCount, at: JobBlob.headBytes)
        blobs.write(
            record.location, to: blob, byteCount: head.byteCount, at: head.locationOffset)
        blobs.write(
            packed.byteCount > 0 ? packed : record.payload, to: blob, byteCount: head.byteCount,
            at: head.payloadOffset)
        let executionTime = max(record.executionTime ?? record.time, record.time)
        let job = add(
            JobRecord(
                submitted: lsn, submittedAt: record.time, dueAt: executionTime,
                keyHash: record.keyHash, user: user, kind: kind,
                priority: record.priority, content: head, blob: blob,
                flags: flags))
        if let expiresAt = record.expiresAt { expire(job, at: expiresAt) }
        if isRecurring {
            beginSchedule(job, record)
        } else {
            wait(job, until: executionTime)
        }
        return job
    }

    /// Makes a job findable, listed and counted.
    mutating func add(_ record: JobRecord) -> UInt32 {
        let job = jobs.allocate(record)
        keys.insert(job, in: jobs)
        let older = users[record.user].newest
        jobs[job].older = older
        if older != 0 { jobs[older].newer = job }
        users[record.user].newest = job
        count(job, .notStarted, by: 1)
        return job
    }

    mutating func expire(_ job: UInt32, at time: WallTime) {
        expiryTimes[job] = time
        expiries.insert(Expiry(at: time, submitted: jobs[job].submitted, job: job))
    }

    mutating func kind(
        of record: borrowing SubmittedRecord, _ classNumber: UInt16?, _ kinds: inout BatchKinds
    ) -> UInt32 {
        guard let classNumber else { return kind(of: record) }
        let known = kinds.kinds[Int(classNumber)]
        if known != 0 { return known }
        let kind = kind(of: record)
        kinds.kinds[Int(classNumber)] = kind
        return kind
    }

    mutating func kind(of record: borrowing SubmittedRecord) -> UInt32 {
        let kind = classNames.intern(record.typeAndPolicy, salt: UInt64(record.typeBytes))
        if kind == classes.count {
            do throws(EventFault) {
                classes.append(
                    JobClass(
                        type: typeNumber(record.type),
                        policy: try JobPolicy(decoding: record.policy)))
            } catch {
                preconditionFailure("the policy of a checked event cannot be read: \(error)")
            }
        }
        return kind
    }

    mutating func typeNumber(_ name: RawSpan) -> UInt32 {
        let number = typeNames.intern(name)
        if number == types.count {
            types.append(TypeRecord())
            jobTypes.append(JobType(unchecked: name.text))
        }
        return number
    }

    mutating func userNumber(_ name: RawSpan) -> UInt32 {
        userNumber(name, hash: UInt32(truncatingIfNeeded: hash.hash(name)))
    }

    mutating func userNumber(_ name: RawSpan, hash: UInt32) -> UInt32 {
        let number = userNames.intern(name, hash: hash)
        if number > users.slotsUsed { _ = users.allocate(UserRecord()) }
        return number
    }
}
