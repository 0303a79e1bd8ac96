import Engine
import Synchronization

/// Where answers arrive, until the machine dies: nobody gets what was answered after that.
final class Mailbox: Sendable {
    private struct Contents {
        var answers: [(call: Int, answer: Answer)] = []
        var isClosed = false
    }

    private let contents = Mutex(Contents())

    /// Takes the answer to a call.
    func reply<Success: Sendable>(
        to call: Int, _ wrap: @escaping @Sendable (Success) -> Answer
    ) -> @Sendable (Result<Success, EngineError>) -> Void {
        { [self] result in
            let answer: Answer =
                switch result {
                case .success(let value): wrap(value)
                case .failure(let error): .refused(error)
                }
            contents.withLock { contents in
                if !contents.isClosed { contents.answers.append((call, answer)) }
            }
        }
    }

    func close() {
        contents.withLock { $0.isClosed = true }
    }

    /// Takes out what has arrived, in order.
    func takeAll() -> [(call: Int, answer: Answer)] {
        contents.withLock { contents in
            defer { contents.answers = [] }
            return contents.answers
        }
    }
}

/// What became of the snapshots that were asked for.
final class SnapshotOutcomes: Sendable {
    private let contents = Mutex<[SnapshotOutcome]>([])

    func add(_ outcome: SnapshotOutcome) { contents.withLock { $0.append(outcome) } }

    func takeAll() -> [SnapshotOutcome] {
        contents.withLock { contents in
            defer { contents = [] }
            return contents
        }
    }
}
