import Glibc
import History
import Storage
import TestKit
import Testing
import Units

/// Filters have room for 500 rows of several files.
@Suite struct `Filters of history` {
    @Test func `are shared by new files, and go with the last of them`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 100))
        for _ in 0..<10 { try fixture.publish(count: 100) }
        #expect(fixture.set.size.filters == 2)
        let cut = fixture.model[400].row.finishedAt
        #expect(try fixture.set.drop(finishedBefore: cut, coveredThrough: .zero) == 4)
        #expect(fixture.set.size.filters == 2)
        let end = fixture.model[500].row.finishedAt
        #expect(try fixture.set.drop(finishedBefore: end, coveredThrough: .zero) == 1)
        #expect(fixture.set.size.filters == 1)
        fixture.model.removeFirst(500)
        #expect(try fixture.differences() == [])
        try fixture.publish(count: 100)
        #expect(fixture.set.size.filters == 2)
        #expect(try fixture.differences() == [])
    }

    @Test func `of merged files are their own`() throws {
        var fixture = try HistoryFixture()
        for _ in 0..<8 { try fixture.publish(count: 100) }
        try fixture.mergeAll()
        #expect(fixture.set.size.files == 2)
        #expect(fixture.set.size.filters == 2)
        #expect(try fixture.differences() == [])
    }

    @Test func `are asked one by one after an opening`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 100))
        for _ in 0..<5 { try fixture.publish(count: 100) }
        try fixture.reopen()
        #expect(fixture.set.size.filters == 5)
        for _ in 0..<5 { try fixture.publish(count: 100) }
        #expect(fixture.set.size.filters == 6)
        #expect(try fixture.differences() == [])
    }

    @Test func `are never filled beyond what they have room for`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 100))
        for count in [600, 300, 300, 200] { try fixture.publish(count: count) }
        #expect(fixture.set.size.filters == 3)
        #expect(try fixture.differences() == [])
    }

    @Test func `have nothing of a file that was not finished`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 100)
        let (builder, jobs) = fixture.builder(count: 100)
        disk.refuse(.syncDirectory, of: HistoryFixture.path, with: StorageFault(EIO))
        #expect(throws: HistoryError.self) { try fixture.set.publish(builder) }
        #expect(try fixture.differences() == [])
        disk.heal()
        try fixture.set.publish(builder)
        fixture.model += jobs
        #expect(fixture.set.size.filters == 1)
        #expect(try fixture.differences() == [])
    }

    @Test func `outlive a file that is set aside, for those who share them`() throws {
        var fixture = try HistoryFixture(options: HistoryFixture.options(fanIn: 100))
        for _ in 0..<3 { try fixture.publish(count: 100) }
        try fixture.set.setAside(after: LSN(rawValue: fixture.last.rawValue - 1))
        fixture.model.removeLast(100)
        #expect(fixture.set.size.filters == 1)
        #expect(try fixture.differences() == [])
    }
}
