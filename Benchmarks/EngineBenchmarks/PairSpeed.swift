import BenchmarkKit
import Synchronization
import Threads

/// How fast each of two threads runs while the other does, of its speed alone.
///
/// Processors of a rented machine are often halves of one: what keeps two of them busy has that much
/// less of each. Measured before and after what it is to explain.
enum PairSpeed {
    static func measure() -> Double {
        let alone = seconds(threads: 1)
        return alone / seconds(threads: 2)
    }

    private static func seconds(threads: Int) -> Double {
        let start = monotonicNanoseconds()
        let running = (0..<threads).map { number in
            DedicatedThread(name: "pair-\(number)") { work(seed: UInt64(number)) }
        }
        for thread in running { thread.join() }
        return Double(monotonicNanoseconds() - start) / 1e9
    }

    /// A sink, so that nothing of the work can be left out.
    private static let sum = Atomic<UInt64>(0)

    /// About a third of a second of arithmetic that needs no memory.
    private static func work(seed: UInt64) {
        var values = (seed, seed &+ 1, seed &+ 2, seed &+ 3)
        for _ in 0..<200_000_000 {
            values.0 = values.0 &* 3 &+ 1
            values.1 = values.1 &* 5 &+ 1
            values.2 ^= values.2 << 1 ^ 7
            values.3 &+= values.0 ^ values.1
        }
        sum.wrappingAdd(values.0 ^ values.1 ^ values.2 ^ values.3, ordering: .relaxed)
    }
}
