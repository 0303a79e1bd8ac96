import Foundation
import LoadGenerator
import TestKit
import Testing

@Suite struct `Reading a trace` {
    private func jobs(_ path: String) async throws -> [SWFJob] {
        var reader = TraceReader(try ByteSource.open(path))
        var jobs: [SWFJob] = []
        while let job = try await reader.next() { jobs.append(job) }
        return jobs
    }

    @Test func `reads the sample to its end`() async throws {
        let jobs = try await jobs(Sample.path)
        #expect(jobs.map(\.number) == Array(1...200))
        #expect(Set(jobs.map(\.userName)).count == 12)
        #expect(Set(jobs.map(\.typeName)).count == 4)
    }

    @Test func `knows start time and job count once it has read the header`() async throws {
        var reader = TraceReader(try ByteSource.open(Sample.path))
        _ = try await reader.next()
        #expect(reader.unixStartSeconds == 1_767_571_200)
        #expect(reader.jobsPromised == 200)
    }

    @Test func `reads the same from a packed file`() async throws {
        let directory = try TemporaryDirectory()
        let packed = directory.file("sample.swf.gz")
        let gzip = Process()
        gzip.executableURL = URL(fileURLWithPath: "/bin/sh")
        gzip.arguments = ["-c", "gzip -c \"$0\" > \"$1\"", Sample.path, packed]
        try gzip.run()
        gzip.waitUntilExit()
        #expect(gzip.terminationStatus == 0)
        #expect(try await jobs(packed) == jobs(Sample.path))
    }

    @Test func `says that a packed file is damaged`() async throws {
        let directory = try TemporaryDirectory()
        let damaged = directory.file("damaged.swf.gz")
        try Data("no gzip at all".utf8).write(to: URL(fileURLWithPath: damaged))
        await #expect {
            try await jobs(damaged)
        } throws: { error in
            "\(error)".hasPrefix("\(damaged): gzip -dc ended with status 1")
        }
    }

    @Test func `says that a file is not there`() async throws {
        await #expect {
            try await jobs("no/such/file.swf")
        } throws: { error in
            "\(error)".hasPrefix("no/such/file.swf: cannot be opened")
        }
    }

    @Test func `reads an empty trace as no jobs`() async throws {
        #expect(try await jobs("/dev/null") == [])
    }
}

/// The trace of our own in `data/`.
enum Sample {
    static let path = URL(fileURLWithPath: #filePath)
        .appending(path: "../../../data/sample.swf").standardized.path
}
