import FoundationEssentials
import Subprocess
import SystemPackage

/// How a process ended.
package enum ProcessEnd: Equatable, Sendable {
    case exited(Int32)
    case signaled(Int32)

    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let signal): self = .signaled(signal)
        }
    }
}

/// What one run of a command printed and how it ended.
package struct CommandResult: Equatable, Sendable {
    package let stdout: String
    package let stderr: String
    /// Nil: a signal ended it.
    package let exitCode: Int32?

    /// The lines of the standard output.
    package var lines: [Substring] { stdout.split(separator: "\n") }
}

/// Runs the built `daybook` with `arguments` to its end; `stdin` is what it can read.
package func runDaybook(
    _ arguments: [String], stdin: String = "", environment: [String: String] = [:]
) async throws -> CommandResult {
    try await runProgram(
        builtPath("daybook"), arguments, stdin: stdin, environment: environment)
}

/// Runs the program at `path` with `arguments` to its end; `stdin` is what it can read.
package func runProgram(
    _ path: String, _ arguments: [String], stdin: String = "", environment: [String: String] = [:]
) async throws -> CommandResult {
    let result = try await Subprocess.run(
        .path(FilePath(path)), arguments: Arguments(arguments),
        environment: inherited(adding: environment), input: .string(stdin),
        output: .string(limit: outputBytesMax),
        error: .string(limit: outputBytesMax))
    var exitCode: Int32?
    if case .exited(let code) = result.terminationStatus { exitCode = code }
    return CommandResult(
        stdout: result.standardOutput, stderr: result.standardError, exitCode: exitCode)
}

/// The most that a command of a test may print.
private let outputBytesMax = 64 << 20

/// This process's environment and more.
func inherited(adding variables: [String: String]) -> Environment {
    var overrides: [Environment.Key: String?] = [:]
    for (name, value) in variables {
        if let key = Environment.Key(rawValue: name) { overrides[key] = value }
    }
    return .inherit.updating(overrides)
}

/// A program that was built with the running tests, debug or release.
package func builtPath(_ program: String) throws -> String {
    let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    return String(tests[..<(tests.lastIndex(of: "/") ?? tests.endIndex)]) + "/" + program
}
