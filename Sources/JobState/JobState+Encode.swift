import ByteCoding
import JobCoding
import JobModel
import Tables
import Units

/// Marks of a job in a snapshot.
struct SavedMarks: OptionSet {
    let rawValue: UInt8

    static let blocked = SavedMarks(rawValue: 1)
    static let recurring = SavedMarks(rawValue: 2)
    static let occurrence = SavedMarks(rawValue: 4)
    static let packed = SavedMarks(rawValue: 8)
    /// Its events have no hash of the key.
    static let firstEncoding = SavedMarks(rawValue: 16)
}

/// What follows the fixed part and the names of a job in a snapshot, in this order.
struct SavedParts: OptionSet {
    let rawValue: UInt8

    static let activity = SavedParts(rawValue: 1)
    static let expiry = SavedParts(rawValue: 2)
    static let checkpoint = SavedParts(rawValue: 4)
    static let progress = SavedParts(rawValue: 8)
    static let schedule = SavedParts(rawValue: 16)
    static let parent = SavedParts(rawValue: 32)
}

/// Sizes of what has a fixed layout in a snapshot.
enum SavedLayout {
    static let jobBytes = 60
    static let activityBytes = 76
}

// MARK: - Jobs

extension JobState {
    mutating func encode(job: UInt32, into writer: inout ByteWriter) {
        let record = jobs[job]
        // Of a payload that nobody will ask for, nothing is saved.
        let blob = record.needsPayload ? blob(job) : blob(job).withoutPayload
        let parts = parts(of: job, record)
        for value in [record.submitted, blob.contentHash] { writer.writeFixed(value) }
        writer.writeFixed(record.submittedAt.microseconds)
        writer.writeFixed(record.dueAt.microseconds)
        for value in [record.keyHash, record.user, record.kind] { writer.writeFixed(value) }
        writer.writeFixed(UInt32(blob.rawPayloadBytes))
        writer.writeFixed(UInt32(blob.storedPayloadBytes))
        writer.writeFixed(UInt16(blob.locationBytes))
        writer.writeFixed(record.jobBytes)
        writer.writeFixed(record.priority)
        writer.writeFixed(record.status.rawValue)
        writer.writeFixed(marks(of: job, record).rawValue)
        writer.writeFixed(parts.rawValue)
        writer.writeFixed(UInt8(0))
        writer.write(
            blobs.bytes(record.blob, byteCount: blob.byteCount).extracting(JobBlob.headBytes...))
        if !parts.isEmpty { encode(parts, of: job, record, into: &writer) }
    }

    private mutating func marks(of job: UInt32, _ record: JobRecord) -> SavedMarks {
        var marks: SavedMarks = []
        if record.flags.contains(.blocked) { marks.insert(.blocked) }
        if record.flags.contains(.recurring) { marks.insert(.recurring) }
        if record.flags.contains(.occurrence) { marks.insert(.occurrence) }
        if record.flags.contains(.packed), record.needsPayload { marks.insert(.packed) }
        if !jobsOfFirstEncoding.isEmpty, jobsOfFirstEncoding[record.submitted] == job {
            marks.insert(.firstEncoding)
        }
        return marks
    }

    private mutating func parts(of job: UInt32, _ record: JobRecord) -> SavedParts {
        var parts: SavedParts = []
        if record.activity != 0 { parts.insert(.activity) }
        if record.flags.contains(.expires), expiryTimes[job] != nil { parts.insert(.expiry) }
        if !checkpoints.isEmpty, checkpoints[job] != nil { parts.insert(.checkpoint) }
        if !progress.isEmpty, progress[job] != nil { parts.insert(.progress) }
        if record.flags.contains(.recurring), schedules[job] != nil { parts.insert(.schedule) }
        if record.flags.contains(.occurrence), occurrences[job] != nil { parts.insert(.parent) }
        return parts
    }

    private mutating func encode(
        _ parts: SavedParts, of job: UInt32, _ record: JobRecord, into writer: inout ByteWriter
    ) {
        if parts.contains(.activity) { encode(activities[record.activity], into: &writer) }
        if let expiry = expiryTimes[job], parts.contains(.expiry) {
            writer.writeFixed(expiry.microseconds)
        }
        if let checkpoint = checkpoints[job], parts.contains(.checkpoint) {
            writer.writeFixed(UInt32(checkpoint.count))
            writer.write(checkpoint)
        }
        if let progress = progress[job], parts.contains(.progress) {
            writer.writeFixed(UInt32(progress.count))
            writer.write(progress)
        }
        if let schedule = schedules[job], parts.contains(.schedule) {
            writer.writeFixed(schedule.nextTick?.microseconds ?? .min)
            writer.writeSized { schedule.recurrence.encode(into: &$0) }
        }
        if let parent = occurrences[job], parts.contains(.parent) {
            writer.writeFixed(jobs[parent].submitted)
        }
    }

    private func encode(_ activity: Activity, into writer: inout ByteWriter) {
        for value in [activity.token, activity.last, activity.lastFailure] {
            writer.writeFixed(value)
        }
        for value in [activity.updatedAt, activity.renewedAt, activity.executionTime] {
            writer.writeFixed(value.microseconds)
        }
        writer.writeFixed(activity.leaseDuration.microseconds)
        for value in [
            activity.worker, activity.attempt, activity.attemptBase, activity.leaseExpiries,
            activity.expiryBase,
        ] {
            writer.writeFixed(value)
        }
    }
}

// MARK: - Everything else

extension JobState {
    func encodeSettings(into writer: inout ByteWriter) {
        writer.writeFixed(appliedLSN.rawValue)
        writer.writeFixed(appliedTime.microseconds)
        everyUser.encode(into: &writer)
        writer.writeFixed(releasedThrough.rawValue)
        writer.writeFixed(releasedDigest)
    }

    mutating func encode(user: UInt32, into walk: inout SnapshotWalk) {
        walk.open.bytes.writeSized { $0.write(userNames.bytes(user)) }
        walk.open.bytes.encode(walk.userControls[user], walk.holds[.user(user)])
        walk.open.bytes.encode(users[user].released)
        walk.open.count += 1
    }

    mutating func encode(type: UInt32, into walk: inout SnapshotWalk) {
        walk.open.bytes.writeSized { $0.write(typeNames.bytes(type)) }
        walk.open.bytes.encode(walk.typeControls[type], walk.holds[.type(type)])
        walk.open.bytes.encode(types[Int(type)].released)
        walk.open.count += 1
    }

    mutating func encode(class number: UInt32, into walk: inout SnapshotWalk) {
        walk.open.bytes.writeFixed(classes[Int(number)].type)
        walk.open.bytes.writeSized { classes[Int(number)].policy.encode(into: &$0) }
        walk.open.count += 1
    }

    mutating func encode(worker: UInt32, into walk: inout SnapshotWalk) {
        walk.open.bytes.writeSized { $0.write(workerNames.bytes(worker)) }
        walk.open.count += 1
    }
}

extension Control {
    /// `paused:8 waitingMax:32 runningMax:32`, all ones where there is no maximum.
    func encode(into writer: inout ByteWriter) {
        writer.writeFixed(UInt8(isPaused ? 1 : 0))
        writer.writeFixed(waitingMax.map(UInt64.init) ?? .max)
        writer.writeFixed(runningMax.map(UInt64.init) ?? .max)
    }
}

extension ByteWriter {
    /// Writes what `body` writes, behind its length.
    mutating func writeSized(_ body: (inout ByteWriter) -> Void) {
        let start = count
        writeFixed(UInt32(0))
        body(&self)
        patchFixed(UInt32(count - start - 4), at: start)
    }

    fileprivate mutating func encode(_ released: ReleasedCounts) {
        for value in [released.success, released.fatalFailure, released.cancelled] {
            writeFixed(value)
        }
    }

    /// What is set for a user or a type, and when it was held back.
    fileprivate mutating func encode(_ control: Control?, _ history: HoldHistory?) {
        writeFixed(UInt8(control == nil ? 0 : 1))
        control?.encode(into: &self)
        let spans = history?.spans ?? []
        writeFixed(UInt8(spans.count))
        for span in spans {
            let (number, limit) = span.hold.saved
            writeFixed(number)
            writeFixed(limit)
            writeFixed(span.from.microseconds)
            writeFixed(span.to?.microseconds ?? .max)
        }
    }
}

extension Hold {
    /// Its number in a snapshot, and the limit that holds back.
    fileprivate var saved: (number: UInt8, limit: UInt32) {
        switch self {
        case .typePaused: (1, 0)
        case .userPaused: (2, 0)
        case .typeLimit(let limit): (3, limit)
        case .userLimit(let limit): (4, limit)
        case .notDue, .backoff, .previousOccurrence, .noWorker:
            preconditionFailure("no setting holds back like this")
        }
    }

    init(saved number: UInt8, limit: UInt32) throws(SnapshotFault) {
        switch number {
        case 1: self = .typePaused
        case 2: self = .userPaused
        case 3: self = .typeLimit(limit)
        case 4: self = .userLimit(limit)
        default: throw SnapshotFault("a hold of number \(number)")
        }
    }
}
