import ByteCoding
import EventLog
import Foundation
import Storage
import TestKit
import Testing
import Units

/// Logs that earlier versions wrote, in `data/golden`.
///
/// Never made anew: logs out there are like them.
@Suite struct `The format of version 1` {
    private static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    private static let names = ["00000000000000000001.lz4", "00000000000000000005.lz4"]

    private static let records =
        ["hello!", "", "a", "bc"].map { Array($0.utf8) + [0x0A] }
        + [[UInt8](repeating: 0x2E, count: 200), Array("the end".utf8)]

    /// The golden directory as a disk that a test may write on.
    private func golden() throws -> SimulatedStorage {
        let disk = SimulatedStorage()
        try disk.createDirectory("/data")
        try disk.createDirectory("/data/log")
        for name in Self.names {
            let bytes = try Data(
                contentsOf: Self.root.appending(path: "data/golden/v1/log/\(name)"))
            let file = try disk.open("/data/log/\(name)", .create)
            try file.write(Array(bytes).rawBytes, at: 0)
            try file.sync()
        }
        try disk.syncDirectory("/data/log")
        try disk.syncDirectory("/data")
        try disk.syncDirectory("/")
        return disk
    }

    @Test func `is read for ever`() throws {
        let disk = try golden()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 6))
        #expect("\(verification.headHash)" == Self.headHash)
        let opened = try OpenedLog(disk)
        #expect(opened.replayed == Self.records)
        #expect(opened.recovery.tornTail == nil)
        opened.log.close()
    }

    @Test func `is sealed before a newer one is written behind it`() throws {
        let disk = try golden()
        let opened = try OpenedLog(disk)
        opened.write([sampleRecord(1)])
        opened.log.close()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 7))
        #expect(verification.segments == 3)
        let again = try OpenedLog(disk)
        #expect(again.replayed == Self.records + [sampleRecord(1)])
    }

    @Test func `is shown in the documents by bytes that stand in a real log`() throws {
        let page = try String(
            contentsOf: Self.root.appending(path: "docs/log-format.md"), encoding: .utf8)
        let example = try #require(page.firstMatch(of: /```hex\n((?:.|\n)*?)```/)).1
        let shown = example.split(separator: "\n").flatMap { line in
            line.prefix { $0 != ";" }.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        }
        #expect(shown.count == 130)
        let golden = try Data(
            contentsOf: Self.root.appending(path: "data/golden/v1/log/\(Self.names[0])"))
        // Behind the segment's header and the mark of its opening.
        let place = 4_096 + 80
        #expect(Array(golden[place..<place + shown.count]) == shown)
    }

    private static let headHash =
        "fa27910bfa9a5478e0a4729f49fe755220ba9e1440afac0ed35572e8afb08abe"
}
