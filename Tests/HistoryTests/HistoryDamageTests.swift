import ByteCoding
import History
import JobModel
import Storage
import TestKit
import Testing
import Units

@Suite struct `Damage to history` {
    /// A small file with every kind of frame, and the disk it is on.
    private func written() throws -> (fixture: HistoryFixture, disk: SimulatedStorage, path: String)
    {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 6, users: 2)
        let path = try #require(disk.filePaths.first { $0.hasSuffix(".history") })
        return (fixture, disk, path)
    }

    /// What readers get of a disk: all of the jobs, or an error and a gap.
    private func check(_ disk: SimulatedStorage, _ good: HistoryFixture) throws -> Bool {
        let set = try HistorySet(
            HistoryFixture.path, log: HistoryFixture.log, storage: disk, options: good.options)
        var fixture = good
        fixture.set = set
        var refused = !set.opening.setAside.isEmpty
        if !refused {
            do { try set.verify() } catch { refused = true }
            if !refused { #expect(try fixture.differences() == []) }
        }
        // What was refused is a gap under a name of its own.
        if refused {
            #expect(set.gaps(through: good.last) == [LSN(rawValue: 1)...good.last])
            #expect(disk.filePaths.contains { $0.hasSuffix(".damaged-1") })
        }
        return refused
    }

    @Test func `is found wherever a bit is flipped`() throws {
        let (fixture, disk, path) = try written()
        let bytes = try #require(disk.bytes(of: path))
        for bit in 0..<bytes.count * 8 {
            let copy = disk.killed()
            copy.flip(bit: bit, of: path)
            #expect(try check(copy, fixture), "bit \(bit)")
        }
    }

    @Test func `is found by who reads a file for its checksums alone`() throws {
        let (_, disk, path) = try written()
        func check(_ disk: SimulatedStorage) throws {
            _ = try HistoryOutline(checking: path, log: HistoryFixture.log, storage: disk)
        }
        try check(disk)
        for byte in try #require(disk.bytes(of: path)).indices {
            let copy = disk.killed()
            copy.flip(bit: byte * 8 + byte % 8, of: path)
            #expect(throws: HistoryError.self, "byte \(byte)") { try check(copy) }
        }
    }

    @Test func `is found far behind, too`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 20_000, users: 3_000)
        let path = try #require(disk.filePaths.first { $0.hasSuffix(".history") })
        let count = try #require(disk.bytes(of: path)).count
        try #require(count > 600 << 10)
        for byte in stride(from: 64, to: count, by: 20_011) {
            let copy = disk.killed()
            copy.flip(bit: byte * 8, of: path)
            #expect(throws: HistoryError.self, "byte \(byte)") {
                try HistoryOutline(checking: path, log: HistoryFixture.log, storage: copy)
            }
        }
    }

    @Test func `is found wherever a file is cut short`() throws {
        let (fixture, disk, path) = try written()
        let bytes = try #require(disk.bytes(of: path))
        for count in bytes.indices {
            let copy = disk.killed()
            copy.replace(path, with: Array(bytes.prefix(count)))
            #expect(try check(copy, fixture), "\(count) bytes")
        }
        disk.replace(path, with: bytes + [0])
        #expect(try check(disk.killed(), fixture))
    }

    @Test func `is found by the first reader that meets it, and the range can be built again`()
        throws
    {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        try fixture.publish(count: 40)
        let (builder, jobs) = fixture.builder(count: 40)
        try fixture.set.publish(builder)
        fixture.model += jobs
        try fixture.publish(count: 40)
        let path = try #require(
            disk.filePaths.filter { $0.hasSuffix(".history") }.dropFirst().first)
        try fixture.reopen()
        disk.flip(bit: 8 * 100, of: path)
        try fixture.reopen()
        #expect(throws: HistoryError.self) {
            for job in jobs { _ = try fixture.set.find(job.key) }
        }
        #expect(fixture.set.gaps(through: fixture.last) == [builder.range])
        // Whoever was in it is not said to be unknown.
        for job in jobs {
            #expect(throws: HistoryError.missing(builder.range)) {
                try fixture.set.find(job.key)
            }
        }
        try fixture.set.publish(builder)
        #expect(try fixture.differences() == [])
        #expect(disk.filePaths.contains(path + ".damaged-1"))
    }

    /// The look is in another file, which may have the key as far as its filter says, while the file of the gap comes.
    @Test func `is not overlooked by a look beside which it is mended`() throws {
        let disk = InterruptedStorage(disk: SimulatedStorage())
        var fixture = try HistoryFixture(disk, options: HistoryFixture.options(sharedRowsMax: 0))
        try fixture.publish(count: 200)
        let set = fixture.set
        var hash = set.hash
        let user = Array("u".utf8)
        let id = try #require(
            (0..<100_000).lazy.map { "job-\($0)" }.first { id in
                let key = hash.key(user: user.rawBytes, job: Array(id.utf8).rawBytes)
                return !set.suspects(among: [key]).isEmpty
            })
        let (first, last) = (fixture.last.next, fixture.last.next.next)
        var builder = HistoryBuilder(covering: first...last)
        let key = JobKey(user: UserID(unchecked: "u"), job: JobID(unchecked: id))
        let row = HistoryRow(
            submitted: first, last: last, end: .success, submittedAt: .earliest,
            finishedAt: .latest, executionTime: .latest, contentHash: 1)
        builder.append(FinishedJob(key: key, type: JobType(unchecked: "t"), row: row))
        set.expect([builder.range])
        let mended = builder
        disk.interrupt {
            do {
                try set.publish(mended)
            } catch {
                Issue.record(error)
            }
        }
        #expect(throws: HistoryError.missing(builder.range)) { try set.find(key) }
        #expect(try set.find(key)?.key == key)
    }

    @Test func `ends a merge, which goes on without the damaged file`() throws {
        let disk = SimulatedStorage()
        var fixture = try HistoryFixture(disk)
        for _ in 0..<9 { try fixture.publish(count: 40) }
        let paths = disk.filePaths.filter { $0.hasSuffix(".history") }
        disk.flip(bit: 8 * 100, of: paths[0])
        #expect(throws: HistoryError.self) { try fixture.mergeAll() }
        fixture.model.removeFirst(40)
        #expect(try fixture.differences() == [])
        try fixture.mergeAll()
        #expect(try fixture.differences() == [])
        #expect(fixture.set.size.files == 2)
    }

    @Test func `is what a file of another log is`() throws {
        let (fixture, disk, _) = try written()
        let set = try HistorySet(
            HistoryFixture.path, log: 77, storage: disk, options: fixture.options)
        #expect(set.opening.setAside.count == 1)
        #expect(set.size.files == 0)
    }
}
