import FoundationEssentials
import Glibc

/// What a test needs and this machine lacks or forbids; the test is skipped and says so.
package struct Unavailable: Error, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}

/// A program of the machine.
package enum SystemTool {
    /// Where administrators' tools are, also for users whose PATH does not name it.
    private static let extraFolders = ["/usr/local/sbin", "/usr/sbin", "/sbin"]

    /// The path of the first of `names` that is installed.
    ///
    /// Throws `Unavailable` if none is.
    package static func find(_ names: String...) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let folders = path.split(separator: ":").map(String.init) + extraFolders
        for name in names {
            for folder in folders {
                let file = folder + "/" + name
                if FileManager.default.isExecutableFile(atPath: file) { return file }
            }
        }
        throw Unavailable("no \(names.joined(separator: " or ")) here")
    }

    /// Runs the tool of this name to its end.
    ///
    /// - Returns: Its standard output.
    /// - Throws: `Unavailable` if it is not installed, `ToolFault` unless it ended with 0.
    @discardableResult
    package static func run(_ name: String, _ arguments: String...) async throws -> String {
        try await run(path: find(name), arguments)
    }

    static func run(path: String, _ arguments: [String]) async throws -> String {
        let result = try await runProgram(path, arguments)
        guard result.exitCode == 0 else {
            throw ToolFault(command: [path] + arguments, result: result)
        }
        return result.stdout
    }

    /// Throws `Unavailable` unless this is root, who may mount.
    static func needRoot() throws {
        guard geteuid() == 0 else { throw Unavailable("only root may mount") }
    }
}

/// A tool ended badly.
package struct ToolFault: Error, Sendable {
    package let command: [String]
    package let result: CommandResult
}

/// A C source file of the tests, built when it is needed.
///
/// Not a target of the package: what it is built with need not be on every machine.
package struct CompiledTool: Sendable {
    /// Where the program or the library is.
    package var path: String { directory.file("tool") }
    private let directory: TemporaryDirectory

    /// Compiles `source`.
    ///
    /// - Parameters:
    ///   - source: The file.
    ///   - package: A library it needs, as pkg-config calls it.
    ///   - isLibrary: True for one to be loaded by `LD_PRELOAD`.
    /// - Throws: `Unavailable` if there is no compiler or no such library.
    package init(source: String, package: String? = nil, isLibrary: Bool = false) async throws {
        directory = try TemporaryDirectory()
        var flags = isLibrary ? ["-shared", "-fPIC"] : []
        if let package { flags += try await Self.flags(of: package) }
        _ = try await SystemTool.run(
            path: SystemTool.find("clang", "cc", "gcc"),
            ["-O2", "-o", path, source] + flags)
    }

    private static func flags(of package: String) async throws -> [String] {
        do {
            let text = try await SystemTool.run("pkg-config", "--cflags", "--libs", package)
            return text.split(whereSeparator: \.isWhitespace).map(String.init)
        } catch is ToolFault {
            throw Unavailable("no \(package) to build with here")
        }
    }
}
