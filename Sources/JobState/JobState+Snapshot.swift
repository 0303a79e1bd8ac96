import ByteCoding
import JobModel
import Tables
import Units

// Saving the state as it is after one event while later events change it: whoever changes a job for
// the first time since then keeps it first, and everything else is walked through bit by bit.
extension JobState {
    /// Jobs in memory, live or ended.
    package var jobCount: Int { jobs.liveCount }

    /// Begins a snapshot of the state as it is now.
    ///
    /// - Precondition: none is under way.
    package mutating func beginSnapshot() {
        precondition(snapshot == nil, "two snapshots at once")
        var settings = StateChunk(.settings)
        encodeSettings(into: &settings.bytes)
        settings.count = 1
        var walk = SnapshotWalk(
            lsn: appliedLSN, users: UInt32(userNames.count), types: UInt32(typeNames.count),
            classes: UInt32(classNames.count), workers: UInt32(workerNames.count),
            jobs: UInt32(jobs.slotsUsed), userControls: userControls, typeControls: typeControls,
            holds: holds, digest: settingsDigest())
        walk.filled.append(settings)
        snapshot = walk
        jobsSaved = 0
    }

    /// Goes on with the snapshot by about so many entries.
    ///
    /// - Returns: Whether there is more to do.
    package mutating func continueSnapshot(entriesMax: Int) -> Bool {
        guard var walk = snapshot.take() else { return false }
        var left = entriesMax
        while left > 0, let phase = walk.phase {
            let end = walk.end(of: phase)
            let count = min(UInt32(Self.prefetchMax), end - walk.walked)
            guard count > 0 else {
                walk.endPhase()
                continue
            }
            save(walk.walked + 1...walk.walked + count, phase, &walk)
            walk.walked += count
            left -= Int(count)
            walk.closeFull()
        }
        switch walk.phase {
        case nil: jobsSaved = .max
        case .jobs: jobsSaved = walk.walked
        default: jobsSaved = 0
        }
        defer { snapshot = walk }
        return walk.phase != nil
    }

    /// The chunks that are full by now.
    package mutating func takeChunks() -> [StateChunk] {
        guard var walk = snapshot.take() else { return [] }
        defer { snapshot = walk }
        let filled = walk.filled
        walk.filled = []
        return filled
    }

    /// Ends a snapshot of which all was taken.
    package mutating func endSnapshot() -> SnapshotTotals {
        guard let walk = snapshot.take(), walk.phase == nil, walk.filled.isEmpty else {
            preconditionFailure("a snapshot that is not complete")
        }
        return SnapshotTotals(lsn: walk.lsn, jobs: walk.jobCount, digest: walk.digest)
    }

    /// Forgets the snapshot that is under way, if one is.
    package mutating func abandonSnapshot() {
        snapshot = nil
        jobsSaved = .max
    }

    /// Keeps a job for the snapshot under way, before an event of its own changes it.
    @inline(__always)
    mutating func keep(_ job: UInt32) {
        if job > jobsSaved { keepUnsaved(job, isForOther: false) }
    }

    /// Keeps a job for the snapshot under way, before another one's event changes it.
    @inline(__always)
    mutating func keepForOther(_ job: UInt32) {
        if job > jobsSaved { keepUnsaved(job, isForOther: true) }
    }

    @inline(never)
    private mutating func keepUnsaved(_ job: UInt32, isForOther: Bool) {
        guard let lsn = snapshot?.lsn, wasThere(job, at: lsn), var walk = snapshot.take()
        else { return }
        defer { snapshot = walk }
        guard !walk.keptForOthers.contains(job) else { return }
        walk.digest &+= save(job, in: &walk.kept)
        walk.jobCount += 1
        if isForOther { walk.keptForOthers.insert(job) }
        walk.closeFull()
    }

    /// Whether the job is as it was after an event: one that has changed since was kept before it did.
    private mutating func wasThere(_ job: UInt32, at lsn: LSN) -> Bool {
        !jobs[job].isFree && last(job) <= lsn
    }

    private mutating func save(
        _ entries: ClosedRange<UInt32>, _ phase: StateChunk.Kind, _ walk: inout SnapshotWalk
    ) {
        switch phase {
        case .users: for user in entries { encode(user: user, into: &walk) }
        case .types: for type in entries { encode(type: type, into: &walk) }
        case .classes: for number in entries { encode(class: number, into: &walk) }
        case .workers: for worker in entries { encode(worker: worker, into: &walk) }
        case .jobs: save(jobs: entries, &walk)
        case .settings, .keptJobs: preconditionFailure("a phase without a table")
        }
    }

    private mutating func save(jobs entries: ClosedRange<UInt32>, _ walk: inout SnapshotWalk) {
        for job in entries {
            let activity = jobs[job].activity
            if activity != 0 { activities.prefetch(activity) }
            blobs.prefetch(jobs[job].blob)
            userNames.prefetch(number: jobs[job].user)
        }
        for job in entries where wasThere(job, at: walk.lsn) {
            if !walk.keptForOthers.isEmpty, walk.keptForOthers.contains(job) { continue }
            walk.digest &+= save(job, in: &walk.open)
            walk.jobCount += 1
            walk.closeFull()
        }
    }

    /// Puts a job into a chunk; gives its part of the digest.
    private mutating func save(_ job: UInt32, in chunk: inout StateChunk) -> UInt64 {
        encode(job: job, into: &chunk.bytes)
        chunk.count += 1
        return digest(of: job)
    }
}
