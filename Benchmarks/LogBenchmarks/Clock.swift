import Glibc

/// Nanoseconds of the monotonic clock.
func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

/// Processor time that all threads of this program have used, in user and kernel, in seconds.
func processorTime() -> Double { Double(nanoseconds(CLOCK_PROCESS_CPUTIME_ID)) / 1e9 }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // The record is this function's own.
    guard unsafe clock_gettime(clock, &time) == 0 else {
        preconditionFailure("there is no clock \(clock)")
    }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What a piece of work took, on the clock and of the processors.
struct Cost {
    var seconds = 0.0
    var processorSeconds = 0.0

    static func of<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) -> Cost {
        let processor = processorTime()
        let start = monotonicNanoseconds()
        try body()
        return Cost(
            seconds: Double(monotonicNanoseconds() - start) / 1e9,
            processorSeconds: processorTime() - processor)
    }
}
