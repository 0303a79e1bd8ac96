import BenchmarkKit
import ByteCoding
import Engine
import Glibc
import JobModel
import JobState
import Units

/// Decide, encode into a buffer, apply: one thread, no disk, batches of 256.
///
/// Rates are of the thread's processor time, pauses are of the clock. While jobs are submitted, a `MemoryWitness` runs for a
/// twentieth of the time.
///
/// Putting the submits together (encoding, hashing, packing) is outside: whoever submits does it.
struct StateBenchmark: ~Copyable {
    private static let batchJobs = 256

    private var bare: BareState
    private var workload: Workload
    private let startBytes: Int

    init() {
        let now = WallTime(microseconds: 1_800_000_000_000_000)
        bare = BareState(now: now)
        workload = Workload(seed: 1, start: now)
        // The names of the workload's users are the benchmark's.
        startBytes = residentBytes()
    }

    mutating func run(jobCounts: [Int], lifecycles: Int) {
        let table = Table(
            "One core: decide, encode, apply (batches of \(Self.batchJobs))",
            columns: [
                "waiting", "submits/s", "ns", "worst batch, ms", "over 2 ms",
                "a witness's worst pass, ms of its processor time", "of them over 2 ms",
                "lifecycles/s", "ns",
                "bytes of memory a job", "first page of 100, µs", "stats, µs",
            ])
        for target in jobCounts {
            let witness = MemoryWitness()
            let fill = fill(to: target)
            let passes = witness.stop().nanoseconds
            print("stored \(bare.state.blobBytes / target) bytes a job in blobs")
            // The batches of the fill are gone; what is left belongs to the state.
            let bytes = residentBytes() - startBytes
            let life = live(lifecycles)
            let reads = [decimal(pageMicroseconds(), 0), decimal(statsMicroseconds(), 0)]
            let memory = decimal(Double(bytes) / Double(target), 3)
            table.row(
                [decimal(Double(target), 0)] + fill.cells + Self.pauses(passes) + life + [memory]
                    + reads)
        }
    }

    // MARK: - Submits

    private struct Fill {
        var nanoseconds: UInt64 = 0
        var jobs = 0
        /// Each batch on the clock.
        var batchNanoseconds: [UInt64] = []

        var cells: [String] {
            let each = Double(nanoseconds) / Double(max(jobs, 1))
            return [decimal(1e9 / each, 0), decimal(each, 0)]
                + StateBenchmark.pauses(batchNanoseconds)
        }
    }

    /// The longest of some durations in milliseconds, and how many took over two.
    private static func pauses(_ nanoseconds: [UInt64]) -> [String] {
        [
            decimal(Double(nanoseconds.max() ?? 0) / 1e6, 2),
            "\(nanoseconds.count { $0 > 2_000_000 })",
        ]
    }

    private mutating func fill(to target: Int) -> Fill {
        var fill = Fill()
        var batch = bare.batch(jobsExpected: Self.batchJobs)
        // The last half is what is measured: the state has its size then.
        let measuredFrom = target - max(target / 2, Self.batchJobs)
        while bare.state.counts[.notStarted] < UInt64(target) {
            batch.removeAll()
            for _ in 0..<Self.batchJobs {
                let job = workload.job()
                batch.add(job.key, job.content)
            }
            let (start, startOfThread) = (monotonicNanoseconds(), threadNanoseconds())
            bare.encoded.removeAll()
            bare.submit(&batch)
            fill.batchNanoseconds.append(monotonicNanoseconds() - start)
            if bare.state.counts[.notStarted] > UInt64(measuredFrom) {
                fill.nanoseconds += threadNanoseconds() - startOfThread
                fill.jobs += Self.batchJobs
            }
        }
        return fill
    }

    // MARK: - Lifecycles

    /// Submit, due, claim, start, succeed: as many jobs wait afterwards as before.
    private mutating func live(_ count: Int) -> [String] {
        var batch = bare.batch(jobsExpected: Self.batchJobs)
        var nanoseconds: UInt64 = 0
        var done = 0
        let perSecond = Double(bare.state.counts[.notStarted]) / (30 * 86_400)
        let types = workload.allTypes
        while done < count {
            batch.removeAll()
            for _ in 0..<Self.batchJobs {
                let job = workload.job()
                batch.add(job.key, job.content)
            }
            // So much time that about one batch becomes due.
            bare.now = bare.now.advanced(
                by: TimeSpan(microseconds: Int64(Double(Self.batchJobs) / perSecond * 1e6)))
            let start = threadNanoseconds()
            bare.encoded.removeAll()
            bare.submit(&batch)
            done += bare.finish(types)
            nanoseconds += threadNanoseconds() - start
        }
        let each = Double(nanoseconds) / Double(done)
        return [decimal(1e9 / each, 0), decimal(each, 0)]
    }

    // MARK: - Reads

    private mutating func pageMicroseconds() -> Double {
        var latencies = Latencies()
        for round in 0..<100 {
            let user = UserID(unchecked: "user-" + padded(round * 997 % Workload.userCount))
            let start = monotonicNanoseconds()
            do {
                let page = try bare.state.page(
                    of: user, statuses: [], type: nil, before: nil, limit: 100, looksMax: 10_000)
                for job in page.jobs { _ = bare.state.view(job) }
            } catch {
                continue
            }
            latencies.add(monotonicNanoseconds() - start)
        }
        return latencies.percentile(99)
    }

    private func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 6 - digits.count) + digits
    }

    private mutating func statsMicroseconds() -> Double {
        var latencies = Latencies()
        for _ in 0..<100 {
            let start = monotonicNanoseconds()
            precondition(
                bare.state.typeCounts().count == Workload.typeCount && bare.state.counts.total > 0)
            latencies.add(monotonicNanoseconds() - start)
        }
        return latencies.percentile(99)
    }
}

/// The most that this process ever had in memory, its program with it.
func peakBytes() -> Int {
    var usage = rusage()
    // The record is this function's own; Linux counts in KiB.
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss * 1_024
}
