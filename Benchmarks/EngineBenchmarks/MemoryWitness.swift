import BenchmarkKit
import Glibc
import Synchronization
import Threads

/// A thread that reads memory of its own two hundred times a second, to tell pauses of the machine from those of what
/// is measured beside it.
///
/// A rented machine gives memory that is free back to its host, which may then have to find the pages again of what is
/// in use: whoever reads them waits, in what counts as the reader's processor time.
final class MemoryWitness: @unchecked Sendable {
    // Sendable: `passes` belongs to the thread until `stop` has joined it, and to the caller then; `thread` is the caller's.
    private static let words = (256 << 20) / MemoryLayout<UInt64>.size
    private static let linesPerPass = 1_024
    private static let pauseMicroseconds: UInt32 = 5_000

    private let isStopped = Atomic(false)
    private var passes = Latencies()
    private var thread: DedicatedThread?

    /// Takes its memory, and begins.
    init() {
        let memory = [UInt64](repeating: 1, count: Self.words)
        thread = DedicatedThread(name: "memory-witness") { [self] in run(memory) }
    }

    /// Ends the thread.
    ///
    /// - Returns: The processor time of each pass: to stand in line for a processor is not counted.
    func stop() -> Latencies {
        isStopped.store(true, ordering: .relaxed)
        thread?.join()
        thread = nil
        return passes
    }

    private func run(_ memory: [UInt64]) {
        var place: UInt64 = 1
        while !isStopped.load(ordering: .relaxed) {
            let start = threadNanoseconds()
            for _ in 0..<Self.linesPerPass {
                // Each place depends on what was read at the one before. The factor is that of Knuth's MMIX.
                place = (place &+ memory[Int(place >> 39)]) &* 6_364_136_223_846_793_005 &+ 1
            }
            passes.add(threadNanoseconds() - start)
            usleep(Self.pauseMicroseconds)
        }
    }
}
