import BenchmarkKit
import Engine
import Foundation
import JobModel
import Synchronization
import Units

/// A restart from a snapshot, and submits while one is written.
struct RecoveryBenchmark {
    let directory: String
    private static let batchJobs = 1_000

    /// Starts a process on the directory of `jobs` waiting jobs again and again, up to its first answer, and
    /// kills it; in turn with a process that does nothing but touch as much memory.
    func restart(_ jobs: Int) async throws {
        let path = directory + "/restart-\(jobs)"
        try await saved(path, jobs)
        var (starts, touches) = (Latencies(), Latencies())
        for _ in 0..<5 {
            let start = try Self.firstAnswer(of: [path, "answer"])
            precondition(start.numbers.first == jobs, "the child has another state")
            starts.add(start.nanoseconds)
            let touch = try Self.firstAnswer(of: ["\(start.numbers[1])", "touch"])
            precondition(touch.numbers.first == start.numbers[1], "not all memory was touched")
            touches.add(touch.nanoseconds)
        }
        print(
            "restart with \(jobs) waiting jobs: median \(decimal(starts.percentile(50) / 1e6, 3)) s, "
                + "slowest of 5 \(decimal(starts.percentile(100) / 1e6, 3)) s until the first answer; "
                + "a process that only touches as much memory: median "
                + "\(decimal(touches.percentile(50) / 1e6, 3)), slowest "
                + "\(decimal(touches.percentile(100) / 1e6, 3)) s")
    }

    /// Starts this program, waits for the numbers that it writes, and kills it.
    private static func firstAnswer(
        of arguments: [String]
    ) throws -> (nanoseconds: UInt64, numbers: [Int]) {
        let (child, output) = (Process(), Pipe())
        child.executableURL = URL(filePath: "/proc/self/exe")
        child.arguments = arguments
        child.standardOutput = output
        let start = monotonicNanoseconds()
        try child.run()
        // Returns with the first bytes that are written.
        let answer = output.fileHandleForReading.availableData
        let took = monotonicNanoseconds() - start
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        let words = String(decoding: answer, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        return (took, words.compactMap { Int($0) })
    }

    /// Opens the directory, says how many jobs there are and what memory they take, and waits to be killed.
    func answer() async throws {
        let engine = try await Engine.open(directory: directory, options: Self.options)
        print(try await engine.stats().counts.total, residentBytes())
        fflush(nil)
        try await Task.sleep(for: .seconds(60))
        await engine.close()
    }

    /// Leaves a snapshot of `jobs` waiting jobs.
    private func saved(_ path: String, _ jobs: Int) async throws {
        let engine = try await filled(path, jobs)
        let begun = monotonicNanoseconds()
        let outcome = try await engine.snapshot()
        progress(
            "\(outcome), after \(decimal(Self.seconds(since: begun), 2)) s in an engine at rest")
        await engine.close()
    }

    /// Submits without and with a snapshot of `jobs` jobs beside them, in turn.
    func ingest(_ jobs: Int) async throws {
        let engine = try await filled(directory + "/ingest", jobs)
        let before = residentBytes()
        var (quiet, busy) = (Ingest(), Ingest())
        for round in 0..<Self.rounds {
            let enough = Flag()
            async let pause: Void = {
                try await Task.sleep(for: .seconds(4))
                enough.set()
            }()
            let start = residentBytes()
            quiet.add(try await submit(engine, seed: 2 * round, until: enough))
            try await pause
            let middle = residentBytes()
            let done = Flag()
            async let snapshot: Void = {
                defer { done.set() }
                guard case .written = try await engine.snapshot() else {
                    preconditionFailure("no snapshot was written")
                }
            }()
            busy.add(try await submit(engine, seed: 2 * round + 1, until: done))
            try await snapshot
            quiet.bytes += middle - start
            busy.bytes += residentBytes() - middle
            progress(
                "\(decimal(quiet.rate, 0))/s without, \(decimal(busy.rate, 0))/s with, so far")
        }
        // What the jobs that came meanwhile take is not the snapshots'.
        let own = Double(quiet.bytes) / Double(quiet.jobs) * Double(busy.jobs)
        let more = (Double(busy.bytes) - own) / Double(Self.rounds * before)
        print(
            "submits beside a snapshot of \(jobs) jobs and more, \(Self.callers) callers, batches of "
                + "\(Self.batchJobs), \(Self.rounds) rounds: \(decimal(busy.rate, 0))/s, without "
                + "\(decimal(quiet.rate, 0))/s, ratio \(decimal(busy.rate / quiet.rate, 2)); "
                + "p99.9 of a batch \(decimal(busy.worst, 1)) ms, without "
                + "\(decimal(quiet.worst, 1)) ms; memory \(decimal(100 * more, 1)) % more; a "
                + "snapshot took \(decimal(busy.seconds / Double(Self.rounds), 1)) s")
        await engine.close()
    }

    private static let rounds = 3
    private static let callers = 4

    /// Leaves a log without a snapshot: whole lifecycles, four events each, and as many jobs that wait.
    func tail(_ jobs: Int) async throws {
        let engine = try await filled(tailDirectory, jobs)
        var workload = Workload(seed: 6, start: SystemClock().wallTime())
        workload.dueWithin = .zero
        let types = Array(workload.allTypes.prefix(64))
        for _ in 0..<jobs / Self.batchJobs {
            try await submit(engine, &workload)
            try await DurableBenchmark.work(engine, types)
        }
        while try await DurableBenchmark.work(engine, types) > 0 {}
        print("\(jobs) jobs done and as many waiting: \(residentBytes() >> 20) MiB")
        await engine.close()
    }

    /// Opens what `tail` has left, in a process that has done nothing else.
    func reopen() async throws {
        let start = monotonicNanoseconds()
        let engine = try await Engine.open(directory: tailDirectory, options: Self.options)
        let seconds = Self.seconds(since: start)
        let events = try await engine.digest().lsn.rawValue
        print(
            "tail: \(events) events in \(decimal(seconds, 2)) s, "
                + "\(decimal(Double(events) / seconds / 1e6, 2)) million/s; "
                + "\(residentBytes() >> 20) MiB, \(peakBytes() >> 20) MiB at most")
        await engine.close()
    }

    private var tailDirectory: String { directory + "/tail" }

    private static var options: EngineOptions {
        var options = EngineOptions()
        options.snapshots = .onDemand
        return options
    }

    private func filled(_ path: String, _ jobs: Int) async throws -> Engine {
        let engine = try await Engine.open(directory: path, options: Self.options)
        var workload = Workload(seed: 5, start: SystemClock().wallTime())
        for _ in 0..<jobs / Self.batchJobs { try await submit(engine, &workload) }
        return engine
    }

    private func submit(_ engine: Engine, _ workload: inout Workload) async throws {
        var batch = engine.batch(jobsExpected: Self.batchJobs)
        for _ in 0..<Self.batchJobs {
            let job = workload.job()
            batch.add(job.key, job.content)
        }
        _ = try await engine.submit(batch)
    }

    /// All callers submit one batch after another.
    private func submit(
        _ engine: Engine, seed: Int, until isEnough: Flag
    ) async throws -> Ingest {
        let begun = monotonicNanoseconds()
        return try await withThrowingTaskGroup(of: Latencies.self) { group in
            for caller in 0..<Self.callers {
                group.addTask {
                    var workload = Workload(
                        seed: UInt64(100 + seed * Self.callers + caller),
                        start: SystemClock().wallTime())
                    var times = Latencies()
                    while !isEnough.isSet {
                        let start = monotonicNanoseconds()
                        try await submit(engine, &workload)
                        times.add(monotonicNanoseconds() - start)
                    }
                    return times
                }
            }
            var ingest = Ingest()
            for try await times in group { ingest.times.add(times) }
            ingest.seconds = Self.seconds(since: begun)
            return ingest
        }
    }

    /// What submitting came to.
    private struct Ingest {
        var times = Latencies()
        var seconds = 0.0
        /// By which the process grew.
        var bytes = 0

        var jobs: Int { times.nanoseconds.count * RecoveryBenchmark.batchJobs }

        var rate: Double { Double(jobs) / seconds }

        /// p99.9 of a batch in milliseconds.
        var worst: Double { times.percentile(99.9) / 1e3 }

        mutating func add(_ other: Ingest) {
            times.add(other.times)
            seconds += other.seconds
        }
    }

    private static func seconds(since start: UInt64) -> Double {
        Double(monotonicNanoseconds() - start) / 1e9
    }
}

private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .relaxed) }

    func set() { value.store(true, ordering: .relaxed) }
}
