import ByteCoding
import EventLog
import Storage
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `The log with its threads` {
    private func options() -> LogOptions {
        var options = LogOptions()
        options.segmentBytes = 64 << 10
        options.groupBytesMax = 4 << 10
        options.inlineBytesMax = 1 << 10
        options.blocksMax = 6
        return options
    }

    @Test func `a reader finds every durable record while the writer goes on, across rolls`()
        async throws
    {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options())
        let total = 6000
        let reader = opened.log.reader()
        let log = opened.log
        // The readers' tasks block on a disk in memory only.
        try await withThrowingTaskGroup(of: Int.self) { group in
            for seed in 1...2 {
                group.addTask {
                    try readRandomly(reader, log: log, total: total, seed: UInt64(seed))
                }
            }
            var number = 0
            while number < total {
                let batch = min(1 + number % 97, total - number)
                opened.write(sampleRecords(number + 1...number + batch))
                number += batch
            }
            log.close()
            for try await wrong in group { #expect(wrong == 0) }
        }
        #expect(log.durableLSN.rawValue == UInt64(total))
        #expect(log.size.segments > 4)
        #expect(opened.reports.failures.isEmpty)
        let durable = opened.reports.durable
        #expect(durable == durable.sorted())
        for number in 1...total {
            let record = try reader.read(LSN(rawValue: UInt64(number))) { $0.array }
            try #require(record == sampleRecord(number))
        }
        #expect(
            try OpenedLog(disk.crashed(), options: options()).replayed == sampleRecords(1...total))
    }

    @Test func `what is not there is nil`() throws {
        let opened = try OpenedLog(SimulatedStorage())
        opened.write(sampleRecords(1...3))
        opened.log.append([1, 2, 3].rawBytes)
        let reader = opened.log.reader()
        for lsn in [0, 4, 5, UInt64.max] {
            #expect(try reader.read(LSN(rawValue: lsn)) { $0.array } == nil)
        }
        #expect(throws: LogError.refusedRecord(LSN(rawValue: 2), reason: "no")) {
            _ = try reader.read(LSN(rawValue: 2)) { _ throws(RecordRefusal) -> Int in
                throw RecordRefusal(reason: "no")
            }
        }
    }

    @Test func `a failed sync on the disk thread is told once and nothing is durable afterwards`()
        throws
    {
        for number in 1...40 {
            let disk = SimulatedStorage()
            var options = options()
            options.inlineBytesMax = 0
            let opened = try OpenedLog(disk, options: options)
            disk.fail(change: number)
            for record in 1...400 { opened.write([sampleRecord(record)]) }
            opened.log.close()
            let durable = Int(opened.log.durableLSN.rawValue)
            let failures = opened.reports.failures.count
            #expect(failures == (disk.counts.failed == nil || durable == 400 ? failures : 1))
            #expect(failures <= 1)
            let again = try OpenedLog(disk.crashed(), options: options)
            #expect(again.replayed.count >= durable)
            #expect(again.replayed == Array(sampleRecords(1...400).prefix(again.replayed.count)))
        }
    }

    /// The newest segment is hashed beside whoever opens it: what goes on from there must join.
    @Test(arguments: [false, true])
    func `a log that is opened again and again keeps one chain`(isKnown: Bool) throws {
        let disk = SimulatedStorage()
        for round in 0..<12 {
            let known = LSN(rawValue: isKnown ? UInt64(round * 40) : 0)
            let opened = try OpenedLog(disk, options: options(), knowing: known)
            #expect(opened.replayed.count == (isKnown ? 0 : round * 40))
            for record in round * 40 + 1...round * 40 + 40 { opened.write([sampleRecord(record)]) }
            opened.log.close()
        }
        let whole = try verify(disk)
        #expect(whole.records == 480)
        #expect(whole.segments > 1)
        // What a crash left behind the last whole group is cut, and hashed by nobody.
        let newest = try #require(disk.filePaths.last { $0.hasSuffix(".lz4") })
        let lastBit = try #require(disk.bytes(of: newest)).count * 8 - 1
        disk.flip(bit: lastBit, of: newest)
        let opened = try OpenedLog(disk, options: options(), knowing: LSN(rawValue: 480))
        #expect(opened.recovery.tornTail != nil)
        opened.write([sampleRecord(481)])
        opened.log.close()
        #expect(try verify(disk, since: whole.head).records == 481)
    }

    /// Who hashes a block changes from batch to batch; the chain must not show it.
    @Test(arguments: [1, 2, 3, 7])
    func `keeps one chain, whoever hashes`(busyOf: Int) throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options())
        for batch in 0..<600 {
            for record in batch * 10 + 1...batch * 10 + 10 {
                opened.log.append(sampleRecord(record).rawBytes)
                if record % 4 == 0 { opened.log.commitFull(now: .earliest) }
            }
            opened.log.commit(now: .earliest, isBusy: batch % busyOf == 0)
        }
        opened.log.close()
        let whole = try verify(disk)
        #expect(whole.records == 6_000)
        #expect(whole.segments > 4)
        #expect(try OpenedLog(disk, options: options()).replayed == sampleRecords(1...6_000))
    }

    /// The disk thread has taken blocks and not hashed them yet: what comes next waits its turn.
    @Test func `hashes in order while the disk thread is about to`() throws {
        var options = options()
        options.inlineBytesMax = 0
        // Of those that are not made of repetitions.
        let mark = sampleRecord(100)
        let disk = SimulatedStorage()
        let held = HeldWrites(disk: disk, mark: Array(mark.prefix(24)))
        let opened = try OpenedLog(held, options: options)
        opened.log.append(mark.rawBytes)
        opened.log.commit(now: .earliest, isBusy: true)
        held.arrival()
        opened.write(sampleRecords(1...3))
        held.letGo()
        for record in 4...1_000 { opened.write([sampleRecord(record)]) }
        opened.log.close()
        let whole = try verify(disk)
        #expect(whole.records == 1_001)
        #expect(whole.segments > 1)
    }

    @Test func `what fills blocks is durable before its batch is committed`() throws {
        var options = options()
        // In order on this thread: what was handed over is durable.
        options.isThreaded = false
        let opened = try OpenedLog(SimulatedStorage(), options: options)
        for record in 1...70 { opened.log.append(sampleRecord(record).rawBytes) }
        #expect(opened.log.durableLSN == .zero)
        opened.log.commitFull(now: .earliest)
        let durable = opened.log.durableLSN
        #expect(durable > .zero && durable < LSN(rawValue: 70))
        opened.log.commit(now: .earliest)
        #expect(opened.log.durableLSN == LSN(rawValue: 70))
    }

    @Test func `a log is refused as ever where its newest segment cannot be read`() throws {
        let disk = SimulatedStorage()
        do {
            let opened = try OpenedLog(disk, options: options())
            opened.write(sampleRecords(1...10))
            opened.log.close()
        }
        let newest = try #require(disk.filePaths.last { $0.hasSuffix(".lz4") })
        disk.replace(newest, with: Array(try #require(disk.bytes(of: newest)).prefix(100)))
        #expect(throws: LogError.self) { try OpenedLog(disk, options: options()) }
        // Nobody holds the directory, and no thread reads it any more.
        #expect(throws: LogError.self) { try OpenedLog(disk, options: options()) }
    }

    @Test func `a log that is dropped instead of closed leaves the directory free`() throws {
        let disk = SimulatedStorage()
        do {
            let opened = try OpenedLog(disk, options: options())
            opened.write(sampleRecords(1...10))
        }
        let again = try OpenedLog(disk, options: options())
        again.log.close()
        again.log.close()
    }
}

/// Reads durable records at random until all are durable; returns how many were not what was written.
private func readRandomly(
    _ reader: LogReader, log: EventLog, total: Int, seed: UInt64
) throws -> Int {
    var state = seed
    var wrong = 0
    while true {
        let durable = log.durableLSN.rawValue
        if durable > 0 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let lsn = (state >> 33) % durable + 1
            let record = try reader.read(LSN(rawValue: lsn)) { $0.array }
            if record != sampleRecord(Int(lsn)) { wrong += 1 }
        }
        if durable == UInt64(total) { return wrong }
    }
}

private func verify(
    _ disk: SimulatedStorage, since: NotedHead? = nil
) throws(LogError) -> LogVerification {
    try LogVerification.run(
        directory: "/data", storage: disk, expecting: LogExpectation(since: since))
}
