import BenchmarkKit
import ByteCoding
import Glibc
import History
import JobModel
import Storage
import Units

/// Measures history files: building, merging, finding, listing, dropping.
///
///     HistoryBenchmarks DIRECTORY [MILLIONS OF ROWS [USERS]]
///
/// Nothing passes or fails here: a shared machine drifts by a fifth and more.
@main
struct HistoryBenchmarks {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1, !arguments[1].hasPrefix("-") else {
            print("usage: HistoryBenchmarks DIRECTORY [MILLIONS OF ROWS [USERS]]")
            exit(64)
        }
        let millions = arguments.count > 2 ? Int(arguments[2]) ?? 10 : 10
        let users = arguments.count > 3 ? Int(arguments[3]) ?? 1_000 : 1_000
        try PosixStorage().createDirectory(arguments[1])
        var run = try HistoryRun(
            directory: arguments[1] + "/history", rows: millions * 1_000_000, users: users)
        try run.build()
        run.suspect()
        try run.reopen()
        run.suspect()
        try run.find()
        try run.list()
        try run.drop()
    }
}

/// Rows of a number of users, ids of `job-` and 16 random characters of 62, in files as an engine makes
/// them: 65 536 jobs in each, users and types numbered by its tables.
struct HistoryRun {
    private var set: HistorySet
    private let directory: String
    private let rows: Int
    private let users: Int
    private var generator = Drawing(state: 1)
    private let table: Table
    private static let fileRows = 65_536

    init(directory: String, rows: Int, users: Int) throws {
        self.directory = directory
        self.rows = rows
        self.users = users
        set = try HistorySet(directory, log: 1, storage: PosixStorage(), options: HistoryOptions())
        table = Table("\(rows) rows of \(users) users", columns: ["what", "figure", "unit"])
    }

    /// The id of a row: the same for the same number.
    private static func id(_ row: Int) -> [UInt8] {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
        var drawing = Drawing(state: UInt64(row) &* 0xD134_2543_DE82_EF95)
        return Array("job-".utf8) + (0..<16).map { _ in letters[Int(drawing.next() % 62)] }
    }

    private func user(_ row: Int) -> Int { (row &* 2_654_435_761) >> 8 % users }

    private static func type(_ row: Int) -> Int { row % 3 }

    private static func name(_ user: Int) -> [UInt8] { Array("user-\(user)".utf8) }

    private mutating func row(_ number: Int) -> HistoryRow {
        let submitted = UInt64(number) * 4 + 1
        let last = submitted + 3 + generator.next() % 200
        let at = Int64(submitted) * 250 + Int64(generator.next() % 200)
        let end: HistoryEnd = generator.next() % 100 == 0 ? .fatalFailure : .success
        var row = HistoryRow(
            submitted: LSN(rawValue: submitted), last: LSN(rawValue: last), end: end,
            submittedAt: WallTime(microseconds: 1_764_000_000_000_000 + at),
            finishedAt: WallTime(
                microseconds: 1_764_000_000_000_000 + at + 40_000
                    + Int64(generator.next() % 50_000)),
            executionTime: WallTime(microseconds: 1_764_000_000_000_000 + at),
            contentHash: generator.next())
        row.attempts = 1
        return row
    }

    /// A job with its names at hand, as the engine's tables have them.
    private struct Drawn {
        let row: HistoryRow
        let user: [UInt8]
        let id: [UInt8]
        let marks: NameMarks
    }

    private mutating func draw(_ number: Int, endedFrom first: UInt64) -> Drawn {
        var row = row(number)
        row.last = max(row.last, LSN(rawValue: first))
        let user = user(number)
        return Drawn(
            row: row, user: Self.name(user), id: Self.id(number),
            marks: NameMarks(user: UInt32(user), type: UInt32(Self.type(number)), policy: 0))
    }

    mutating func build() throws {
        let types = [Array("mail".utf8), Array("resize".utf8), Array("report".utf8)]
        let policy = [UInt8](repeating: 7, count: 24)
        let none: [UInt8] = []
        var built = Cost()
        var merged = Cost()
        var next = 0
        var first: UInt64 = 1
        while next < rows {
            let count = min(Self.fileRows, rows - next)
            let last = UInt64(next + count) * 4 + 300
            let drawn = (next..<next + count).map { draw($0, endedFrom: first) }
            let cost = try Cost.of { () throws(HistoryError) in
                var builder = HistoryBuilder(
                    covering: LSN(rawValue: first)...LSN(rawValue: last), rows: count)
                for (place, draw) in drawn.enumerated() {
                    let (user, id, type) = (draw.user, draw.id, types[Self.type(next + place)])
                    builder.append(
                        draw.row, user: user.rawBytes, job: id.rawBytes, type: type.rawBytes,
                        policy: policy.rawBytes, location: none.rawBytes, marks: draw.marks)
                }
                try set.publish(builder)
            }
            built.seconds += cost.seconds
            built.processorSeconds += cost.processorSeconds
            first = last + 1
            next += count
            let merging = try Cost.of { () throws(HistoryError) in
                while try set.mergeStep(byteBudget: 8 << 20) {}
            }
            merged.seconds += merging.seconds
            merged.processorSeconds += merging.processorSeconds
        }
        let total = Double(rows)
        let processor = built.processorSeconds + merged.processorSeconds
        table.row([
            "built, processor", decimal(total / built.processorSeconds / 1e6, 2), "million rows/s",
        ])
        table.row([
            "built and merged, processor", decimal(total / processor / 1e6, 2), "million rows/s",
        ])
        table.row([
            "built and merged, clock", decimal(total / (built.seconds + merged.seconds) / 1e6, 2),
            "million rows/s",
        ])
        table.row(["on disk", decimal(Double(set.size.bytes) / total, 1), "bytes/job"])
        table.row(["files", "\(set.size.files)", ""])
        table.row(["memory", decimal(Double(set.size.memoryBytes) / total, 2), "bytes/job"])
    }

    mutating func reopen() throws {
        let cost = try Cost.of { () throws(HistoryError) in
            set = try HistorySet(
                directory, log: 1, storage: PosixStorage(), options: HistoryOptions())
        }
        table.row(["opening", decimal(cost.seconds * 1e3, 1), "ms"])
    }

    mutating func find() throws {
        for isThere in [true, false] {
            var latencies = Latencies()
            for _ in 0..<20_000 {
                let number = Int(generator.next() % UInt64(rows)) + (isThere ? 0 : rows)
                let key = JobKey(
                    user: UserID(
                        unchecked: String(decoding: Self.name(user(number)), as: UTF8.self)),
                    job: JobID(unchecked: String(decoding: Self.id(number), as: UTF8.self)))
                let start = monotonicNanoseconds()
                let found = try set.find(key)
                latencies.add(monotonicNanoseconds() - start)
                precondition((found != nil) == isThere, "\(key) was found wrongly")
            }
            let cells = latencies.cells
            table.row([
                isThere
                    ? "find, p50 · p99 · p99.9" : "find of what is not there, p50 · p99 · p99.9",
                cells.joined(separator: " · "), "µs",
            ])
        }
    }

    /// What a submit of a thousand new jobs asks.
    func suspect() {
        let (batches, batchJobs) = (200, 1_000)
        var hash = set.hash
        var suspects = 0
        var nanoseconds: UInt64 = 0
        for batch in 0..<batches {
            let keys = (0..<batchJobs).map { number in
                let job = rows + batch * batchJobs + number
                return hash.key(
                    user: Self.name(user(job)).rawBytes, job: Self.id(job).rawBytes)
            }
            let start = threadNanoseconds()
            suspects += set.suspects(among: keys).count
            nanoseconds += threadNanoseconds() - start
        }
        let keys = Double(batches * batchJobs)
        table.row([
            "asking \(set.size.filters) filters for \(batchJobs) new keys at once",
            decimal(Double(nanoseconds) / keys, 0), "ns each",
        ])
        table.row(["let through", decimal(Double(suspects) / keys * 1e3, 2), "of 1 000"])
    }

    mutating func list() throws {
        for ends in [[], [HistoryEnd.fatalFailure]] as [Set<HistoryEnd>] {
            var latencies = Latencies()
            for _ in 0..<5_000 {
                let user = UserID(
                    unchecked: "user-\(generator.next() % UInt64(users))")
                let start = monotonicNanoseconds()
                let page = try set.page(of: user, ends: ends, limit: 50, looksMax: 10_000)
                latencies.add(monotonicNanoseconds() - start)
                // Of few jobs, none may have failed.
                precondition(!ends.isEmpty || !page.jobs.isEmpty, "\(user) has no jobs")
            }
            table.row([
                ends.isEmpty
                    ? "first page of 50, p50 · p99 · p99.9"
                    : "first page of 50 failed (1 in 100), p50 · p99 · p99.9",
                latencies.cells.joined(separator: " · "), "µs",
            ])
        }
    }

    mutating func drop() throws {
        let bytes = set.size.bytes
        var dropped = 0
        let cost = try Cost.of { () throws(HistoryError) in
            dropped = try set.drop(finishedBefore: .latest, coveredThrough: .zero)
        }
        table.row([
            "dropping all \(dropped) files, \(bytes >> 20) MiB", decimal(cost.seconds * 1e3, 1),
            "ms",
        ])
    }
}

/// SplitMix64.
struct Drawing {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
