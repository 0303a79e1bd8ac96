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
    /// What its class, type and policy, is called in `BatchKinds`; nil: it has no number there.
    package let classNumber: UInt16?

    /// - Parameters:
    ///   - record: The event, with the key's hash in it.
    ///   - hash: What the log's hashes are made with.
    ///   - classNumber: Of its class among those of a batch; nil: it has none.
    package init(_ record: borrowing SubmittedRecord, _ hash: KeyedHash, classNumber: UInt16? = nil)
    {
        self.classNumber = classNumber
        contentHash = hash.hash(record.contentTail, salt: hash.hash(record.contentHead))
        keyHash = record.keyHash
        userHash = UInt32(truncatingIfNeeded: hash.hash(record.user))
        dueMicroseconds = record.executionTime?.microseconds ?? 0
    }
}

/// The kinds, as one state numbers them, of the classes of a batch or a replay: each is looked up once, not for each job.
package struct BatchKinds {
    /// By the numbers of the classes there; 0: not looked up yet.
    var kinds: [UInt32]

    /// - Parameter classCount: The classes have the numbers from 0 to below this one.
    package init(classCount: Int) {
        kinds = [UInt32](repeating: 0, count: classCount)
    }
}

/// What was found out to decide a submit, so that applying it need not look again.
package struct SubmitPlace: Equatable, Sendable {
    /// 0: nobody of this name was there, or nobody looked.
    let user: UInt32

    /// Of an event that was decided long ago.
    package static let unknown = SubmitPlace(user: 0)
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
