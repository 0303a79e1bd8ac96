import EventLog
import TestKit
import Testing
import Units

@Suite struct `A segment that is full but for its end` {
    private static func record(_ byteCount: Int) -> [UInt8] {
        // Nothing that could be packed.
        var generator = SeededGenerator(seed: UInt64(byteCount))
        return (0..<byteCount).map { _ in .random(in: .min ... .max, using: &generator) }
    }

    @Test func `is sealed on a full disk, however often the log was opened`() throws {
        // Wherever the block ends: every opening and closing adds a mark behind it.
        for byteCount in stride(from: 7_200, to: 8_200, by: 8) {
            let disk = SimulatedStorage()
            let options = smallOptions(segmentBytes: 8_192, blockBytes: 8_192)
            var opened = try OpenedLog(disk, options: options)
            opened.write([Self.record(byteCount)])
            for _ in 0..<5 {
                opened.log.close()
                opened = try OpenedLog(disk, options: options)
            }
            disk.limit(toBytes: disk.usedBytes)
            opened.write([Self.record(100)])
            #expect(opened.reports.failures == [], "a record of \(byteCount) bytes")
            #expect(opened.log.durableLSN == LSN(rawValue: 2))
            disk.limit(toBytes: nil)
            opened.log.close()
            let again = try OpenedLog(disk, options: options)
            #expect(again.replayed == [Self.record(byteCount), Self.record(100)])
        }
    }

    @Test func `opens on a full disk, and goes on once there is space`() throws {
        for byteCount in stride(from: 7_200, to: 8_200, by: 8) {
            let disk = SimulatedStorage()
            let options = smallOptions(segmentBytes: 8_192, blockBytes: 8_192)
            var opened = try OpenedLog(disk, options: options)
            opened.write([Self.record(byteCount)])
            opened.log.close()
            disk.limit(toBytes: disk.usedBytes)
            opened = try OpenedLog(disk, options: options)
            disk.limit(toBytes: nil)
            opened.write([Self.record(100)])
            #expect(opened.reports.failures == [], "a record of \(byteCount) bytes")
            opened.log.close()
            let again = try OpenedLog(disk, options: options)
            #expect(again.replayed == [Self.record(byteCount), Self.record(100)])
        }
    }
}
