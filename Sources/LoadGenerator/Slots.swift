import Synchronization

/// A bounded number of places; who finds none waits in order of arrival.
final class Slots: Sendable {
    private struct Waiter {
        let wanted: Int
        let continuation: CheckedContinuation<Int, Never>
    }

    private struct State {
        var free: Int
        var waiters: [Waiter] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// Takes up to `wanted` places without waiting; 0 if none is free.
    func takeAtOnce(upTo wanted: Int) -> Int {
        state.withLock { state in
            let taken = state.waiters.isEmpty ? min(wanted, state.free) : 0
            state.free -= taken
            return taken
        }
    }

    /// Takes between 1 and `wanted` places, as soon as there are any.
    func take(upTo wanted: Int) async -> Int {
        await withCheckedContinuation { continuation in
            let taken = state.withLock { state in
                let taken = state.waiters.isEmpty ? min(wanted, state.free) : 0
                if taken == 0 {
                    state.waiters.append(Waiter(wanted: wanted, continuation: continuation))
                }
                state.free -= taken
                return taken
            }
            if taken > 0 { continuation.resume(returning: taken) }
        }
    }

    /// Gives `count` places back.
    func give(_ count: Int) {
        let served = state.withLock { state in
            state.free += count
            var served: [(CheckedContinuation<Int, Never>, Int)] = []
            while state.free > 0, !state.waiters.isEmpty {
                let waiter = state.waiters.removeFirst()
                let taken = min(waiter.wanted, state.free)
                state.free -= taken
                served.append((waiter.continuation, taken))
            }
            return served
        }
        for (continuation, taken) in served { continuation.resume(returning: taken) }
    }
}
