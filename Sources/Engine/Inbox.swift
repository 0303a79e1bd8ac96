import Dispatch
import Synchronization
import Units

/// The bounded queue between everyone and the writer, who takes all of it at once.
///
/// The semaphore is signalled only when the queue stops being empty or is closed, so it holds at
/// most one signal for each time that the writer takes.
final class Inbox: Sendable {
    private struct Contents {
        var requests: [Request] = []
        /// Commands in the requests: a batch is as many as it holds.
        var commandCount = 0
        var isClosed = false
    }

    private let contents = Mutex(Contents())
    private let arrived = DispatchSemaphore(value: 0)
    private let commandsMax: Int

    init(commandsMax: Int) {
        self.commandsMax = commandsMax
    }

    /// Puts a request in line, or answers it with a refusal at once.
    func send(_ request: Request) {
        let (refusal, wasEmpty) = contents.withLock { contents -> (EngineError?, Bool) in
            if contents.isClosed { return (.notServing, false) }
            if contents.commandCount >= commandsMax, !request.isWithdrawal {
                return (.overloaded, false)
            }
            contents.requests.append(request)
            contents.commandCount += request.commandCount
            return (nil, contents.requests.count == 1)
        }
        if let refusal { return request.refuse(refusal) }
        if wasEmpty { arrived.signal() }
    }

    /// Whether a request is in line.
    var hasAny: Bool { contents.withLock { !$0.requests.isEmpty } }

    /// Takes all requests; waits at most `wait` for the first.
    ///
    /// - Returns: Nil once the inbox is closed and empty.
    func take(waiting wait: TimeSpan) -> [Request]? {
        let deadline = DispatchTime.now() + .microseconds(Int(clamping: wait.microseconds))
        // A signal and a time-out mean the same here: look again at what is there.
        _ = arrived.wait(timeout: deadline)
        return contents.withLock { contents in
            if contents.isClosed && contents.requests.isEmpty { return nil }
            defer {
                contents.requests = []
                contents.commandCount = 0
            }
            return contents.requests
        }
    }

    /// Refuses everything from now on; what is in line is still taken.
    func close() {
        contents.withLock { $0.isClosed = true }
        arrived.signal()
    }
}
