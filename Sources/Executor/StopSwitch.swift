import Synchronization

/// Thrown once, never back; whoever waits for it is woken.
final class StopSwitch: Sendable {
    private struct State {
        var isThrown = false
        var nextID: UInt64 = 0
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var isThrown: Bool { state.withLock { $0.isThrown } }

    func throwOver() {
        let waiting = state.withLock { state in
            state.isThrown = true
            defer { state.waiting = [:] }
            return Array(state.waiting.values)
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Returns when the switch is thrown or the task is cancelled.
    func wait() async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                // A cancelled task finds its handler run already: nobody would wake it.
                let isOver = state.withLock { state in
                    if state.isThrown || Task.isCancelled { return true }
                    state.waiting[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    /// Returns after `duration`, or earlier if the switch is thrown or the task is cancelled.
    func sleep(atMost duration: Duration) async {
        await withTaskGroup { group in
            group.addTask { await self.wait() }
            group.addTask { await pause(duration) }
            await group.next()
            group.cancelAll()
        }
    }
}

/// Returns after `duration`, or at once if the task is cancelled.
func pause(_ duration: Duration) async {
    do {
        try await Task.sleep(for: duration)
    } catch {
        // Only cancellation ends a sleep early, and the caller looks for it itself.
        return
    }
}
