import Glibc

/// Nanoseconds of the monotonic clock.
package func monotonicNanoseconds() -> UInt64 { nanoseconds(CLOCK_MONOTONIC) }

/// Processor time that all threads of this program have used, in user and kernel, in seconds.
package func processorTime() -> Double { Double(nanoseconds(CLOCK_PROCESS_CPUTIME_ID)) / 1e9 }

/// Nanoseconds of processor time that the calling thread has used.
package func threadNanoseconds() -> UInt64 { nanoseconds(CLOCK_THREAD_CPUTIME_ID) }

private func nanoseconds(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    // The record is this function's own.
    guard unsafe clock_gettime(clock, &time) == 0 else {
        preconditionFailure("there is no clock \(clock)")
    }
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What a piece of work took, on the clock and of the processors.
package struct Cost {
    package init(seconds: Double = 0, processorSeconds: Double = 0) {
        self.seconds = seconds
        self.processorSeconds = processorSeconds
    }

    package var seconds = 0.0
    package var processorSeconds = 0.0

    package static func of<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure)
        -> Cost
    {
        let processor = processorTime()
        let start = monotonicNanoseconds()
        try body()
        return Cost(
            seconds: Double(monotonicNanoseconds() - start) / 1e9,
            processorSeconds: processorTime() - processor)
    }
}
