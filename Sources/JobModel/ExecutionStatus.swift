/// Where a job stands.
///
/// docs/state-machine.md draws the transitions.
@usableFromInline
package enum ExecutionStatus: UInt8, CaseIterable, Sendable {
    case notStarted = 0
    case claimed = 1
    case processing = 2
    case success = 3
    case retriableFailure = 4
    case fatalFailure = 5
    case cancelled = 6

    /// The name on the wire, in the log's JSON and in every listing.
    package var name: String {
        switch self {
        case .notStarted: "NOT_STARTED"
        case .claimed: "CLAIMED"
        case .processing: "PROCESSING"
        case .success: "SUCCESS"
        case .retriableFailure: "RETRIABLE_FAILURE"
        case .fatalFailure: "FATAL_FAILURE"
        case .cancelled: "CANCELLED"
        }
    }

    /// The status called `name`; nil if there is none.
    package init?(name: String) {
        guard let status = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = status
    }

    /// Nothing follows a final status.
    package var isFinal: Bool {
        switch self {
        case .success, .fatalFailure, .cancelled: true
        case .notStarted, .claimed, .processing, .retriableFailure: false
        }
    }

    /// A worker holds a lease on the job.
    package var isLeased: Bool {
        self == .claimed || self == .processing
    }

    /// The coarser status of the whole job.
    package var jobStatus: String {
        switch self {
        case .notStarted: "STARTED"
        case .claimed, .processing, .retriableFailure: "IN_PROCESS"
        case .success, .fatalFailure, .cancelled: "COMPLETED"
        }
    }
}
