import Glibc
package import Units

/// Where the engine's time comes from; passed in, so that a test or a simulator can hold it.
package protocol EngineClock: Sendable {
    /// Civil time; may jump.
    func wallTime() -> WallTime
    /// Time that only goes on; stands still or not while the machine sleeps, as the system likes.
    func monotonicTime() -> MonotonicTime
}

/// The clocks of the operating system: CLOCK_REALTIME and CLOCK_BOOTTIME.
package struct SystemClock: EngineClock {
    package init() {}

    package func wallTime() -> WallTime {
        WallTime(microseconds: microseconds(of: CLOCK_REALTIME))
    }

    package func monotonicTime() -> MonotonicTime {
        MonotonicTime(microseconds: microseconds(of: CLOCK_BOOTTIME))
    }

    private func microseconds(of clock: clockid_t) -> Int64 {
        var time = timespec()
        // The pointer lives for the call; both clocks exist on every Linux that we run on.
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock \(clock) cannot be read")
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
