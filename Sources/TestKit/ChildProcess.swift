import Subprocess
import Synchronization
import SystemPackage

/// A process that runs beside the test.
///
/// It is killed when nobody holds it any more.
package final class ChildProcess: Sendable {
    private let run: Task<ProcessEnd, any Error>
    private let signals = AsyncStream<Signal>.makeStream()
    private let outputs: Outputs

    /// Starts the built `daybook`.
    package convenience init(
        daybook arguments: [String], environment: [String: String] = [:]
    ) throws {
        self.init(try builtPath("daybook"), arguments, environment: environment)
    }

    /// Starts the program at `path`; `environment` is added to this process's own.
    package init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) {
        let configuration = Configuration(
            executable: .path(FilePath(path)), arguments: Arguments(arguments),
            environment: inherited(adding: environment))
        outputs = Outputs()
        run = Task { [outputs, stream = signals.stream] in
            defer { outputs.lines.continuation.finish() }
            return try await outputs.follow(configuration, signals: stream)
        }
    }

    deinit {
        run.cancel()
    }

    /// What it has written to its standard error so far.
    package var stderr: String { outputs.errorOutput.text }

    /// Waits for a line of the standard output that begins with `mark`; nil: it ended before.
    ///
    /// One caller at a time; lines that were passed over do not come back.
    package func line(beginningWith mark: String) async -> String? {
        while let line = await nextLine() {
            if line.hasPrefix(mark) { return line }
        }
        return nil
    }

    /// Waits for the next line of the standard output; nil: it has ended.
    package func nextLine() async -> String? {
        var lines = outputs.lines.stream.makeAsyncIterator()
        return await lines.next()
    }

    /// Sends SIGKILL and waits for the end.
    @discardableResult
    package func kill() async throws -> ProcessEnd {
        signals.continuation.yield(.kill)
        return try await run.value
    }

    /// Sends SIGTERM, the wish for a graceful end, and waits for it.
    @discardableResult
    package func terminate() async throws -> ProcessEnd {
        signals.continuation.yield(.terminate)
        return try await run.value
    }

    /// Waits until it ends by itself.
    package func waitForEnd() async throws -> ProcessEnd {
        try await run.value
    }
}

/// What the process writes.
private final class Outputs: Sendable {
    let errorOutput = CollectedText()
    let lines = AsyncStream<String>.makeStream()

    /// Runs the process to its end.
    func follow(
        _ configuration: Configuration, signals: AsyncStream<Signal>
    ) async throws -> ProcessEnd {
        let result = try await Subprocess.run(
            configuration, input: .none, output: .sequence, error: .sequence
        ) { execution in
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for await signal in signals { try execution.send(signal: signal) }
                }
                async let errors: Void = errorOutput.collect(execution.standardError)
                for try await line in execution.standardOutput.strings() {
                    lines.continuation.yield(line)
                }
                try await errors
                // The output ends with the process; nobody is left to be sent a signal.
                group.cancelAll()
                try await group.waitForAll()
            }
        }
        return ProcessEnd(result.terminationStatus)
    }
}

/// Text that one task writes and others read.
private final class CollectedText: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    func collect(_ stream: SubprocessOutputSequence) async throws {
        for try await buffer in stream {
            let new = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            bytes.withLock { $0 += new }
        }
    }
}
