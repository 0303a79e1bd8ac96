import ByteCoding
import EventLog
import Storage
import TestKit
import Testing
import Units

@Suite struct `The format of version 1` {
    private static let first = "00000000000000000001.lz4"
    private static let second = "00000000000000000005.lz4"

    private static let records =
        ["hello!", "", "a", "bc"].map { Array($0.utf8) + [0x0A] }
        + [[UInt8](repeating: 0x2E, count: 200), Array("the end".utf8)]

    @Test func `is read for ever`() throws {
        let disk = try GoldenLog("v1").disk()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 6))
        #expect("\(verification.headHash)" == Self.headHash)
        let opened = try OpenedLog(disk)
        #expect(opened.replayed == Self.records)
        #expect(opened.recovery.tornTail == nil)
        opened.log.close()
    }

    @Test func `is sealed before a newer one is written behind it`() throws {
        let disk = try GoldenLog("v1").disk()
        let opened = try OpenedLog(disk)
        opened.write([sampleRecord(1)])
        opened.log.close()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 7))
        #expect(verification.segments == 3)
        let again = try OpenedLog(disk)
        #expect(again.replayed == Self.records + [sampleRecord(1)])
    }

    @Test func `gives its place to a newer one where it holds no record`() throws {
        let disk = try GoldenLog("v1").disk()
        let path = "/data/log/\(Self.first)"
        try disk.remove("/data/log/\(Self.second)")
        // Header and mark of the opening: a daemon was started and no job came.
        let head = Array(try #require(disk.bytes(of: path)).prefix(4_096 + 80))
        disk.replace(path, with: head + [UInt8](repeating: 0, count: 1_000))
        let opened = try OpenedLog(disk)
        opened.write([sampleRecord(1)])
        opened.log.close()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: 1))
        #expect(verification.segments == 1)
        #expect(try OpenedLog(disk.crashed()).replayed == [sampleRecord(1)])
    }

    private static let headHash =
        "fa27910bfa9a5478e0a4729f49fe755220ba9e1440afac0ed35572e8afb08abe"
}

@Suite struct `The format of version 2` {
    /// A golden log and what stands in it.
    struct Golden: CustomTestStringConvertible, Sendable {
        let name: String
        let records: Int
        let headHash: String
        var packedSegments = 0
        /// What verification says of the bytes behind the newest whole block.
        var tornTail: String?

        var testDescription: String { name }
    }

    private static let wholeHash =
        "c6b22223e88d2917011a9388edf61f87cdd4f4b91a6dba2e869e6982536a516b"

    static let logs = [
        Golden(name: "closed", records: 28, headHash: wholeHash),
        Golden(name: "killed", records: 28, headHash: wholeHash),
        // Of a group of two blocks the second is there in part.
        Golden(
            name: "torn", records: 23,
            headHash: "50fb8def636a80e30560db8117965c4950123d82d215bfd64520c6ed0ed616f7",
            tornTail: "checksum of the block header"),
        // The first and the third of four segments.
        Golden(name: "packed", records: 28, headHash: wholeHash, packedSegments: 2),
    ]

    private static func record(_ number: Int) -> [UInt8] {
        if number % 7 == 0 {
            return (0..<60).map { UInt8(truncatingIfNeeded: $0 * $0 * number * 37 >> 3) }
        }
        return Array(String(repeating: "record \(number)\n", count: 1 + number % 5 * 4).utf8)
    }

    @Test(arguments: logs)
    func `is read for ever`(golden: Golden) throws {
        let disk = try GoldenLog("v2/\(golden.name)").disk()
        let verification = try LogVerification.run(directory: "/data", storage: disk)
        #expect(verification.headLSN == LSN(rawValue: UInt64(golden.records)))
        #expect("\(verification.headHash)" == golden.headHash)
        #expect(verification.segments == 4)
        #expect(verification.packedSegments == golden.packedSegments)
        #expect(verification.tornTail == golden.tornTail)
        let opened = try OpenedLog(disk)
        #expect(opened.replayed == (1...golden.records).map(Self.record))
        #expect(opened.recovery.tornTail?.what == golden.tornTail)
        opened.log.close()
    }

    @Test(arguments: logs)
    func `is written on`(golden: Golden) throws {
        let disk = try GoldenLog("v2/\(golden.name)").disk()
        let noted = try LogVerification.run(directory: "/data", storage: disk).head
        let opened = try OpenedLog(disk, options: smallOptions(rewritesSegments: true))
        for number in 1...40 { opened.write([sampleRecord(number)]) }
        opened.log.close()
        let verification = try LogVerification.run(
            directory: "/data", storage: disk, expecting: LogExpectation(since: noted))
        #expect(verification.headLSN == LSN(rawValue: UInt64(golden.records) + 40))
        #expect(verification.packedSegments >= 4)
        #expect(
            try OpenedLog(disk.crashed()).replayed
                == (1...golden.records).map(Self.record) + sampleRecords(1...40))
    }

    @Test func `and that of version 1 are shown in the documents by bytes of real logs`() throws {
        let shown = try GoldenLog.documented()
        try #require(shown.map(\.count) == [115, 130])
        for (bytes, name) in zip(shown, ["v2/closed", "v1"]) {
            let segment = try #require(GoldenLog(name)["00000000000000000001.lz4"])
            // Behind the segment's header and the mark of its opening.
            let place = 4_096 + 80
            #expect(Array(segment[place..<place + bytes.count]) == bytes)
        }
    }
}
