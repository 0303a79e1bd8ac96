import FoundationEssentials

/// `Tests/independent_reader.py`, run by the interpreter that Debian's packages are for.
package enum IndependentReader {
    /// The repository.
    package static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    /// Runs the reader on a data directory.
    package static func run(
        _ directory: String, _ options: String...
    ) async throws -> CommandResult {
        try await runProgram(
            python, [root + "/Tests/independent_reader.py", directory] + options)
    }

    /// Whether this machine has the interpreter and its package for LZ4.
    @Sendable package static func canRun() async throws -> Bool {
        guard FileManager.default.fileExists(atPath: python) else { return false }
        return try await runProgram(python, ["-c", "import lz4.block"]).exitCode == 0
    }

    private static let python = "/usr/bin/python3"
}
