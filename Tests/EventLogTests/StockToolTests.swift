import EventLog
import Glibc
import Storage
import Testing
import Units

@Suite struct `Stock tools` {
    @Test func `lz4 and sha256sum alone check sealed and active segments`() throws {
        guard try run("command -v lz4 && command -v sha256sum") != "" else {
            print("skipped: this machine has no lz4 or no sha256sum")
            return
        }
        try inTemporaryDirectory { directory in
            var options = smallOptions()
            options.segmentBytes = 6000
            let opened = try OpenedLog(PosixStorage(), directory: directory, options: options)
            var sealed = 0
            for number in 1...60 {
                opened.write([sampleRecord(number)])
                let result = try LogVerification.run(directory: directory, storage: PosixStorage())
                var segments: [LogInspection.Segment] = []
                try LogInspection.run(
                    directory: directory, storage: PosixStorage(),
                    onSegment: { segments.append($0) })
                let active = try #require(segments.last)
                #expect(try rawHash(of: active.file) == "\(result.headHash)", "\(number) records")
                #expect(result.headLSN.rawValue == UInt64(number))
                guard number == 60 else { continue }
                for (segment, next) in zip(segments, segments.dropFirst()) {
                    let hash = try #require(segment.hash)
                    #expect(try rawHash(of: segment.file) == "\(hash)")
                    #expect(try previousHash(in: next.file) == "\(hash)")
                    sealed += 1
                }
            }
            #expect(sealed > 2)
            opened.log.close()
        }
    }

    /// `pipefail`: a complaint of lz4 about the file must not be hidden by the hash.
    private func rawHash(of path: String) throws -> String {
        let line = try run("bash -c 'set -o pipefail; lz4 -dc \(path) | sha256sum || echo failed'")
        return line.contains("failed") ? "lz4 failed" : String(line.prefix(64))
    }

    /// The hash that the opening of a segment names, as docs/log-format.md tells how to see it.
    private func previousHash(in path: String) throws -> String {
        try run("lz4 -dc \(path) | head -c 80 | tail -c 32 | od -An -tx1 | tr -d ' \\n'")
    }

    private func run(_ command: String) throws -> String {
        // Swift ends both texts with a zero; the stream is closed before the function returns.
        guard let stream = unsafe popen(command, "r") else {
            throw StorageError(path: command, operation: .open, errno: errno)
        }
        defer { unsafe pclose(stream) }
        var text: [UInt8] = []
        while true {
            let character = unsafe fgetc(stream)
            guard character != EOF else { return String(decoding: text, as: UTF8.self) }
            text.append(UInt8(truncatingIfNeeded: character))
        }
    }
}
