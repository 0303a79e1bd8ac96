import BenchmarkKit
import ByteCoding
import Crypto
import Engine
import Glibc
import JobModel
import Synchronization
import Threads
import Units

/// What two threads do of the parts of an engine when neither waits for anything: neither for a disk nor for the other.
///
/// Each has a state of its own, and goes through all of it batch after batch: jobs are encoded, hashed and packed as
/// clients do it, decided and applied, and their events hashed, compressed and put where nothing was before, as in the cache of
/// a file. Records' frames, checksums, queues, answers, writes and syncs are left out.
struct PartsAlone {
    private static let threads = 2
    private static let batchJobs = 1_000
    /// Of a thread.
    private static let batches = 500
    /// Jobs that wait in a state before the clock runs, so that it has its users and its huge pages.
    private static let jobsBefore = 750_000
    /// More than a job's events take.
    private static let storedBytesMax = 512

    /// Whether each job is claimed, started and ended, too.
    let hasLifecycles: Bool

    struct Figures {
        /// Jobs a second of both threads, each by its own clock.
        var rate = 0.0
        /// Processor time of a job.
        var nanoseconds = 0.0
    }

    func measure() -> Figures {
        let workers = (0..<Self.threads).map { Worker(seed: 1_000 + $0, hasLifecycles) }
        let ready = StartingLine(threads: Self.threads)
        let running = workers.map { worker in
            DedicatedThread(name: "parts-alone") { worker.run(from: ready) }
        }
        for thread in running { thread.join() }
        let jobs = Double(Self.batches * Self.batchJobs)
        var figures = Figures()
        for worker in workers {
            figures.rate += jobs / worker.cost.seconds
            figures.nanoseconds += worker.cost.processorSeconds / jobs * 1e9 / Double(Self.threads)
        }
        return figures
    }

    private final class Worker: @unchecked Sendable {
        // Sendable: made by one thread, then used by another one alone until that has been joined.
        private(set) var cost = Cost()
        private let hasLifecycles: Bool
        private var bare: BareState
        private var workload: Workload
        private var packer = Packer()
        private var hash = SHA256()
        private var stored = ByteWriter(
            capacity: PartsAlone.batches * PartsAlone.batchJobs * PartsAlone.storedBytesMax)

        init(seed: Int, _ hasLifecycles: Bool) {
            let now = WallTime(microseconds: 1_800_000_000_000_000)
            bare = BareState(now: now)
            workload = Workload(seed: UInt64(seed), start: now)
            self.hasLifecycles = hasLifecycles
        }

        func run(from ready: StartingLine) {
            for _ in 0..<PartsAlone.jobsBefore / PartsAlone.batchJobs { submit(jobs()) }
            if hasLifecycles { workload.dueWithin = .zero }
            let work = (0..<PartsAlone.batches).map { _ in jobs() }
            ready.wait()
            let (start, startOfThread) = (monotonicNanoseconds(), threadNanoseconds())
            for jobs in work { doParts(of: jobs) }
            cost.processorSeconds = Double(threadNanoseconds() - startOfThread) / 1e9
            cost.seconds = Double(monotonicNanoseconds() - start) / 1e9
        }

        private func jobs() -> [Workload.Job] {
            (0..<PartsAlone.batchJobs).map { _ in workload.job() }
        }

        private func submit(_ jobs: [Workload.Job]) {
            bare.encoded.removeAll()
            var batch = bare.batch(jobsExpected: PartsAlone.batchJobs)
            for job in jobs { batch.add(job.key, job.content) }
            bare.submit(&batch)
        }

        private func doParts(of jobs: [Workload.Job]) {
            submit(jobs)
            if hasLifecycles {
                precondition(bare.finish(workload.allTypes) == jobs.count, "not all jobs were due")
            }
            packer.removeAll()
            bare.encoded.withBytes { bytes in
                // The pointer does not leave the closure.
                unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
                packer.pack(bytes, 0..<bytes.byteCount)
            }
            stored.write(packer.bytes.rawBytes.extracting(0..<packer.count))
        }
    }

    /// Where threads wait for each other.
    private final class StartingLine: Sendable {
        private let left: Atomic<Int>

        init(threads: Int) { left = Atomic(threads) }

        func wait() {
            left.wrappingSubtract(1, ordering: .acquiringAndReleasing)
            while left.load(ordering: .acquiring) > 0 { usleep(100) }
        }
    }
}
