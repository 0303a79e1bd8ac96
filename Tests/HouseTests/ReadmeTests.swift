import Foundation
import Subprocess
import SystemPackage
import TestKit
import Testing

@Suite struct `The README` {
    /// Starts what `make run` starts, on another port and directory, without building again.
    @Test func `has only commands that work`() async throws {
        let directory = try TemporaryDirectory()
        let daybook = try builtPath("daybook")
        let script = try tour()
            .replacing("$PWD/.build/release", with: String(daybook.dropLast("/daybook".count)))
            .replacing("daybook-data", with: directory.file("data"))
        #expect(script.contains("daybook submit"))
        let run = try await Subprocess.run(
            .name("make"),
            arguments: [
                "--no-print-directory", "run", "BUILD=true", "DAYBOOK=\(daybook)",
                "LISTEN=127.0.0.1:0", "DATA=\(directory.file("data"))",
            ],
            workingDirectory: FilePath(root.path), input: .none, output: .sequence,
            error: .discarded
        ) { make in
            var printed: [String] = []
            var address: String?
            for try await line in make.standardOutput.strings() {
                printed.append(line)
                guard line.hasPrefix("daybook: listening on ") else { continue }
                address = String(line.dropFirst("daybook: listening on ".count))
                break
            }
            let server = try #require(address, "make run printed \(printed)")
            // The three commands to try next are there before the daemon serves.
            #expect(printed.count { $0.contains(daybook) } == 3)
            let result = try await shell(
                script.replacing("http://127.0.0.1:8640", with: server), server: server)
            #expect(result.hasSucceeded, "\(result.stderr)")
            #expect(result.stdout.contains("SUCCESS"))
            try make.send(signal: .terminate)
        }
        _ = run
    }

    /// Lines of a program, without how far they are indented.
    @Test func `shows the library as its test runs it`() throws {
        let page = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        let test = try String(
            contentsOf: root.appending(path: "Tests/DaybookTests/ReadmeTests.swift"),
            encoding: .utf8)
        let shown = try #require(page.firstMatch(of: /(?s)```swift\n(.*?)```/)?.1)
        let run = try #require(
            test.firstMatch(of: /(?s)\/\/ README: [^\n]*\n(.*?) *\/\/ End of README/)?.1)
        #expect(
            lines(shown.replacing("\"daybook-data\"", with: "directory.path")) == lines(run))
    }

    private func lines(_ text: some StringProtocol) -> [String] {
        text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    @Test func `names no file that is not there`() throws {
        let page = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        for match in page.matches(of: /\]\(([^)]+)\)/) {
            let path = root.appending(path: String(match.1)).path
            #expect(FileManager.default.fileExists(atPath: path), "\(match.1)")
        }
    }

    /// All blocks marked `sh`, one after another.
    private func tour() throws -> String {
        let page = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        return page.matches(of: /```sh\n((?:.|\n)*?)```/).map { String($0.1) }.joined()
    }

    private func shell(
        _ script: String, server: String
    ) async throws -> (hasSucceeded: Bool, stdout: String, stderr: String) {
        let result = try await Subprocess.run(
            .name("sh"), arguments: ["-eux", "-c", script],
            environment: .inherit.updating(["DAYBOOK_SERVER": server]),
            workingDirectory: FilePath(root.path), input: .none,
            output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
        return (
            result.terminationStatus == .exited(0), result.standardOutput, result.standardError
        )
    }
}
