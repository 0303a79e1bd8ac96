import ByteCoding
import EventLog
import FoundationEssentials
import Storage
import TestKit
import Testing
import Units

/// Logs of many segments, read by the reader in Python as well.
@Suite(.enabled("python3-lz4 is not installed", IndependentReader.canRun))
struct `A second reader` {
    @Test(arguments: [false, true])
    func `finds the same records and the same head, sealed or packed, open and torn`(
        isPacked: Bool
    ) async throws {
        let directory = try TemporaryDirectory()
        var torn = 0
        var segments = 0
        for round in 0..<4 {
            let opened = try OpenedLog(
                PosixStorage(), directory: directory.path,
                options: smallOptions(rewritesSegments: isPacked))
            // Batches of one record and of many, so that some groups have several blocks.
            for number in 0..<12 {
                let first = round * 100 + number * 7 + 1
                opened.write(sampleRecords(first...first + (number % 3) * 6))
            }
            if round % 2 == 0 { opened.log.close() }
            #expect(opened.log.size.trouble == nil)
            #expect((opened.log.size.packedSegments > 0) == isPacked)
            try await expectSame(directory.path)
            let paths = try LogFiles(directory.path).paths
            segments = paths.count
            // What a crash leaves of the newest group.
            try LogFiles(directory.path).tear(last: try #require(paths.last))
            torn += try await expectSame(directory.path) ? 1 : 0
        }
        #expect(segments >= 3)
        #expect(torn == 4)
    }

    @Test func `finds the same where marks stand before a footer`() async throws {
        let directory = try TemporaryDirectory()
        let options = smallOptions(segmentBytes: 5_120, rewritesSegments: true)
        for number in 1...12 {
            let opened = try OpenedLog(
                PosixStorage(), directory: directory.path, options: options)
            opened.write([sampleRecord(number)])
            #expect(opened.log.size.trouble == nil)
            opened.log.close()
        }
        let found = try LogVerification.run(directory: directory.path, storage: PosixStorage())
        #expect(found.segments >= 3)
        #expect(found.packedSegments == found.segments - 1)
        try await expectSame(directory.path)
    }

    @Test func `goes from format 1 to the one that follows it`() async throws {
        let directory = try TemporaryDirectory()
        try FileManager.default.copyItem(
            atPath: IndependentReader.root + "/data/golden/v1/log", toPath: directory.file("log"))
        let opened = try OpenedLog(
            PosixStorage(), directory: directory.path,
            options: smallOptions(rewritesSegments: true))
        for number in 1...60 { opened.write([sampleRecord(number)]) }
        opened.log.close()
        #expect(try LogFiles(directory.path).paths.count >= 4)
        try await expectSame(directory.path)
    }

    /// Returns whether both found a torn tail.
    @discardableResult
    private func expectSame(_ directory: String) async throws -> Bool {
        var lines: [String] = []
        try LogScan.run(directory: directory, storage: PosixStorage()) { lsn, _, record in
            let digits = record.array.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            lines.append("\(lsn) \(digits.joined())")
            return true
        }
        let read = try await IndependentReader.run(directory, "--records")
        #expect(read.exitCode == 0, "\(read.stderr)")
        #expect(read.lines.map(String.init) == lines)
        let verified = try LogVerification.run(directory: directory, storage: PosixStorage())
        let checked = try await IndependentReader.run(directory, "--check")
        #expect(checked.stdout == "\(verified.head)\n")
        #expect(checked.stderr.isEmpty == (verified.tornTail == nil), "\(checked.stderr)")
        return verified.tornTail != nil
    }
}

/// The segments of a data directory as files.
private struct LogFiles {
    let paths: [String]
    private let directory: String

    init(_ directory: String) throws {
        self.directory = directory
        paths = try FileManager.default.contentsOfDirectory(atPath: directory + "/log")
            .filter { $0.hasSuffix(".lz4") }.sorted().map { "\(directory)/log/\($0)" }
    }

    /// Damages the newest group of the last segment.
    func tear(last path: String) throws {
        var newest: LogInspection.Block?
        try LogInspection.run(
            directory: directory, storage: PosixStorage(), onSegment: { _ in },
            onBlock: { newest = $0 })
        let block = try #require(newest)
        try #require(block.file == path)
        let file = URL(filePath: path)
        var bytes = try Data(contentsOf: file)
        bytes[block.offsetBytes + 40] ^= 1
        try bytes.write(to: file)
    }
}
