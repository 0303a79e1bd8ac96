import Synchronization

/// Frames read lately, checked, up to a bound of bytes; the oldest goes first.
final class FrameCache: Sendable {
    struct Key: Hashable {
        let file: UInt64
        let offset: UInt64
    }

    private struct State {
        var frames: [Key: [UInt8]] = [:]
        /// In the order they came; those before `oldest` are gone.
        var order: [Key] = []
        var oldest = 0
        var byteCount = 0
        var files: UInt64 = 0
    }

    private let state = Mutex(State())
    private let bytesMax: Int

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    /// A number that no other file of this cache has had.
    func numberFile() -> UInt64 {
        state.withLock { state in
            state.files += 1
            return state.files
        }
    }

    subscript(key: Key) -> [UInt8]? {
        state.withLock { $0.frames[key] }
    }

    func insert(_ frame: [UInt8], _ key: Key) {
        guard frame.count <= bytesMax / 8 else { return }
        state.withLock { state in
            guard state.frames.updateValue(frame, forKey: key) == nil else { return }
            state.order.append(key)
            state.byteCount += frame.count
            while state.byteCount > bytesMax {
                let old = state.frames.removeValue(forKey: state.order[state.oldest])
                state.byteCount -= old?.count ?? 0
                state.oldest += 1
            }
            guard state.oldest > 1_024, state.oldest * 2 > state.order.count else { return }
            state.order.removeFirst(state.oldest)
            state.oldest = 0
        }
    }
}
