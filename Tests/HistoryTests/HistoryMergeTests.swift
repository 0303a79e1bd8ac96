import History
import JobModel
import Storage
import TestKit
import Testing
import Units

@Suite struct `Merging history` {
    @Test(arguments: 1...4)
    func `leaves every job where it was`(seed: Int) throws {
        var fixture = try HistoryFixture(seed: UInt64(seed))
        for _ in 0..<20 {
            let count = fixture.generator.number(below: 300)
            try fixture.publish(count: count, users: 1 + count / 10)
        }
        let before = fixture.set.size.files
        try fixture.mergeAll()
        #expect(fixture.set.size.files < before / 2)
        #expect(try fixture.differences() == [])
        #expect(fixture.set.gaps(through: fixture.last) == [])
        try fixture.reopen()
        #expect(fixture.set.opening == HistoryOpening())
        #expect(try fixture.differences() == [])
    }

    @Test(arguments: 1...4)
    func `keeps the order of users who begin alike`(seed: Int) throws {
        var fixture = try HistoryFixture(
            seed: UInt64(seed), options: HistoryFixture.options(fanIn: 9))
        // What all begin with is longer at first than it is later on; some differ far behind it, or in length alone.
        let names = ["tenant-1/", "tenant-1/user-00000000", "tenant-2", "ten", "z"]
        fixture.userName = {
            names[$0 % 5] + String(repeating: "0", count: $0 / 5 % 4) + "\($0 / 20)"
        }
        for file in 1...9 { try fixture.publish(count: 150, users: file * 20) }
        try fixture.mergeAll()
        #expect(fixture.set.size.files == 1)
        #expect(try fixture.differences() == [])
        try fixture.set.verify()
    }

    @Test func `leaves cursors valid`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 2))
        for _ in 0..<16 { try fixture.publish(count: 60, users: 2) }
        let set = fixture.set
        for user in fixture.users {
            let found = try fixture.listed(user, ends: [.success]) {
                _ = try set.mergeStep(byteBudget: 1_000)
            }
            #expect(found == fixture.expected(user, ends: [.success]))
        }
    }

    @Test func `goes on while files are added`() throws {
        var fixture = try HistoryFixture()
        for _ in 0..<30 {
            try fixture.publish(count: 100)
            _ = try fixture.set.mergeStep(byteBudget: 500)
        }
        try fixture.mergeAll()
        #expect(try fixture.differences() == [])
    }

    @Test func `makes no file larger than it may be`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(rowsMax: 1_000))
        for _ in 0..<20 { try fixture.publish(count: 150) }
        try fixture.mergeAll()
        // 20 times 150 rows, six to a file of at most 1 000.
        #expect(fixture.set.size.files >= 4)
        #expect(fixture.set.size.files <= 6)
        #expect(try fixture.differences() == [])
    }

    @Test func `goes as far as bounds allow, though these are reached early`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 64))
        // Of each file the last job ends 196 seconds after the first, and the next file begins 5 later.
        fixture.set.bound(merges: MergeBounds(span: .seconds(700)))
        for _ in 0..<10 { try fixture.publish(count: 50) }
        try fixture.mergeAll()
        // Three times three, and the newest, which may have neighbours yet.
        #expect(fixture.set.size.files == 4)
        #expect(try fixture.differences() == [])
    }

    @Test func `does not join files between which one is missing`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 2))
        try fixture.publish(count: 10)
        let missing = fixture.builder(count: 10)
        try fixture.publish(count: 10)
        try fixture.mergeAll()
        #expect(fixture.set.size.files == 2)
        #expect(fixture.set.gaps(through: fixture.last) == [missing.builder.range])
        try fixture.set.publish(missing.builder)
        fixture.model += missing.jobs
        try fixture.mergeAll()
        #expect(fixture.set.gaps(through: fixture.last) == [])
        #expect(try fixture.differences() == [])
    }
}

@Suite struct `Dropping history` {
    @Test func `goes by whole files, the oldest first`() throws {
        var fixture = try HistoryFixture()
        for _ in 0..<6 { try fixture.publish(count: 50) }
        let cut = fixture.model[100].row.finishedAt
        #expect(try fixture.set.drop(finishedBefore: cut, coveredThrough: .zero) == 2)
        fixture.model.removeFirst(100)
        #expect(try fixture.differences() == [])
        #expect(fixture.set.gaps(through: fixture.last) == [])
        try fixture.reopen()
        #expect(fixture.set.opening == HistoryOpening())
        #expect(fixture.set.gaps(through: fixture.last) == [])
        #expect(try fixture.differences() == [])
    }

    @Test func `takes the files over events that are gone`() throws {
        var fixture = try HistoryFixture()
        for _ in 0..<6 { try fixture.publish(count: 50) }
        // Within the third file, which stays.
        let last = fixture.model[120].row.last
        let bytes = fixture.set.bytes(coveredThrough: last)
        let before = fixture.set.size.bytes
        #expect(try fixture.set.drop(finishedBefore: nil, coveredThrough: last) == 2)
        #expect(fixture.set.size.bytes == before - bytes)
        #expect(try fixture.set.drop(finishedBefore: nil, coveredThrough: last) == 0)
        fixture.model.removeFirst(100)
        #expect(try fixture.differences() == [])
    }

    @Test func `ends a merge of what is dropped`() throws {
        var fixture = try HistoryFixture()
        for _ in 0..<4 { try fixture.publish(count: 50) }
        #expect(try fixture.set.mergeStep(byteBudget: 100))
        let cut = fixture.model[50].row.finishedAt
        #expect(try fixture.set.drop(finishedBefore: cut, coveredThrough: .zero) == 1)
        fixture.model.removeFirst(50)
        try fixture.mergeAll()
        #expect(try fixture.differences() == [])
        try fixture.reopen()
        #expect(try fixture.differences() == [])
    }
}
