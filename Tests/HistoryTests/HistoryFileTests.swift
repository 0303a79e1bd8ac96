import ByteCoding
import History
import JobModel
import Storage
import TestKit
import Testing
import Units

@Suite struct `A history file` {
    @Test(arguments: [(0, 1), (1, 1), (127, 3), (128, 1), (129, 1), (1_000, 4), (3_000, 900)])
    func `finds, lists and counts what was put in`(rows: Int, users: Int) throws {
        var fixture = try HistoryFixture()
        try fixture.publish(count: rows, users: users)
        #expect(fixture.model.count == rows)
        #expect(try fixture.differences() == [])
        try fixture.reopen()
        #expect(try fixture.differences() == [])
    }

    @Test func `knows nothing of other keys and users`() throws {
        var fixture = try HistoryFixture()
        try fixture.publish(count: 500)
        let stranger = UserID(unchecked: "user-")
        #expect(try fixture.set.find(JobKey(user: stranger, job: JobID(unchecked: "x"))) == nil)
        for job in fixture.model.prefix(100) {
            #expect(try fixture.set.find(JobKey(user: stranger, job: job.key.job)) == nil)
        }
        #expect(try fixture.set.counts(of: stranger).total == 0)
        let page = try fixture.set.page(of: stranger, limit: 10, looksMax: 10)
        #expect(page == HistoryPage())
    }

    @Test(arguments: [[], [HistoryEnd.fatalFailure], [.success, .cancelled]])
    func `lists by ending and type`(ends: [HistoryEnd]) throws {
        var fixture = try HistoryFixture()
        try fixture.publish(count: 1_500, users: 2)
        for user in fixture.users {
            for type in [nil, JobType(unchecked: "mail"), JobType(unchecked: "none")] {
                let found = try fixture.listed(user, ends: Set(ends), type: type)
                #expect(found == fixture.expected(user, ends: Set(ends), type: type))
            }
        }
    }

    @Test func `counts by type`() throws {
        var fixture = try HistoryFixture()
        try fixture.publish(count: 700)
        try fixture.publish(count: 300)
        let types = try fixture.set.typeCounts()
        #expect(types.map(\.type.text) == ["mail", "rare-é", "resize"])
        for (type, counts) in types {
            for end in HistoryEnd.allCases {
                let wanted = fixture.model.count { $0.type == type && $0.row.end == end }
                #expect(counts[end] == UInt64(wanted))
            }
        }
    }

    @Test(arguments: [
        ["a", "ab", "b"],
        // Alike in all that eight bytes behind their common beginning can tell.
        [
            "u-0000000012", "u-00000000", "u-0000000", "u-é", "u-0000000011", "u-",
            "u-00000000\u{0}", "u-000000001", "u-9",
        ],
    ]) func `keeps users' jobs of one name apart`(users: [String]) throws {
        var fixture = try HistoryFixture()
        var (builder, _) = fixture.builder(count: 0)
        var jobs: [FinishedJob] = []
        for user in users {
            let row = HistoryRow(
                submitted: LSN(rawValue: 1), last: LSN(rawValue: 1), end: .success,
                submittedAt: .earliest, finishedAt: .earliest, executionTime: .earliest,
                contentHash: UInt64(jobs.count))
            let key = JobKey(user: UserID(unchecked: user), job: JobID(unchecked: "same"))
            jobs.append(FinishedJob(key: key, type: JobType(unchecked: "t"), row: row))
            builder.append(jobs[jobs.count - 1])
        }
        try fixture.set.publish(builder)
        for job in jobs { #expect(try fixture.set.find(job.key) == job) }
    }

    @Test func `names that come with a mark are the same as those that come without`() throws {
        var fixture = try HistoryFixture()
        let (builder, jobs) = fixture.builder(count: 3_000, users: 500)
        var marked = HistoryBuilder(covering: builder.range)
        func mark(_ text: String) -> UInt32 {
            let number = UInt32(truncatingIfNeeded: text.utf8.reduce(0) { $0 &* 131 &+ Int($1) })
            return number % 2 == 0 ? number : ~number
        }
        var names: [UInt32: String] = [:]
        for job in jobs {
            let (user, type) = (job.key.user.text, job.type.text)
            for (name, text) in [(mark(user), user), (mark(type), type)] {
                try #require(names.updateValue(text, forKey: name) ?? text == text)
            }
            marked.append(
                job.row, user: Array(user.utf8).rawBytes,
                job: Array(job.key.job.text.utf8).rawBytes,
                type: Array(type.utf8).rawBytes, policy: job.policy.rawBytes,
                location: Array((job.resultLocation ?? "").utf8).rawBytes,
                marks: NameMarks(
                    user: mark(user), type: mark(type), policy: job.policy.isEmpty ? 0 : .max))
        }
        try fixture.set.publish(marked)
        fixture.model = jobs
        #expect(try fixture.differences() == [])
    }

    @Test func `has one user of whom two marks have come`() throws {
        var fixture = try HistoryFixture()
        let (builder, jobs) = fixture.builder(count: 300, users: 3)
        var marked = HistoryBuilder(covering: builder.range)
        for (place, job) in jobs.enumerated() {
            let user = Array(job.key.user.text.utf8)
            marked.append(
                job.row, user: user.rawBytes, job: Array(job.key.job.text.utf8).rawBytes,
                type: Array(job.type.text.utf8).rawBytes, policy: job.policy.rawBytes,
                location: Array((job.resultLocation ?? "").utf8).rawBytes,
                marks: NameMarks(
                    user: UInt32(user[user.count - 1]) << 1 | UInt32(place / 150),
                    type: UInt32(place), policy: UInt32(place)))
        }
        try fixture.set.publish(marked)
        fixture.model = jobs
        #expect(try fixture.differences() == [])
    }

    @Test func `takes users with marks and without`() throws {
        var fixture = try HistoryFixture()
        let (builder, jobs) = fixture.builder(count: 3_000, users: 900)
        var mixed = HistoryBuilder(covering: builder.range)
        for (place, job) in jobs.enumerated() {
            if place >= 1_500 {
                mixed.append(job)
                continue
            }
            mixed.append(
                job.row, user: Array(job.key.user.text.utf8).rawBytes,
                job: Array(job.key.job.text.utf8).rawBytes,
                type: Array(job.type.text.utf8).rawBytes, policy: job.policy.rawBytes,
                location: Array((job.resultLocation ?? "").utf8).rawBytes,
                marks: NameMarks(user: UInt32(place), type: UInt32(place), policy: UInt32(place)))
        }
        try fixture.set.publish(mixed)
        fixture.model = jobs
        #expect(try fixture.differences() == [])
    }

    @Test func `keeps ids of any bytes and lengths`() throws {
        var fixture = try HistoryFixture()
        var (builder, _) = fixture.builder(count: 64)
        builder = HistoryBuilder(covering: builder.range)
        var jobs: [FinishedJob] = []
        let ids = [
            "a", "aa", String(repeating: "z", count: 128), "日本", "\u{7F}é", "job 1", "job 2",
        ]
        for (place, id) in ids.enumerated() {
            let lsn = LSN(rawValue: UInt64(place + 1))
            let row = HistoryRow(
                submitted: lsn, last: lsn, end: .cancelled, submittedAt: .latest,
                finishedAt: .earliest, executionTime: .latest, contentHash: .max)
            let key = JobKey(user: UserID(unchecked: "u"), job: JobID(unchecked: id))
            jobs.append(FinishedJob(key: key, type: JobType(unchecked: "t"), row: row))
            builder.append(jobs[place])
        }
        try fixture.set.publish(builder)
        for job in jobs { #expect(try fixture.set.find(job.key) == job) }
        fixture.model = jobs
        #expect(try fixture.differences() == [])
    }

    /// What it shares with other new files until it is merged comes on top.
    @Test func `takes less than three megabytes of memory for a million jobs`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(sharedRowsMax: 0))
        try fixture.publish(count: 20_000, users: 50)
        #expect(fixture.set.size.memoryBytes < 20_000 * 3)
    }

    @Test func `lets one key in a thousand through that it does not have`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(sharedRowsMax: 0))
        try fixture.publish(count: 2_000)
        var hash = fixture.set.hash
        let keys = (0..<20_000).map { number in
            let (user, job) = (Array("stranger".utf8), Array("job-\(number)".utf8))
            return hash.key(user: user.rawBytes, job: job.rawBytes)
        }
        // Of ten bits an element it would be 200.
        #expect(fixture.set.suspects(among: keys).count < 60)
    }

    @Test func `finds a key with two small reads, and passes by one that is not there`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 20_000, users: 50)
        func reads(_ keys: [JobKey]) throws -> Int {
            try fixture.reopen()
            let before = disk.counts.operations[.read] ?? 0
            for key in keys { _ = try fixture.set.find(key) }
            return (disk.counts.operations[.read] ?? 0) - before
        }
        let keys = fixture.model.map(\.key)
        // The opening itself reads five times. One key in 100 shares its tag with another block's.
        #expect(try reads(Array(keys.prefix(1_000))) < 2_100)
        let absent = keys.prefix(10_000).map {
            JobKey(user: $0.user, job: JobID(unchecked: $0.job.text + "x"))
        }
        #expect(try reads(absent) < 300)
    }
}
