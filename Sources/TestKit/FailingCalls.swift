import FoundationEssentials

/// Makes chosen calls of a program fail: `Tests/FaultTools/failcalls.c`, loaded before its libraries.
package struct FailingCalls: Sendable {
    /// A call of the system.
    package enum Call: String, Sendable {
        case fdatasync, pread, pwrite
    }

    /// Number of the first call that fails, from 1.
    package var first = 1
    /// Every how many calls one more fails; 0: no other.
    package var every = 0
    /// Only calls for files whose path ends so; at first those of segments.
    package var suffix = ".lz4"
    private let call: Call
    private let errno: Int32
    private let library: CompiledTool
    private let directory: TemporaryDirectory

    /// The calls give `errno`; `pwrite` with 0 writes half of what it should.
    ///
    /// - Throws: `Unavailable` where there is nothing to build the library with.
    package init(_ call: Call, errno: Int32, source: String) async throws {
        self.call = call
        self.errno = errno
        library = try await CompiledTool(source: source, isLibrary: true)
        directory = try TemporaryDirectory()
    }

    /// What the program needs in its environment.
    package var environment: [String: String] {
        // What this process was started with stays: `make tsan` needs it in every process.
        let inherited = ProcessInfo.processInfo.environment["LD_PRELOAD"].map { [$0] } ?? []
        return [
            "LD_PRELOAD": ([library.path] + inherited).joined(separator: ":"),
            "FAIL_CALL": call.rawValue,
            "FAIL_SUFFIX": suffix,
            "FAIL_ERRNO": "\(errno)", "FAIL_FIRST": "\(first)", "FAIL_EVERY": "\(every)",
            "FAIL_ARMED": directory.file("armed"), "FAIL_REPORT": directory.file("report"),
        ]
    }

    /// Counts, and fails, calls from now on.
    package func arm() throws {
        try Data().write(to: URL(filePath: directory.file("armed")))
    }

    /// What happened: `failed CALL` for each that failed, `later CALL` for each write, cut or sync
    /// of such a file after the first of them.
    package func report() throws -> [String] {
        let file = directory.file("report")
        guard FileManager.default.fileExists(atPath: file) else { return [] }
        let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }
}
