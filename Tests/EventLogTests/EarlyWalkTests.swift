import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

/// Threads walk the newest segment before recovery comes to it.
@Suite struct `A segment walked while the caller loads what it knows` {
    private static let count = 3_000
    private static let options = {
        var options = smallOptions(segmentBytes: 1 << 20, blockBytes: 4 << 10)
        options.isThreaded = true
        return options
    }()

    @Test(arguments: [0, 1, 700, 1_500, 2_999, 3_000])
    func `is read from where the caller knows it`(known: Int) throws {
        let opened = try OpenedLog(
            try Self.written(), options: Self.options, knowing: LSN(rawValue: UInt64(known)))
        #expect(opened.replayed == (known..<Self.count).map { sampleRecord($0 + 1) })
        opened.write(sampleRecords(Self.count + 1...Self.count + 10))
        opened.log.close()
        #expect(opened.reports.failures.isEmpty)
    }

    @Test(arguments: [0, 3_000])
    func `gives each of its records to readers afterwards`(known: Int) throws {
        let opened = try OpenedLog(
            try Self.written(), options: Self.options, knowing: LSN(rawValue: UInt64(known)))
        let reader = opened.log.reader()
        for number in [1, 2, 100, 1_499, 1_500, 2_999, 3_000] {
            let record = try reader.read(LSN(rawValue: UInt64(number))) { $0.array }
            #expect(record == sampleRecord(number))
        }
        opened.log.close()
    }

    @Test(arguments: [0, 5_000, 300_000])
    func `is torn where anything stands behind its last group`(distance: Int) throws {
        let disk = try Self.written()
        let path = try Self.lastBlock(of: disk).file
        let end = try #require(disk.bytes(of: path)?.lastIndex { $0 != 0 }) + 1
        disk.flip(bit: 8 * (end + distance), of: path)
        let opened = try OpenedLog(
            disk, options: Self.options, knowing: LSN(rawValue: UInt64(Self.count)))
        #expect(opened.recovery.tornTail != nil)
        #expect(opened.replayed.isEmpty)
        opened.log.close()
    }

    @Test(arguments: [0.1, 0.5, 0.9], [0, 3_000])
    func `is refused where a block of it is damaged`(part: Double, known: Int) throws {
        let disk = try Self.written()
        let last = try Self.lastBlock(of: disk)
        disk.flip(bit: 8 * Int(part * Double(last.offsetBytes)), of: last.file)
        #expect(throws: LogError.self) {
            try OpenedLog(disk, options: Self.options, knowing: LSN(rawValue: UInt64(known)))
        }
    }

    @Test(arguments: [0, 3_000])
    func `is refused where it cannot be read, though recovery could`(known: Int) throws {
        let disk = UnreadableStorage(disk: try Self.written())
        let refusal = #expect(throws: LogError.self) {
            try OpenedLog(disk, options: Self.options, knowing: LSN(rawValue: UInt64(known)))
        }
        guard case .io(let failure) = refusal else {
            Issue.record("it was refused with \(String(describing: refusal))")
            return
        }
        #expect(failure.operation == .read)
    }

    /// A log of one segment, as a crash leaves it.
    private static func written() throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options)
        for first in stride(from: 1, through: count, by: 100) {
            opened.write(sampleRecords(first...first + 99))
        }
        opened.log.close()
        #expect(opened.log.size.segments == 1)
        return disk.crashed()
    }

    private static func lastBlock(of disk: SimulatedStorage) throws -> LogInspection.Block {
        var last: LogInspection.Block?
        try LogInspection.run(
            directory: "/data", storage: disk, onSegment: { _ in }, onBlock: { last = $0 })
        return try #require(last)
    }
}

/// A disk on which segments that are opened to be read alone cannot be: recovery opens them to write as well.
private struct UnreadableStorage: AlteredStorage {
    let disk: any Storage

    func open(_ path: String, _ mode: OpenMode) throws(StorageError) -> any StorageFile {
        let file = try disk.open(path, mode)
        return mode == .read && path.hasSuffix(".lz4") ? UnreadableFile(file) : file
    }
}

private final class UnreadableFile: AlteredFile {
    let file: any StorageFile

    init(_ file: any StorageFile) { self.file = file }

    func read(
        _ count: Int, at offset: UInt64, into buffer: inout [UInt8], from position: Int
    ) throws(StorageError) -> Int {
        throw StorageError(path: file.path, operation: .read, errno: 5)
    }
}
