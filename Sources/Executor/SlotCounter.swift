import Synchronization

/// Counts the slots that are free, and lets one task wait for the first.
final class SlotCounter: Sendable {
    private struct State {
        var free: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(slots: Int) {
        precondition(slots >= 1, "an executor needs at least one slot, not \(slots)")
        state = Mutex(State(free: slots))
    }

    /// Takes a slot that `waitForFree` has seen.
    func take() {
        state.withLock { state in
            precondition(state.free > 0, "more attempts than slots")
            state.free -= 1
        }
    }

    func giveBack() {
        let waiter = state.withLock { state in
            state.free += 1
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// How many slots are free, as soon as one is; only one task may wait.
    func waitForFree() async -> Int {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.free > 0 { return true }
                precondition(state.waiter == nil, "two tasks wait for a slot")
                state.waiter = continuation
                return false
            }
            if isFree { continuation.resume() }
        }
        return state.withLock { $0.free }
    }
}
