import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Threads
import Units

/// What a log held when it was opened is hashed while it is in use.
@Suite struct `The hash of a segment that is gone on with` {
    private let options = {
        var options = smallOptions(segmentBytes: 64 << 10, blockBytes: 4 << 10)
        options.isThreaded = true
        return options
    }()

    @Test func `is that of all of it, however often the log was opened`() throws {
        let disk = SimulatedStorage()
        for round in 0..<30 {
            let opened = try OpenedLog(disk, options: options)
            #expect(opened.replayed.count == 40 * round)
            opened.write(sampleRecords(40 * round + 1...40 * round + 40))
            opened.log.close()
            #expect(opened.reports.failures.isEmpty)
        }
        let verified = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verified.segments > 2)
        #expect(verified.headLSN == LSN(rawValue: 1_200))
    }

    @Test func `has what came before the rest was hashed`() throws {
        let disk = try Self.written(100, options)
        let gate = Gate()
        let opened = try OpenedLog(
            try Self.late(disk) { _ in
                gate.wait()
                return false
            }, options: options)
        opened.write(sampleRecords(101...150))
        gate.open()
        // More than a segment holds.
        opened.write(sampleRecords(151...1_000))
        opened.log.close()
        #expect(opened.reports.failures.isEmpty)
        let verified = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verified.segments > 1)
        #expect(verified.headLSN == LSN(rawValue: 1_000))
    }

    @Test func `may be cut short by a close`() throws {
        let disk = try Self.written(100, options)
        let opened = try OpenedLog(disk, options: options)
        opened.write(sampleRecords(101...110))
        opened.log.close()
        #expect(try OpenedLog(disk, options: options).replayed == sampleRecords(1...110))
    }

    @Test func `ends the log where what was read at the opening is gone`() throws {
        let disk = try Self.written(100, options)
        let opened = try OpenedLog(try Self.late(disk) { _ in true }, options: options)
        opened.write(sampleRecords(101...1_000))
        // After it, who hashes has ended.
        opened.log.close()
        let failure = try #require(opened.reports.failures.first)
        guard case .corrupt = failure else {
            Issue.record("it failed with \(failure)")
            return
        }
        let durable = opened.log.durableLSN
        #expect(durable < LSN(rawValue: 1_000))
        // No segment was sealed with another hash.
        let again = try OpenedLog(disk.crashed(), options: options)
        #expect(again.replayed.count >= Int(durable.rawValue))
        #expect(again.log.size.segments == 1)
    }

    /// A log of one segment.
    private static func written(_ records: Int, _ options: LogOptions) throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: options)
        opened.write(sampleRecords(1...records))
        opened.log.close()
        #expect(opened.log.size.segments == 1)
        return disk
    }

    /// The disk, which may show zeros in the last block to the one who hashes late.
    private static func late(
        _ disk: SimulatedStorage, shows: @escaping @Sendable (_ opening: Int) -> Bool
    ) throws -> FickleStorage {
        var last: LogInspection.Block?
        try LogInspection.run(
            directory: "/data", storage: disk, onSegment: { _ in }, onBlock: { last = $0 })
        let block = try #require(last)
        // Opened before for its header, to be walked, to be synced, and to be read.
        return FickleStorage(disk, zerosIn: block.file, from: block.offsetBytes) {
            opening, _ in opening > 4 && shows(opening)
        }
    }
}

/// Holds those who wait until it is opened.
private final class Gate: Sendable {
    private let isOpen = Monitor(false)

    func open() { isOpen.change { $0 = true } }

    func wait() { isOpen.wait { $0 ? () : nil } }
}
