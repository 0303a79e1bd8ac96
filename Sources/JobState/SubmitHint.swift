package import ByteCoding
package import JobCoding
import Tables
import Units

/// What whoever submits a job works out about its event, so that the writer need not.
package struct SubmitHint: Sendable {
    /// What two submits of one key are compared by: all that their callers said.
    ///
    /// 64 bits of SipHash under the log's secret: who does not know it cannot look for two contents
    /// that are alike, and by chance they are so once in 2⁶⁴.
    package let contentHash: UInt64
    let keyHash: UInt32
    let userHash: UInt32
    let dueMicroseconds: Int64

    /// - Parameters:
    ///   - record: The event, with the key's hash in it.
    ///   - hash: What the log's hashes are made with.
    package init(_ record: borrowing SubmittedRecord, _ hash: KeyedHash) {
        contentHash = hash.hash(record.contentTail, salt: hash.hash(record.contentHead))
        keyHash = record.keyHash
        userHash = UInt32(truncatingIfNeeded: hash.hash(record.user))
        dueMicroseconds = record.executionTime?.microseconds ?? 0
    }
}

extension JobState {
    /// Submits whose memory may be asked for at once.
    package static let prefetchMax = 32

    /// Asks for the memory that a few submits will touch, all of it at once, so that they wait for it
    /// together instead of one after another (measured: more than half of the time of a submit).
    package mutating func prefetch(_ hints: ArraySlice<SubmitHint>) {
        precondition(hints.count <= Self.prefetchMax, "\(hints.count) submits at once")
        var candidates = InlineArray<32, UInt32>(repeating: 0)
        for hint in hints {
            userNames.prefetch(hint.userHash)
            keys.prefetch(hint.keyHash)
            due.prefetchBucket(dueMicroseconds: hint.dueMicroseconds)
        }
        for (index, hint) in hints.enumerated() {
            keys.prefetchSecond(hint.keyHash)
            due.prefetch(dueMicroseconds: hint.dueMicroseconds)
            let user = userNames.prefetchCandidate(hint.userHash)
            candidates[index] = user
            if user != 0 { users.prefetch(user) }
        }
        for index in 0..<hints.count where candidates[index] != 0 {
            let newest = users[candidates[index]].newest
            if newest != 0 { jobs.prefetch(newest) }
        }
    }
}
