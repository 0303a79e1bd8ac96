package import ByteCoding
package import Units

/// A part of a snapshot: entries of one kind, one behind the other.
///
/// docs/snapshot-format.md says how each kind is laid out.
package struct StateChunk: Sendable {
    /// In the order in which they are loaded: each refers to those before it.
    package enum Kind: UInt8, CaseIterable, Sendable {
        case settings = 1
        case users = 2
        case types = 3
        case classes = 4
        case workers = 5
        /// Jobs in the order in which memory holds them: nearly always that of their submits.
        case jobs = 6
        /// Jobs that changed while the snapshot was taken, as they were before.
        case keptJobs = 7
    }

    package let kind: Kind
    package internal(set) var count = 0
    package internal(set) var bytes: ByteWriter

    /// No user and no job takes fewer.
    static let entryBytesMin = 30
    /// A chunk that has so many bytes is full.
    package static let bytesWanted = 256 << 10

    init(_ kind: Kind) {
        self.kind = kind
        bytes = ByteWriter(capacity: Self.bytesWanted + 4_096)
    }
}

/// What the chunks of a snapshot say that they hold: memory is taken for so much.
package struct StateSize: Sendable {
    /// No job is of a later one.
    private(set) var users = 0
    private(set) var jobs = 0
    /// Of all chunks of jobs.
    private(set) var jobBytes = 0

    package init() {}

    /// - Parameters:
    ///   - kind: Of a chunk; one that is unknown has nothing.
    ///   - count: Its entries, as far as it is long enough for so many.
    ///   - byteCount: Its length.
    package mutating func add(_ kind: StateChunk.Kind?, count: Int, byteCount: Int) {
        let entries = min(count, byteCount / StateChunk.entryBytesMin)
        switch kind {
        case .users: users += entries
        case .jobs, .keptJobs:
            jobs += entries
            jobBytes += byteCount
        case .settings, .types, .classes, .workers, nil: break
        }
    }
}

/// What a whole snapshot comes to.
package struct SnapshotTotals: Equatable, Sendable {
    package let lsn: LSN
    /// Jobs in it.
    package let jobs: UInt64
    /// What `JobState.digest` says at `lsn`.
    package let digest: UInt64

    package init(lsn: LSN, jobs: UInt64, digest: UInt64) {
        self.lsn = lsn
        self.jobs = jobs
        self.digest = digest
    }
}

/// Chunks whose checksums are good and that do not make a state.
package struct SnapshotFault: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
