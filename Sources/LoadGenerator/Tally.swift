import Client
import Synchronization
import Units
import Wire

/// A number that many tasks raise.
package final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    package init() {}

    package var value: Int { count.load(ordering: .relaxed) }

    package func add(_ more: Int = 1) {
        count.add(more, ordering: .relaxed)
    }
}

/// A number that many tasks raise, and when that was last.
final class Milestones: Sendable {
    private let state = Mutex((count: 0, lastAt: MonotonicTime(microseconds: 0)))

    var count: Int { state.withLock { $0.count } }

    var lastAt: MonotonicTime { state.withLock { $0.lastAt } }

    func add(at moment: MonotonicTime) {
        state.withLock { state in
            state.count += 1
            state.lastAt = max(state.lastAt, moment)
        }
    }
}

/// Calls that failed, by what the daemon said: `503 overloaded`, `no answer`.
package final class FailureTally: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    package init() {}

    package var byKind: [String: Int] { counts.withLock { $0 } }

    package var total: Int { byKind.values.reduce(0, +) }

    func add(_ call: String, _ error: ClientError) {
        let kind = call + ": " + Self.kind(of: error)
        counts.withLock { $0[kind, default: 0] += 1 }
    }

    private static func kind(of error: ClientError) -> String {
        switch error {
        case .refused(let status, let body): "\(status) \(body.code)"
        case .unreachable: "no answer"
        case .unexpectedAnswer: "unexpected answer"
        }
    }
}
