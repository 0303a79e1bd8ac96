import ByteCoding
import EventLog
import Glibc
import Storage
import Synchronization
import TestKit
import Testing
import Units

@Suite struct `The log` {
    @Test(arguments: [1, 2, 7, 60], [1, 16, 300])
    func `gives back what was appended, over rolls and openings`(batch: Int, total: Int) throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for start in stride(from: 1, through: total, by: batch) {
            opened.write(sampleRecords(start...min(start + batch - 1, total)))
        }
        #expect(opened.log.durableLSN.rawValue == UInt64(total))
        opened.log.close()
        let again = try OpenedLog(disk)
        #expect(again.replayed == sampleRecords(1...total))
        #expect(again.log.lastLSN.rawValue == UInt64(total))
        #expect(again.recovery.tornTail == nil)
        again.write([sampleRecord(total + 1)])
        again.log.close()
        #expect(try OpenedLog(disk).replayed == sampleRecords(1...total + 1))
    }

    @Test func `rolls into new segments and seals the old ones`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for number in 1...300 { opened.write([sampleRecord(number)]) }
        #expect(opened.log.size.segments > 3)
        let segments = disk.filePaths.filter { $0.hasSuffix(".lz4") }
        #expect(segments.count == opened.log.size.segments)
        #expect(segments.first == "/data/log/00000000000000000001.lz4")
    }

    @Test func `records of the largest size are kept even where a segment is smaller`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        let large = (0..<LogOptions.recordBytesMax).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        opened.write([[1], large, [2]])
        opened.write([large])
        opened.log.close()
        #expect(try OpenedLog(disk).replayed == [[1], large, [2], large])
    }

    @Test func `a batch larger than all blocks together is kept whole`() throws {
        let disk = SimulatedStorage()
        var options = smallOptions()
        options.blocksMax = 2
        let opened = try OpenedLog(disk, options: options)
        opened.write(sampleRecords(1...100))
        #expect(opened.log.durableLSN.rawValue == 100)
        #expect(try OpenedLog(disk.crashed()).replayed == sampleRecords(1...100))
    }

    @Test func `an acknowledged record survives a power cut, one not committed does not appear`()
        throws
    {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for number in 1...40 {
            opened.write([sampleRecord(number)])
            let survivor = try OpenedLog(disk.crashed())
            #expect(survivor.replayed == sampleRecords(1...number))
        }
        opened.log.append(sampleRecord(41).rawBytes)
        #expect(opened.log.durableLSN.rawValue == 40)
        #expect(try OpenedLog(disk.crashed()).replayed == sampleRecords(1...40))
    }

    enum Unsynced: CaseIterable { case files, names, both }

    /// As somebody who put a copy back, or was killed before a sync, leaves it.
    @Test(arguments: Unsynced.allCases)
    func `what an opening has shown is durable, whoever wrote it`(unsynced: Unsynced) throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        for number in 1...100 { opened.write([sampleRecord(number)]) }
        let paths = disk.filePaths.filter { $0.hasSuffix(".lz4") }
        try #require(paths.count > 3)
        let fresh = SimulatedStorage()
        try fresh.createDirectory("/data")
        try fresh.createDirectory("/data/log")
        for path in paths {
            let bytes = try #require(disk.bytes(of: path))
            let file = try fresh.open(path, .create)
            try file.write(bytes.rawBytes, at: 0)
            if unsynced == .names { try file.sync() }
        }
        if unsynced == .files { try fresh.syncDirectory("/data/log") }
        let again = try OpenedLog(fresh)
        #expect(again.replayed == sampleRecords(1...100))
        #expect(try OpenedLog(fresh.crashed()).replayed == sampleRecords(1...100))
    }

    @Test func `a refused record stops the opening with its LSN`() throws {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk)
        opened.write(sampleRecords(1...5))
        opened.log.close()
        #expect(throws: LogError.refusedRecord(LSN(rawValue: 3), reason: "unknown")) {
            _ = try EventLog.open(
                directory: "/data", storage: disk, options: smallOptions(),
                replay: { lsn, _ throws(RecordRefusal) in
                    if lsn.rawValue == 3 { throw RecordRefusal(reason: "unknown") }
                }, onDurable: { _ in }, onFailure: { _ in })
        }
    }

    @Test func `durability is reported for every commit`() throws {
        let opened = try OpenedLog(SimulatedStorage())
        for number in 1...3 { opened.write([sampleRecord(number)]) }
        #expect(opened.reports.durable.map(\.rawValue) == [1, 2, 3])
    }

    @Test func `a second process is told who has the log`() throws {
        try inTemporaryDirectory { directory in
            let first = try OpenedLog(PosixStorage(), directory: directory)
            let expected = LogError.directoryInUse(directory: directory, pid: getpid())
            #expect(throws: expected) { _ = try OpenedLog(PosixStorage(), directory: directory) }
            #expect(expected.description.contains("in use by process \(getpid())"))
            first.log.close()
            try OpenedLog(PosixStorage(), directory: directory).log.close()
        }
    }

    @Test func `a directory that cannot be made is named with the reason`() throws {
        try inTemporaryDirectory { directory in
            let path = directory + "/file/data"
            _ = try PosixStorage().open(directory + "/file", .create)
            let expected = LogError.notWritable(
                StorageError(
                    path: directory + "/file", operation: .createDirectory, errno: ENOTDIR))
            #expect(throws: expected) { _ = try OpenedLog(PosixStorage(), directory: path) }
        }
    }
}

/// Runs `body` in a directory of its own, removed afterwards with everything in it.
func inTemporaryDirectory(_ body: (String) throws -> Void) throws {
    var template = Array("/var/tmp/daybook-log-XXXXXX".utf8CString)
    // mkdtemp writes into the template, which ends with a zero.
    try #require(unsafe mkdtemp(&template) != nil)
    let directory = String(
        decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeTree(directory) }
    try body(directory)
}

private func removeTree(_ path: String) {
    let storage = PosixStorage()
    do throws(StorageError) {
        for name in try storage.list(path) { removeTree(path + "/" + name) }
        // Swift ends the path with a zero for the time of the call; here and below.
        unsafe rmdir(path)
    } catch {
        unsafe unlink(path)
    }
}
