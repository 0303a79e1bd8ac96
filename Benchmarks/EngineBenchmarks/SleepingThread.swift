import BenchmarkKit
import Glibc
import Threads
import Units

/// What the machine itself allows: a thread that sleeps until each due time and does nothing else.
struct SleepingThread {
    let jobsPerSecond: Int
    let seconds: Int

    /// How late it is for jobs that are due at a steady rate.
    func lateness() async -> Latencies {
        await withCheckedContinuation { continuation in
            DedicatedThread(name: "sleeping") { continuation.resume(returning: run()) }.detach()
        }
    }

    private func run() -> Latencies {
        var latencies = Latencies()
        let step = UInt64(1_000_000_000 / jobsPerSecond)
        var due = monotonicNanoseconds() + step
        for _ in 0..<jobsPerSecond * seconds {
            var now = monotonicNanoseconds()
            if now < due {
                usleep(UInt32((due - now) / 1_000))
                now = max(monotonicNanoseconds(), due)
            }
            latencies.add(now - due)
            due += step
        }
        return latencies
    }
}
