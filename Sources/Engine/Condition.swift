import Synchronization

/// Whether the engine's log can be written, and whether the engine has ended.
final class Condition: Sendable {
    private struct Contents {
        var failure: String?
        var trouble: String?
        var isClosed = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let contents = Mutex(Contents())

    /// Why the log cannot be written any more; nil while it can.
    var failure: String? { contents.withLock { $0.failure } }

    /// Keeps the first failure.
    func fail(_ reason: String) {
        contents.withLock { $0.failure = $0.failure ?? reason }
    }

    /// What keeps the engine from taking all work; nil where nothing does.
    var trouble: String? { contents.withLock { $0.trouble } }

    func note(trouble: String?) {
        contents.withLock { $0.trouble = trouble }
    }

    /// The writer has ended and the log is closed.
    func close() {
        let waiting = contents.withLock { contents in
            contents.isClosed = true
            defer { contents.waiting = [] }
            return contents.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns once the writer has ended.
    func closed() async {
        await withCheckedContinuation { continuation in
            let isClosed = contents.withLock { contents in
                if !contents.isClosed { contents.waiting.append(continuation) }
                return contents.isClosed
            }
            if isClosed { continuation.resume() }
        }
    }
}
