import ByteCoding
import JobModel
import Tables
import Units

/// Puts jobs of a snapshot into the indexes before their records are made.
///
/// Nearly all of that is waiting for memory, so that it pays to let another thread do it meanwhile.
package struct JobIndexer: ~Copyable {
    var keys: HashIndex
    var due: DueWheel
    /// The last slot that a job was promised.
    private var slot: UInt32 = 0
    private let jobsExpected: Int
    private var group: [Entry] = []

    /// What the indexes need of a job.
    private struct Entry {
        let keyHash: UInt32
        /// Nil: it does not wait for its time.
        let dueMicroseconds: Int64?
    }

    init(keys: consuming HashIndex, due: consuming DueWheel, jobsExpected: Int) {
        self.keys = keys
        self.due = due
        self.jobsExpected = jobsExpected
    }

    /// Indexes the jobs of a chunk; called for one chunk after another, as they will be loaded.
    ///
    /// - Parameters:
    ///   - count: Jobs in it.
    ///   - bytes: Of the chunk.
    /// - Returns: Where they are.
    /// - Throws: What is wrong with the bytes.
    package mutating func index(
        _ count: Int, _ bytes: RawSpan
    ) throws(SnapshotFault) -> IndexedJobs {
        do {
            return try indexed(count, bytes)
        } catch {
            throw StateLoader.fault(error, in: "a chunk of jobs")
        }
    }

    private mutating func indexed(_ count: Int, _ bytes: RawSpan) throws -> IndexedJobs {
        if slot == 0 {
            keys.expect(jobsExpected)
            due.expect(jobsExpected)
        }
        var reader = ByteReader(bytes)
        var jobs = IndexedJobs(firstSlot: slot + 1, count: count)
        while jobs.duePositions.count < count {
            try lookAhead(min(count - jobs.duePositions.count, JobState.prefetchMax), &reader)
            for entry in group {
                slot += 1
                keys.insert(slot, hash: entry.keyHash)
                jobs.duePositions.append(
                    entry.dueMicroseconds.map { due.insert(slot, dueMicroseconds: $0) } ?? 0)
            }
        }
        return jobs
    }

    /// Reads the fixed parts of the next jobs, and has what they touch fetched.
    private mutating func lookAhead(_ size: Int, _ reader: inout ByteReader) throws {
        group.removeAll(keepingCapacity: true)
        for _ in 0..<size {
            let fields = try SavedJob(reading: &reader)
            keys.prefetch(fields.keyHash)
            due.prefetchBucket(dueMicroseconds: fields.dueAt.microseconds)
            try fields.skip(&reader)
            group.append(
                Entry(
                    keyHash: fields.keyHash,
                    dueMicroseconds: fields.waitsForTime ? fields.dueAt.microseconds : nil))
        }
        for entry in group {
            keys.prefetchSecond(entry.keyHash)
            if let time = entry.dueMicroseconds { due.prefetch(dueMicroseconds: time) }
        }
    }
}

/// Jobs of a chunk that are in the indexes, and not in memory yet.
package struct IndexedJobs: Sendable {
    /// That of the first job; the others follow.
    let firstSlot: UInt32
    /// Where each is in the due wheel; 0: nowhere yet.
    fileprivate(set) var duePositions: [UInt32] = []

    fileprivate init(firstSlot: UInt32, count: Int) {
        self.firstSlot = firstSlot
        // A count that is not true ends with the bytes.
        duePositions.reserveCapacity(min(count, StateChunk.bytesWanted))
    }

    var count: Int { duePositions.count }
}
