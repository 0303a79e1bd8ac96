import Engine
import Synchronization
import Units

/// The two clocks of a simulated machine: one that only goes on and one that people set.
final class VirtualClock: EngineClock {
    private struct Contents {
        var monotonic: Int64 = 1_000_000_000
        var wallOffset: Int64
    }

    private let contents: Mutex<Contents>

    init(startingAt wall: WallTime) {
        contents = Mutex(Contents(wallOffset: wall.microseconds - 1_000_000_000))
    }

    func wallTime() -> WallTime {
        contents.withLock { WallTime(microseconds: $0.monotonic + $0.wallOffset) }
    }

    func monotonicTime() -> MonotonicTime {
        contents.withLock { MonotonicTime(microseconds: $0.monotonic) }
    }

    /// Both clocks go on.
    func advance(to monotonic: MonotonicTime) {
        contents.withLock { contents in
            contents.monotonic = max(contents.monotonic, monotonic.microseconds)
        }
    }

    /// Somebody sets the wall clock.
    func jump(by span: TimeSpan) {
        contents.withLock { $0.wallOffset += span.microseconds }
    }
}
