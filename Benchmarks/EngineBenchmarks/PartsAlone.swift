import BenchmarkKit
import ByteCoding
import Crypto
import Engine
import JobModel
import Threads
import Units

/// What two processors do of the parts that no engine of this design leaves out, when neither waits for anything:
/// neither for a disk nor for the other.
///
/// Each thread has a state of its own, and goes through all of it batch after batch: jobs are encoded, hashed and packed as
/// clients do it, decided and applied, and their events hashed, compressed and put where nothing was before, as in the cache of
/// a file. Records' frames, checksums, queues, answers, writes and syncs are left out.
struct PartsAlone {
    private static let batchJobs = 1_000
    private static let threads = 2
    /// Of a thread.
    private static let batches = 250
    /// More than a job's events take.
    private static let storedBytesMax = 512

    /// Whether each job is claimed, started and ended, too.
    let hasLifecycles: Bool

    /// Jobs a second of both threads together.
    func rate() -> Double {
        // On the heap, each for one thread.
        let workers = (0..<Self.threads).map { Worker(seed: 1_000 + $0, isDue: hasLifecycles) }
        let start = monotonicNanoseconds()
        let running = workers.map { worker in
            DedicatedThread(name: "parts-alone") { worker.run(hasLifecycles) }
        }
        for thread in running { thread.join() }
        let seconds = Double(monotonicNanoseconds() - start) / 1e9
        return Double(Self.threads * Self.batches * Self.batchJobs) / seconds
    }

    private final class Worker: @unchecked Sendable {
        // Sendable: made by one thread, then used by another one alone.
        private var bare: BareState
        private let types: [JobType]
        private let work: [[Workload.Job]]
        private var stored = ByteWriter(
            capacity: PartsAlone.batches * PartsAlone.batchJobs * PartsAlone.storedBytesMax)

        init(seed: Int, isDue: Bool) {
            let now = WallTime(microseconds: 1_800_000_000_000_000)
            bare = BareState(now: now)
            var workload = Workload(seed: UInt64(seed), start: now)
            if isDue { workload.dueWithin = .zero }
            types = workload.allTypes
            work = (0..<PartsAlone.batches).map { _ in
                (0..<PartsAlone.batchJobs).map { _ in workload.job() }
            }
        }

        func run(_ hasLifecycles: Bool) {
            var packer = Packer()
            var hash = SHA256()
            for jobs in work {
                var batch = bare.batch(jobsExpected: PartsAlone.batchJobs)
                for job in jobs { batch.add(job.key, job.content) }
                bare.encoded.removeAll()
                bare.submit(&batch)
                if hasLifecycles {
                    precondition(bare.finish(types) == jobs.count, "not all jobs were due")
                }
                bare.encoded.withBytes { bytes in
                    unsafe bytes.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
                    packer.removeAll()
                    packer.pack(bytes, 0..<bytes.byteCount)
                }
                stored.write(packer.bytes.rawBytes.extracting(0..<packer.count))
            }
        }
    }
}
