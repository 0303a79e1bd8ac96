import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `Repairing a damaged log` {
    /// Records 1 to 100 in several segments, each record a group of its own.
    private func log(rewritten: Bool) throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        let opened = try OpenedLog(disk, options: smallOptions(rewritesSegments: rewritten))
        for record in 1...100 { opened.write([sampleRecord(record)]) }
        opened.log.close()
        return disk
    }

    private func segments(_ disk: SimulatedStorage) throws -> [LogInspection.Segment] {
        var segments: [LogInspection.Segment] = []
        try LogInspection.run(directory: "/data", storage: disk) { segments.append($0) }
        return segments
    }

    private func damage(_ disk: SimulatedStorage, _ file: String, at offset: Int) throws {
        var bytes = try #require(disk.bytes(of: file))
        bytes[offset] ^= 0x10
        disk.replace(file, with: bytes)
    }

    private func repaired(_ disk: SimulatedStorage) throws -> LogRepair {
        #expect(throws: LogError.self) { try OpenedLog(disk) }
        let repair = try #require(try LogRepair.find(directory: "/data", storage: disk))
        _ = try repair.run()
        #expect(try LogRepair.find(directory: "/data", storage: disk) == nil)
        return repair
    }

    @Test func `finds nothing in a log that can be opened, torn or not`() throws {
        let disk = try log(rewritten: false)
        #expect(try LogRepair.find(directory: "/data", storage: disk) == nil)
        let last = try #require(segments(disk).last)
        // The mark of the clean close is the newest group: damage to it looks like a torn write.
        try damage(disk, last.file, at: Int(last.storedBytes) - 20)
        #expect(try LogRepair.find(directory: "/data", storage: disk) == nil)
    }

    @Test(arguments: [false, true])
    func `keeps every record before the damage and goes on behind it`(rewritten: Bool) throws {
        let disk = try log(rewritten: rewritten)
        let found = try segments(disk)
        let segment = found[1]
        let whole = try #require(disk.bytes(of: segment.file))
        try damage(disk, segment.file, at: Int(segment.storedBytes) - 400)
        let damaged = try #require(disk.bytes(of: segment.file))
        let repair = try repaired(disk)
        #expect(repair.corruption.file == segment.file)
        #expect(repair.files == found[1...].map(\.file))
        #expect(repair.lastSeenLSN == LSN(rawValue: 100))
        let kept = Int(repair.keptLSN.rawValue)
        #expect(kept >= Int(segment.firstLSN.rawValue) - 1 && kept < Int(segment.lastLSN.rawValue))
        let again = try OpenedLog(disk)
        #expect(again.replayed == sampleRecords(1...kept))
        again.write([sampleRecord(kept + 1)])
        #expect(again.log.durableLSN.rawValue == UInt64(kept) + 1)
        again.log.close()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN.rawValue == UInt64(kept) + 1)
        // Set aside as it was found; the rest of it untouched.
        #expect(disk.bytes(of: segment.file + ".set-aside-1") == damaged)
        #expect(damaged != whole)
        #expect(disk.bytes(of: "/data/log/report.set-aside-1") != nil)
    }

    @Test func `lets go of a segment whose header is damaged, and of all after it`() throws {
        let disk = try log(rewritten: false)
        let found = try segments(disk)
        try damage(disk, found[1].file, at: 100)
        let repair = try repaired(disk)
        #expect(repair.keptLSN == found[0].lastLSN)
        #expect(disk.bytes(of: found[1].file) == nil)
        let again = try OpenedLog(disk)
        #expect(again.replayed.count == Int(found[0].lastLSN.rawValue))
    }

    @Test func `sets aside what follows a missing segment`() throws {
        let disk = try log(rewritten: false)
        let found = try segments(disk)
        try disk.remove(found[1].file)
        let repair = try repaired(disk)
        #expect(repair.keptLSN == found[0].lastLSN)
        #expect(repair.files.count == found.count - 2)
        #expect(try OpenedLog(disk).replayed.count == Int(found[0].lastLSN.rawValue))
    }

    @Test func `refuses to work under an open log`() throws {
        let disk = try log(rewritten: false)
        let found = try segments(disk)
        try damage(disk, found[1].file, at: 100)
        let repair = try #require(try LogRepair.find(directory: "/data", storage: disk))
        let holder = try disk.lock(directory: "/data")
        #expect {
            _ = try repair.run()
        } throws: { error in
            guard case LogError.directoryInUse = error else { return false }
            return true
        }
        holder.release()
    }

    @Test func `cut short anywhere is done again`() throws {
        let disk = try log(rewritten: false)
        let found = try segments(disk)
        try damage(disk, found[1].file, at: Int(found[1].storedBytes) - 400)
        let kept = try #require(try LogRepair.find(directory: "/data", storage: disk)).keptLSN
        var number = 0
        while true {
            number += 1
            let image = disk.killed()
            let repair = try #require(try LogRepair.find(directory: "/data", storage: image))
            image.fail(change: number)
            do throws(LogError) { _ = try repair.run() } catch {}
            for after in [image.crashed(), image.killed()] {
                _ = try LogRepair.find(directory: "/data", storage: after)?.run()
                let again = try OpenedLog(after)
                #expect(again.replayed == sampleRecords(1...Int(kept.rawValue)), "\(number)")
            }
            guard image.counts.failed == nil else { continue }
            let damaged = disk.bytes(of: found[1].file)
            #expect(image.crashed().bytes(of: found[1].file + ".set-aside-1") == damaged)
            break
        }
        #expect(number > 8)
    }
}
