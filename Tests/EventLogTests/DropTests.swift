import ByteCoding
import EventLog
import Storage
import Synchronization
import TestKit
import Testing
import Units

private let archive = "/archive"
private let ledger = "/data/log/dropped"
private let now = WallTime(microseconds: 9_000_000)

/// A log of small segments, and the head that was noted after each record.
private struct Sample {
    let disk = SimulatedStorage()
    let options: LogOptions
    let opened: OpenedLog
    private(set) var heads: [NotedHead] = []
    static let records = 24

    init(rewritesSegments: Bool = false) throws {
        options = smallOptions(segmentBytes: 5_120, rewritesSegments: rewritesSegments)
        opened = try OpenedLog(disk, options: options)
        heads.append(try verify(disk).head)
        for number in 1...Self.records {
            opened.write([sampleRecord(number)])
            heads.append(try verify(disk).head)
        }
    }

    /// The last records of all segments that may be dropped.
    var ends: [LSN] { opened.log.trimmer.segments.map(\.lastLSN) }

    /// Drops the first segments.
    @discardableResult
    func drop(_ count: Int, archive: String? = nil) throws -> LSN {
        let last = ends[count - 1]
        #expect(
            try opened.log.trimmer.drop(through: last, archive: archive, now: now) == count)
        return last
    }

    func records(after lsn: LSN) -> [[UInt8]] {
        sampleRecords(Int(lsn.rawValue) + 1...Self.records)
    }
}

private func verify(
    _ disk: any Storage, since: NotedHead? = nil, archive: String? = nil
) throws(LogError) -> LogVerification {
    try LogVerification.run(
        directory: "/data", storage: disk, expecting: LogExpectation(since: since),
        archive: archive)
}

private func segmentPaths(_ disk: SimulatedStorage) -> [String] {
    disk.filePaths.filter { $0.hasPrefix("/data/log/") && $0.hasSuffix(".lz4") }
}

@Suite struct `A log whose first segments were dropped` {
    @Test(arguments: [false, true])
    func `goes on, and opens for whoever knows what they came to`(isPacked: Bool) throws {
        let sample = try Sample(rewritesSegments: isPacked)
        let count = segmentPaths(sample.disk).count
        try #require(count > 5)
        let last = try sample.drop(2)
        #expect(segmentPaths(sample.disk).count == count - 2)
        let reader = sample.opened.log.reader()
        #expect(reader.droppedThrough == last)
        #expect(try reader.read(last) { $0.array } == nil)
        #expect(
            try reader.read(last.next) { $0.array } == sampleRecord(Int(last.rawValue) + 1))
        #expect(sample.opened.log.size.segments == count - 2)
        // And once more, with the first of the lines there already.
        let later = try sample.drop(1)
        let verified = try verify(sample.disk)
        #expect(verified.droppedThrough == later)
        #expect(verified.records == UInt64(Sample.records) - later.rawValue)
        #expect(verified.head == sample.heads.last)
        sample.opened.log.close()

        let again = try OpenedLog(sample.disk, options: sample.options, knowing: later)
        #expect(again.replayed == sample.records(after: later))
        #expect(again.log.droppedThrough == later)
        again.write([[1]])
        again.log.close()
        #expect(
            throws: LogError.noFoundation(through: later),
            performing: {
                try OpenedLog(
                    sample.disk, options: sample.options, knowing: LSN(rawValue: later.rawValue - 1)
                )
            })
    }

    @Test func `takes no file for a dropped one that is not listed`() throws {
        let sample = try Sample()
        let last = try sample.drop(3)
        sample.opened.log.close()
        for lsn in [0, 2] {
            let disk = sample.disk.killed()
            let name = "/data/log/0000000000000000000\(lsn).lz4"
            _ = try disk.open(name, .create)
            #expect(throws: LogError.self) {
                try OpenedLog(disk, options: sample.options, knowing: last)
            }
            #expect(disk.bytes(of: name) != nil)
        }
    }

    @Test func `loses whole segments only, and never the one in use`() throws {
        let sample = try Sample()
        let ends = sample.ends
        let trimmer = sample.opened.log.trimmer
        let within = LSN(rawValue: ends[1].rawValue - 1)
        #expect(try trimmer.drop(through: within, archive: nil, now: now) == 1)
        #expect(trimmer.droppedThrough == ends[0])
        #expect(try trimmer.drop(through: ends[0], archive: nil, now: now) == 0)
        let all = LSN(rawValue: .max)
        #expect(try trimmer.drop(through: all, archive: nil, now: now) == ends.count - 1)
        #expect(segmentPaths(sample.disk).count == 1)
        #expect(try verify(sample.disk).head == sample.heads.last)
    }

    @Test func `stops before the next copy when it is told to`() throws {
        let sample = try Sample()
        var asked = 0
        let dropped = try sample.opened.log.trimmer.drop(
            through: LSN(rawValue: .max), archive: archive, now: now
        ) {
            asked += 1
            return asked <= 2
        }
        #expect(dropped == 2)
        #expect(try verify(sample.disk).head == sample.heads.last)
    }

    @Test func `is read from its first record on, and what was before is said to be dropped`()
        throws
    {
        let sample = try Sample()
        let last = try sample.drop(2)
        var found: [[UInt8]] = []
        try LogScan.run(directory: "/data", storage: sample.disk) { _, _, record in
            found.append(record.array)
            return true
        }
        #expect(found == sample.records(after: last))
        #expect(throws: LogError.dropped(through: last)) {
            try LogScan.run(
                directory: "/data", storage: sample.disk, from: LSN(rawValue: 1)
            ) { _, _, _ in true }
        }
    }

    @Test func `tells a reader that it overtakes`() throws {
        let sample = try Sample()
        var last = LSN.zero
        #expect(throws: LogError.dropped(through: sample.ends[3])) {
            try LogScan.run(directory: "/data", storage: sample.disk) { lsn, _, _ in
                if lsn == LSN(rawValue: 1) { _ = try? sample.drop(4) }
                last = lsn
                return true
            }
        }
        // Of the segment that it had begun it got all.
        #expect(last.rawValue >= 1)
    }

    @Test func `is not brought back by a rewriting that was under way`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(
            disk, options: smallOptions(segmentBytes: 5_120, rewritesSegments: true))
        let trimmer = opened.log.trimmer
        let dropped = Mutex(0)
        disk.watch { cut in
            let isRewriting = disk.filePaths.contains { $0.hasSuffix(".packing") }
            guard cut.prevented == .sync, isRewriting, dropped.withLock({ $0 == 0 }) else { return }
            dropped.withLock { $0 = -1 }
            let count = try? trimmer.drop(through: LSN(rawValue: .max), archive: nil, now: now)
            dropped.withLock { $0 = count ?? 0 }
        }
        for number in 1...Sample.records { opened.write([sampleRecord(number)]) }
        disk.watch(nil)
        #expect(dropped.withLock { $0 } == 1)
        let first = try #require(segmentPaths(disk).first)
        #expect(first != "/data/log/00000000000000000001.lz4")
        #expect(!disk.filePaths.contains { $0.hasSuffix(".packing") })
        #expect(opened.log.size.trouble == nil)
        #expect(try verify(disk).headLSN == LSN(rawValue: UInt64(Sample.records)))
    }

    @Test func `is repaired like any other`() throws {
        let sample = try Sample()
        let last = try sample.drop(2)
        sample.opened.log.close()
        let kept = sample.ends[0]
        let path = segmentPaths(sample.disk)[1]
        sample.disk.flip(bit: 8 * 4_200, of: path)
        #expect(throws: LogError.self) { try verify(sample.disk) }
        let repair = try #require(
            try LogRepair.find(directory: "/data", storage: sample.disk))
        #expect(repair.keptLSN >= kept)
        _ = try repair.run()
        let again = try OpenedLog(sample.disk, options: sample.options, knowing: last)
        #expect(again.replayed.count == Int(repair.keptLSN.rawValue - last.rawValue))
        #expect(again.replayed == Array(sample.records(after: last).prefix(again.replayed.count)))
    }
}

@Suite struct `The chain across what was dropped` {
    @Test func `is proved by the heads that were kept`() throws {
        let sample = try Sample()
        let ends = sample.ends
        let last = try sample.drop(3, archive: archive)
        for head in sample.heads {
            let isKept = head.lsn >= last || ends.contains(head.lsn)
            if isKept {
                #expect(try verify(sample.disk, since: head).head == sample.heads.last)
            } else {
                #expect(
                    throws: LogError.contradicted(.dropped(noted: head, through: last)),
                    performing: { try verify(sample.disk, since: head) })
            }
            // The archive has every record.
            let whole = try verify(sample.disk, since: head, archive: archive)
            #expect(whole.records == UInt64(Sample.records))
            #expect(whole.droppedThrough == .zero)
            #expect(whole.head == sample.heads.last)
        }
    }

    @Test func `does not hold for another head`() throws {
        let sample = try Sample()
        let last = try sample.drop(3, archive: archive)
        for lsn in [sample.ends[0], last, LSN(rawValue: 2)] {
            let forged = NotedHead(lsn: lsn, hash: sample.heads[0].hash)
            #expect(throws: LogError.self) { try verify(sample.disk, since: forged) }
            #expect(throws: LogError.self) {
                try verify(sample.disk, since: forged, archive: archive)
            }
        }
    }

    @Test func `is told where an archived segment is missing or changed`() throws {
        let sample = try Sample()
        let first = sample.ends[0]
        try sample.drop(3, archive: archive)
        let paths = sample.disk.filePaths.filter { $0.hasPrefix(archive) }
        try #require(paths.count == 3)
        let changed = sample.disk.killed()
        changed.flip(bit: 8 * 4_200, of: paths[0])
        #expect(throws: LogError.self) { try verify(changed, archive: archive) }
        let gone = sample.disk.killed()
        try gone.remove(paths[1])
        #expect(throws: LogError.self) { try verify(gone, archive: archive) }
        // An archive may begin later.
        let later = sample.disk.killed()
        try later.remove(paths[0])
        #expect(try verify(later, archive: archive).droppedThrough == first)
    }

    @Test func `ends at any changed bit of the list`() throws {
        let sample = try Sample()
        let last = try sample.drop(3)
        sample.opened.log.close()
        let bytes = try #require(sample.disk.bytes(of: ledger))
        let used = try #require(bytes.lastIndex(of: UInt8(ascii: "\n"))) + 1
        for bit in 0..<8 * used {
            let disk = sample.disk.killed()
            disk.flip(bit: bit, of: ledger)
            #expect(throws: LogError.self, "bit \(bit)") { try verify(disk) }
            #expect(throws: LogError.self, "bit \(bit)") {
                try OpenedLog(disk, options: sample.options, knowing: last)
            }
        }
    }

    /// Several lines are written at once, and a crash may keep the later ones.
    @Test func `does not go on with lines that a torn one was before`() throws {
        let sample = try Sample()
        sample.opened.log.close()
        let last = sample.ends[2]
        let listed = sample.disk.killed()
        let first = try OpenedLog(listed, options: sample.options)
        _ = try first.log.trimmer.drop(through: last, archive: nil, now: now)
        var lines = try #require(listed.bytes(of: ledger))
        let head = try #require(lines.firstIndex(of: UInt8(ascii: "\n"))) + 1
        lines[head] ^= 1

        // The same disk, but for a list of which the first line is torn: nothing was dropped.
        let torn = sample.disk.killed()
        _ = try torn.open(ledger, .create)
        torn.replace(ledger, with: lines)
        let opened = try OpenedLog(torn, options: sample.options)
        #expect(opened.replayed == sample.records(after: .zero))
        // Another time, as long in text: the line that is written now ends where the torn one did.
        let later = WallTime(microseconds: 8_000_000)
        #expect(
            try opened.log.trimmer.drop(through: sample.ends[0], archive: nil, now: later) == 1)
        opened.log.close()
        let again = try OpenedLog(torn, options: sample.options, knowing: last)
        #expect(again.log.droppedThrough == sample.ends[0])
        #expect(again.replayed == sample.records(after: last))
        let verified = try verify(torn)
        #expect(verified.droppedThrough == sample.ends[0])
    }

    @Test func `ends where the list or the first segment is gone`() throws {
        let sample = try Sample()
        let last = try sample.drop(3)
        sample.opened.log.close()
        for path in [ledger, segmentPaths(sample.disk)[0]] {
            let disk = sample.disk.killed()
            try disk.remove(path)
            #expect(throws: LogError.self) { try verify(disk) }
            #expect(throws: LogError.self) {
                try OpenedLog(disk, options: sample.options, knowing: last)
            }
        }
    }
}

@Suite struct `Dropping segments` {
    /// What a crash or a failure may leave: all records from some segment's end on, up to the cut asked
    /// for, and those before it in the archive where there is one.
    private func check(
        _ disk: SimulatedStorage, _ sample: Sample, through last: LSN, archives: Bool = true,
        _ place: String
    ) throws {
        let opened = try OpenedLog(disk, options: sample.options, knowing: last)
        #expect(opened.replayed == sample.records(after: last), "\(place)")
        let first = opened.log.droppedThrough
        #expect(first <= last, "\(place)")
        opened.log.close()
        let listed = try disk.list("/data/log").filter { $0.hasSuffix(".lz4") }
        #expect(listed.count == opened.log.size.segments, "\(place)")
        guard archives else {
            #expect(try verify(disk).droppedThrough == first, "\(place)")
            return
        }
        if (try? disk.list(archive)) == nil { try disk.createDirectory(archive) }
        let whole = try verify(disk, archive: archive)
        #expect(whole.droppedThrough == .zero, "\(place)")
        #expect(whole.records == UInt64(Sample.records), "\(place)")
    }

    @Test(arguments: [true, false])
    func `may be cut short by a power cut at any change`(archives: Bool) throws {
        let sample = try Sample()
        let cuts = Mutex<[PowerCut]>([])
        sample.disk.watch { cut in cuts.withLock { $0.append(cut) } }
        let last = try sample.drop(3, archive: archives ? archive : nil)
        sample.disk.watch(nil)
        let all = cuts.withLock { $0 } + [sample.disk.cutPower()]
        #expect(all.count > (archives ? 20 : 6))
        for (number, cut) in all.enumerated() {
            var disks = [cut.killed(), cut.synced()]
            for seed in 0..<20 { disks.append(cut.image(seed: UInt64(seed)).storage) }
            for (draw, disk) in disks.enumerated() {
                let place = "cut \(number), disk \(draw)"
                try check(disk, sample, through: last, archives: archives, place)
                // And cut again, right behind the opening.
                try check(
                    disk.crashed(), sample, through: last, archives: archives, "\(place), again")
            }
        }
    }

    @Test(arguments: [true, false])
    func `goes on where any change or look failed`(isChange: Bool) throws {
        var number = 1
        var failures = 0
        while true {
            let sample = try Sample()
            let last = sample.ends[2]
            let trimmer = sample.opened.log.trimmer
            if isChange {
                sample.disk.fail(change: number)
            } else {
                sample.disk.fail(look: number)
            }
            let first = Result { try trimmer.drop(through: last, archive: archive, now: now) }
            let didStrike = sample.disk.counts.failed != nil
            sample.disk.heal()
            guard didStrike else { break }
            if case .failure = first { failures += 1 }
            try check(sample.disk.killed(), sample, through: last, "operation \(number)")
            _ = try trimmer.drop(through: last, archive: archive, now: now)
            #expect(trimmer.droppedThrough == last, "operation \(number)")
            try check(sample.disk.killed(), sample, through: last, "after operation \(number)")
            try check(sample.disk.crashed(), sample, through: last, "lost after \(number)")
            number += 1
        }
        #expect(failures > 10)
    }

    @Test func `needs no space but the first time`() throws {
        let sample = try Sample()
        try sample.drop(1)
        sample.disk.limit(toBytes: sample.disk.usedBytes)
        let last = try sample.drop(3)
        sample.disk.limit(toBytes: nil)
        sample.opened.log.close()
        let again = try OpenedLog(sample.disk, options: sample.options, knowing: last)
        #expect(again.replayed == sample.records(after: last))
    }

    @Test func `drops nothing whose copy reads back otherwise`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(
            MiswritingStorage(disk: disk, suffix: ".writing", offset: 4_300),
            options: smallOptions(segmentBytes: 5_120))
        for number in 1...Sample.records { opened.write([sampleRecord(number)]) }
        let count = segmentPaths(disk).count
        #expect(throws: LogError.self) {
            try opened.log.trimmer.drop(
                through: LSN(rawValue: .max), archive: archive, now: now)
        }
        #expect(segmentPaths(disk).count == count)
    }

    @Test func `keeps out of the archive of another log, and mends its own`() throws {
        let other = try Sample()
        try other.drop(3, archive: archive)
        let disk = other.disk
        let options = smallOptions(segmentBytes: 5_120)
        // The same numbers again would be the same identity.
        _ = options.randomNumber()
        let log = try EventLog.open(
            directory: "/other", storage: disk, options: options, replay: { _, _ in },
            onDurable: { _ in }, onFailure: { _ in })
        for number in 1...Sample.records {
            log.append(sampleRecord(number).rawBytes)
            log.commit(now: now)
        }
        let path = archive + "/00000000000000000001.lz4"
        let all = LSN(rawValue: .max)
        #expect(
            throws: LogError.archiveTaken(file: path),
            performing: { try log.trimmer.drop(through: all, archive: archive, now: now) })
        #expect(log.droppedThrough == .zero)
        // Damaged at an end, it is nobody's, and stays under another name.
        disk.flip(bit: 8 * 40, of: path)
        _ = try? log.trimmer.drop(
            through: log.trimmer.segments[0].lastLSN, archive: archive, now: now)
        #expect(log.droppedThrough > .zero)
        #expect(disk.bytes(of: path + ".damaged") != nil)
    }

    @Test func `drops nothing that is not in the archive`() throws {
        let sample = try Sample()
        sample.disk.refuse(.write, of: ".writing")
        let count = segmentPaths(sample.disk).count
        #expect(throws: LogError.self) { try sample.drop(3, archive: archive) }
        #expect(segmentPaths(sample.disk).count == count)
        #expect(sample.opened.log.droppedThrough == .zero)
        sample.disk.heal()
        try sample.drop(3, archive: archive)
    }
}
