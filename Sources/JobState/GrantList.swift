import ByteCoding
package import JobModel
import Tables
package import Units

/// Jobs handed to a worker at once, as the writer's thread copied them: made into values by who receives them.
package struct GrantList: Sendable {
    private var items: [GrantItem] = []
    /// What few of them have.
    private var extras: [GrantExtra] = []
    /// What many of them share.
    private var classes: [GrantClass] = []
    /// Names and payload of one job after the other.
    private var bytes = ByteWriter(capacity: 0)
    private let worker: WorkerName
    /// Tells this list from others of the same state.
    fileprivate let number: UInt64

    // Stored, both: whoever grants asks before each job, and to work them out would take a copy of the list.
    package private(set) var count = 0
    /// Names, payloads as they were submitted, and checkpoints.
    package private(set) var byteCount = 0

    /// No job.
    package static let empty = GrantList(worker: WorkerName(unchecked: "-"), number: 0)

    /// Names and packed payload of most jobs; more are made room for as they come.
    private static let bytesEach = 128

    fileprivate init(worker: WorkerName, number: UInt64) {
        self.worker = worker
        self.number = number
    }

    /// Makes room for so many jobs in all.
    package mutating func expect(_ count: Int) {
        items.reserveCapacity(count)
        bytes.expect(count * Self.bytesEach)
    }

    fileprivate mutating func add(_ shared: GrantClass) -> UInt32 {
        classes.append(shared)
        return UInt32(classes.count - 1)
    }

    /// Adds the bytes of the next job: where they begin, and how many are the user's name.
    fileprivate mutating func write(
        _ user: RawSpan, _ content: RawSpan
    ) -> (start: Int, userBytes: UInt32) {
        let start = bytes.count
        bytes.write(user)
        bytes.write(content)
        byteCount += bytes.count - start
        return (start, UInt32(user.byteCount))
    }

    /// Adds the job whose bytes have been written.
    fileprivate mutating func append(_ item: GrantItem) {
        count += 1
        byteCount += Int(item.rawPayloadBytes) - Int(item.payloadBytes)
        items.append(item)
    }

    /// Adds what only few jobs have, and returns its number for the item.
    fileprivate mutating func add(_ extra: GrantExtra) -> UInt32 {
        byteCount += extra.checkpoint?.count ?? 0
        extras.append(extra)
        return UInt32(extras.count)
    }

    private func extra(_ place: Int) -> GrantExtra? {
        let number = Int(items[place].extra)
        return number == 0 ? nil : extras[number - 1]
    }

    /// The job at a place as a reader sees it at the moment of the grant.
    package func view(_ place: Int) -> JobView {
        let kind = Int(items[place].kind)
        let job = items[place].start + Int(items[place].userBytes)
        let location = job + Int(items[place].jobBytes)
        let end = location + Int(items[place].locationBytes)
        let extra = extra(place)
        return JobView(
            key: JobKey(
                user: UserID(unchecked: text(items[place].start..<job)),
                job: JobID(unchecked: text(job..<location))),
            type: classes[kind].type, status: .claimed, executionTime: items[place].executionTime,
            expiresAt: extra?.expiresAt, priority: items[place].priority,
            policy: classes[kind].policy,
            resultLocation: location == end ? nil : text(location..<end),
            attempt: Int(items[place].attempt), leaseExpiries: Int(items[place].leaseExpiries),
            submittedAt: items[place].submittedAt, updatedAt: items[place].grantedAt,
            nextAttemptAt: nil,
            lease: LeaseView(
                worker: worker, token: items[place].token, until: items[place].leaseUntil),
            hold: nil, recurrence: nil, occurrenceOf: extra?.occurrenceOf,
            submittedLSN: items[place].submitted, lastLSN: items[place].token)
    }

    private func text(_ range: Range<Int>) -> String { bytes.bytes.extracting(range).text }

    package func checkpoint(_ place: Int) -> [UInt8]? { extra(place)?.checkpoint }

    /// Kinds of jobs, by type and policy, that are in the list; `kind` numbers them from 0 on.
    package var kindCount: Int { classes.count }

    package func kind(_ place: Int) -> Int { Int(items[place].kind) }

    package func type(ofKind kind: Int) -> JobType { classes[kind].type }

    /// Whether the payload is packed with the dictionary of the job's type.
    package func isPacked(_ place: Int) -> Bool { items[place].isPacked }

    /// Bytes of the payload as it was submitted.
    package func rawPayloadBytes(_ place: Int) -> Int { Int(items[place].rawPayloadBytes) }

    /// The payload of the job at a place, as it is kept.
    @_lifetime(borrow self)
    package func payload(_ place: Int) -> RawSpan {
        let names = items[place].userBytes + items[place].jobBytes + items[place].locationBytes
        let start = items[place].start + Int(names)
        return bytes.bytes.extracting(start..<start + Int(items[place].payloadBytes))
    }
}

/// What a worker is told of one job; names and payload lie in bytes beside it.
private struct GrantItem: Sendable {
    let token: LSN
    let submitted: LSN
    let submittedAt: WallTime
    let grantedAt: WallTime
    let executionTime: WallTime
    let leaseUntil: WallTime
    /// Where its bytes begin.
    let start: Int
    let userBytes: UInt32
    let jobBytes: UInt32
    let locationBytes: UInt32
    let payloadBytes: UInt32
    let rawPayloadBytes: UInt32
    /// Place among the list's classes.
    let kind: UInt32
    /// Number of what only few jobs have; 0: nothing.
    let extra: UInt32
    let attempt: UInt32
    let leaseExpiries: UInt32
    let priority: UInt8
    let isPacked: Bool
}

/// What only few jobs have.
private struct GrantExtra: Sendable {
    let expiresAt: WallTime?
    let checkpoint: [UInt8]?
    let occurrenceOf: JobID?
}

/// Type and policy of jobs of a list.
private struct GrantClass: Sendable {
    let type: JobType
    let policy: JobPolicy
}

/// Which list of grants a class was put into last, and where.
struct GrantPlace {
    var list: UInt64 = 0
    var place: UInt32 = 0
}

extension JobState {
    /// A list for the grants of one claim.
    package mutating func grants(to worker: WorkerName) -> GrantList {
        grantLists += 1
        return GrantList(worker: worker, number: grantLists)
    }

    /// Asks for the memory that a grant needs beside what its claim does.
    package mutating func prefetchGrant(_ slot: JobSlot) {
        userNames.prefetch(number: jobs[slot.index].user)
    }

    /// Copies what a worker is told of a job that was just claimed.
    package mutating func grant(
        _ slot: JobSlot, leaseUntil: WallTime, into grants: inout GrantList
    ) {
        let job = slot.index
        let record = jobs[job]
        let activity = activities[record.activity]
        let blob = blobs.blob(of: record)
        let (start, userBytes) = grants.write(
            userNames.bytes(record.user), blobs.content(of: record, blob))
        grants.append(
            GrantItem(
                token: LSN(rawValue: activity.token), submitted: record.submittedLSN,
                submittedAt: record.submittedAt, grantedAt: activity.updatedAt,
                executionTime: activity.executionTime, leaseUntil: leaseUntil,
                start: start, userBytes: userBytes, jobBytes: UInt32(blob.jobBytes),
                locationBytes: UInt32(blob.locationBytes),
                payloadBytes: UInt32(blob.storedPayloadBytes),
                rawPayloadBytes: UInt32(blob.rawPayloadBytes),
                kind: place(ofKind: record.kind, in: &grants),
                extra: extra(of: slot, in: &grants), attempt: activity.attempt,
                leaseExpiries: activity.leaseExpiries, priority: record.priority,
                isPacked: record.flags.contains(.packed)))
    }

    private mutating func extra(of slot: JobSlot, in grants: inout GrantList) -> UInt32 {
        let job = slot.index
        let expiresAt = expiryTimes.isEmpty ? nil : expiryTimes[job]
        let checkpoint = checkpoint(slot)
        let recurring = occurrences.isEmpty ? nil : occurrences[job]
        if expiresAt == nil, checkpoint == nil, recurring == nil { return 0 }
        return grants.add(
            GrantExtra(
                expiresAt: expiresAt, checkpoint: checkpoint,
                occurrenceOf: recurring.map { JobID(unchecked: blobs.name(of: jobs[$0]).text) }))
    }

    /// Where a class stands in the list, which gets it with its first job.
    private mutating func place(ofKind kind: UInt32, in grants: inout GrantList) -> UInt32 {
        while grantPlaces.count < classes.count { grantPlaces.append(GrantPlace()) }
        let known = grantPlaces[Int(kind)]
        if known.list == grants.number { return known.place }
        let place = grants.add(
            GrantClass(
                type: jobTypes[Int(classes[Int(kind)].type)], policy: classes[Int(kind)].policy))
        grantPlaces[Int(kind)] = GrantPlace(list: grants.number, place: place)
        return place
    }
}
