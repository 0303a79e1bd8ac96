import Subprocess
import SystemPackage

/// A daemon of the bench's own: `daybook serve` as a child process, on a free port of this machine.
package enum OwnDaemon {
    /// Starts it, passes its address to `body`, and stops it when that has ended.
    ///
    /// `executable` is the path of the `daybook` binary, `dataDirectory` the place of its log. Its
    /// messages go to standard error. Throws what `body` throws, or `LoadError.daemon` if it ended
    /// before it served.
    package static func serve<Value: Sendable>(
        executable: String, dataDirectory: String,
        body: @escaping @Sendable (String) async throws -> Value
    ) async throws -> Value {
        let ending = [TeardownStep.gracefulShutDown(allowedDurationToNextStep: .seconds(30))]
        var options = PlatformOptions()
        options.teardownSequence = ending
        let result = try await Subprocess.run(
            .path(FilePath(executable)),
            arguments: ["serve", "--data", dataDirectory, "--listen", "127.0.0.1:0"],
            platformOptions: options, input: .none, output: .sequence, error: .currentStandardError
        ) { execution in
            let (addresses, found) = AsyncStream<String>.makeStream()
            async let reading: Void = read(execution.standardOutput, into: found)
            let outcome = await use(addresses, body)
            await execution.teardown(using: ending)
            try await reading
            return outcome
        }
        return try result.closureResult.get()
    }

    private static func use<Value>(
        _ addresses: AsyncStream<String>, _ body: (String) async throws -> Value
    ) async -> Result<Value, any Error> {
        guard let address = await addresses.first(where: { _ in true }) else {
            return .failure(LoadError.daemon("the daemon ended before it served"))
        }
        do {
            return .success(try await body(address))
        } catch {
            return .failure(error)
        }
    }

    /// Reads to the end, so that the daemon never waits for a reader.
    private static func read(
        _ output: SubprocessOutputSequence, into found: AsyncStream<String>.Continuation
    ) async throws {
        defer { found.finish() }
        let mark = "daybook: listening on "
        for try await line in output.strings() where line.hasPrefix(mark) {
            found.yield(String(line.dropFirst(mark.count).prefix { !$0.isWhitespace }))
        }
    }
}
