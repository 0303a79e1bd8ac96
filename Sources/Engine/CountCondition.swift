package import JobModel

/// A condition on how many jobs there are: `waiting(type=mail) > 1000`.
package struct CountCondition: Equatable, Sendable {
    /// Which jobs are counted, by what has become of them.
    package enum Count: String, CaseIterable, Sendable {
        case waiting, running, succeeded, failed, cancelled, dead, total
    }

    package enum Comparison: String, CaseIterable, Sendable {
        // Longer ones first: `>=` is no `>`.
        case atLeast = ">="
        case atMost = "<="
        case equal = "=="
        case unequal = "!="
        case above = ">"
        case below = "<"
    }

    package let count: Count
    /// Nil: of every type.
    package let type: JobType?
    /// Nil: of every user.
    package let user: UserID?
    package let comparison: Comparison
    package let number: UInt64

    package func isMet(by value: UInt64) -> Bool {
        switch comparison {
        case .atLeast: value >= number
        case .atMost: value <= number
        case .equal: value == number
        case .unequal: value != number
        case .above: value > number
        case .below: value < number
        }
    }
}

extension CountCondition.Count {
    /// The jobs counted among all of these.
    func value(in counts: StatusCounts) -> UInt64 {
        statuses.reduce(0) { $0 + counts[$1] }
    }

    private var statuses: [ExecutionStatus] {
        switch self {
        case .waiting: [.notStarted, .retriableFailure]
        case .running: [.claimed, .processing]
        case .succeeded: [.success]
        case .failed: [.retriableFailure, .fatalFailure]
        case .cancelled: [.cancelled]
        case .dead: [.fatalFailure]
        case .total: ExecutionStatus.allCases
        }
    }
}

extension CountCondition: CustomStringConvertible {
    package var description: String {
        let filters = [type.map { "type=\($0.text)" }, user.map { "user=\($0.text)" }]
        let list = filters.compactMap(\.self).joined(separator: ",")
        return "\(count.rawValue)(\(list)) \(comparison.rawValue) \(number)"
    }
}
