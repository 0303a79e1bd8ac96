import ByteCoding
import History
import JobModel
import Storage
import TestKit
import Units

/// A directory with finished jobs, and beside it the same jobs in a plain array.
struct HistoryFixture {
    static let path = "/history"
    static let log: UInt64 = 0x0102_0304_0506_0708

    let storage: any Storage
    var set: HistorySet
    /// What must be found, in the order it ended.
    var model: [FinishedJob] = []
    var generator: SeededGenerator
    var last = LSN.zero
    let options: HistoryOptions
    var userName: (Int) -> String = { "user-\($0)" }
    private var submits: Set<LSN> = []

    static func options(
        rowsMax: Int = 1 << 20, fanIn: Int = 4, sharedRowsMax: Int = 500
    ) -> HistoryOptions {
        var options = HistoryOptions(makeSalt: { 0x5EED })
        options.rowsMax = rowsMax
        options.fanIn = fanIn
        options.sharedRowsMax = sharedRowsMax
        options.cacheBytesMax = 64 << 10
        return options
    }

    init(
        _ storage: any Storage = SimulatedStorage(), seed: UInt64 = 1,
        options: HistoryOptions = options()
    ) throws {
        self.storage = storage
        self.options = options
        generator = SeededGenerator(seed: seed)
        set = try HistorySet(Self.path, log: Self.log, storage: storage, options: options)
    }

    /// A builder over the next stretch of the log with `count` jobs that end in it.
    mutating func builder(
        count: Int, users: Int = 5
    ) -> (builder: HistoryBuilder, jobs: [FinishedJob]) {
        let first = last.next
        last = LSN(rawValue: last.rawValue + UInt64(4 * count) + 1)
        var builder = HistoryBuilder(covering: first...last)
        var jobs: [FinishedJob] = []
        for place in 0..<count {
            let end = LSN(rawValue: first.rawValue + UInt64(4 * place) + 3)
            jobs.append(randomJob(ending: end, users: users))
            builder.append(jobs[place])
        }
        return (builder, jobs)
    }

    mutating func publish(count: Int, users: Int = 5) throws {
        let (builder, jobs) = builder(count: count, users: users)
        try set.publish(builder)
        model += jobs
    }

    mutating func reopen() throws {
        set = try HistorySet(Self.path, log: Self.log, storage: storage, options: options)
    }

    /// Merges until nothing is left to merge.
    func mergeAll() throws {
        while try set.mergeStep(byteBudget: 2_000) {}
    }

    private mutating func randomJob(ending last: LSN, users: Int) -> FinishedJob {
        // Every submit has an LSN of its own.
        let oldest = last.rawValue > 400 ? last.rawValue - 400 : 1
        var submitted = LSN(rawValue: .random(in: oldest...last.rawValue, using: &generator))
        while !submits.insert(submitted).inserted {
            submitted = submitted < last ? submitted.next : LSN(rawValue: oldest)
        }
        var row = HistoryRow(
            submitted: submitted, last: last, end: generator.pick(HistoryEnd.allCases),
            submittedAt: WallTime(microseconds: Int64(submitted.rawValue) * 1_000_003),
            finishedAt: WallTime(microseconds: Int64(last.rawValue) * 1_000_003),
            executionTime: WallTime(microseconds: Int64(submitted.rawValue) * 1_000_003),
            contentHash: generator.next())
        row.attempts = 1
        var location: String?
        if generator.strikes(onceIn: 3) {
            row.executionTime = WallTime(microseconds: 5)
            row.expiresAt = generator.strikes(onceIn: 2) ? WallTime(microseconds: 77) : nil
            row.attempts = UInt32(generator.number(below: 5))
            row.leaseExpiries = UInt32(generator.number(below: 3))
            row.lastFailure = LSN(rawValue: last.rawValue - 1)
            row.priority = UInt8(generator.number(below: 256))
            row.isRecurring = generator.strikes(onceIn: 2)
            row.isOccurrence = generator.strikes(onceIn: 2)
            location = "file:///results/\(generator.next())"
        }
        return FinishedJob(
            key: JobKey(
                user: UserID(unchecked: userName(generator.number(below: users))),
                job: JobID(unchecked: randomID(last))),
            type: JobType(unchecked: generator.pick(["mail", "resize", "rare-é"])), row: row,
            policy: generator.pick([[], [1, 2, 3]]), resultLocation: location)
    }

    private mutating func randomID(_ last: LSN) -> String {
        let digits = Array("0123456789abcdef")
        let text = String((0..<generator.number(below: 12)).map { _ in generator.pick(digits) })
        return "job-\(text)-\(last)"
    }
}

extension HistoryFixture {
    /// What a page must show, from the plain array.
    func expected(
        _ user: UserID, ends: Set<HistoryEnd> = [], type: JobType? = nil
    ) -> [FinishedJob] {
        model.filter { job in
            job.key.user == user && (ends.isEmpty || ends.contains(job.row.end))
                && (type == nil || type == job.type)
        }.sorted { $0.row.submitted > $1.row.submitted }
    }

    /// All pages of a user, one behind the other.
    func listed(
        _ user: UserID, ends: Set<HistoryEnd> = [], type: JobType? = nil, limit: Int = 7,
        looksMax: Int = 50, between: () throws -> Void = {}
    ) throws -> [FinishedJob] {
        var jobs: [FinishedJob] = []
        var before: LSN?
        repeat {
            let page = try set.page(
                of: user, ends: ends, type: type, before: before, limit: limit, looksMax: looksMax)
            jobs += page.jobs
            before = page.next
            try between()
            // Of rows in the wrong order there may be pages without end.
        } while before != nil && jobs.count <= model.count
        return jobs
    }

    var users: Set<UserID> { Set(model.map(\.key.user)) }

    private var keys: [KeyHash] {
        var hash = set.hash
        return model.map { job in
            hash.key(
                user: Array(job.key.user.text.utf8).rawBytes,
                job: Array(job.key.job.text.utf8).rawBytes)
        }
    }

    /// What differs from the plain array; empty: nothing.
    func differences() throws -> [String] {
        var differences: [String] = []
        for job in model where try set.find(job.key) != job { differences.append("\(job.key)") }
        for user in users {
            let wanted = expected(user)
            if try listed(user, limit: 100, looksMax: 1_000) != wanted {
                differences.append("list of \(user)")
            }
            let counts = try set.counts(of: user)
            for end in HistoryEnd.allCases
            where counts[end] != UInt64(wanted.count(where: { $0.row.end == end })) {
                differences.append("counts of \(user)")
            }
        }
        if set.size.jobs.total != UInt64(model.count) { differences.append("count of all") }
        if set.suspects(among: keys).count < model.count {
            differences.append("a filter does not know a job")
        }
        return differences
    }
}
