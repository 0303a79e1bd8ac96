import Subprocess
import Synchronization
import SystemPackage

/// A `daybook serve` process of the built binary, on a port of its own.
///
/// It is killed when nobody holds it any more. Stop it with `terminate` or `kill` to see how it
/// ended; start another one on the same directory for what comes after.
package final class DaemonProcess: Sendable {
    /// `http://127.0.0.1:PORT`.
    package let address: String
    package let processID: Int32
    private let run: Task<ProcessEnd, any Error>
    private let signals: AsyncStream<Signal>.Continuation
    private let errorOutput: CollectedText

    /// Starts a daemon and waits until it serves.
    ///
    /// `arguments` are further ones of `daybook serve`. Throws `DaemonFault` if the process ended
    /// before it served.
    package static func start(
        dataDirectory: String, arguments: [String] = []
    ) async throws -> DaemonProcess {
        let launch = Launch()
        let path = try daybookPath()
        let all = ["serve", "--data", dataDirectory, "--listen", "127.0.0.1:0"] + arguments
        let run = Task { try await launch.run(path, all) }
        guard let beginning = await launch.beginning() else {
            throw DaemonFault(end: try await run.value, stderr: launch.errorOutput.text)
        }
        return DaemonProcess(launch, beginning, run)
    }

    private init(
        _ launch: Launch, _ beginning: Launch.Beginning, _ run: Task<ProcessEnd, any Error>
    ) {
        address = beginning.address
        processID = beginning.processID
        self.run = run
        signals = launch.signals.continuation
        errorOutput = launch.errorOutput
    }

    deinit {
        run.cancel()
    }

    /// What it has written to its standard error so far.
    package var stderr: String { errorOutput.text }

    /// Sends SIGKILL and waits for the end.
    @discardableResult
    package func kill() async throws -> ProcessEnd {
        signals.yield(.kill)
        return try await run.value
    }

    /// Sends SIGTERM, the wish for a graceful end, and waits for it.
    @discardableResult
    package func terminate() async throws -> ProcessEnd {
        signals.yield(.terminate)
        return try await run.value
    }

    /// Waits until it ends by itself.
    package func waitForEnd() async throws -> ProcessEnd {
        try await run.value
    }
}

/// A daemon ended before it served.
package struct DaemonFault: Error, Equatable, Sendable {
    package let end: ProcessEnd
    package let stderr: String
}

/// Text that one task writes and others read.
final class CollectedText: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    func collect(_ stream: SubprocessOutputSequence) async throws {
        for try await buffer in stream {
            let new = unsafe buffer.withUnsafeBytes { unsafe Array($0) }
            bytes.withLock { $0 += new }
        }
    }
}

/// The life of one process, from its start to its end.
private final class Launch: Sendable {
    struct Beginning: Sendable {
        let address: String
        let processID: Int32
    }

    let signals = AsyncStream<Signal>.makeStream()
    let errorOutput = CollectedText()
    private let beginnings = AsyncStream<Beginning>.makeStream()

    /// Nil: the process ended without serving.
    func beginning() async -> Beginning? {
        var iterator = beginnings.stream.makeAsyncIterator()
        return await iterator.next()
    }

    func run(_ path: String, _ arguments: [String]) async throws -> ProcessEnd {
        defer { beginnings.continuation.finish() }
        let result = try await Subprocess.run(
            .path(FilePath(path)), arguments: Arguments(arguments), input: .none,
            output: .sequence, error: .sequence
        ) { execution in
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.errorOutput.collect(execution.standardError) }
                group.addTask {
                    for await signal in self.signals.stream { try execution.send(signal: signal) }
                }
                for try await line in execution.standardOutput.strings() {
                    self.read(line, processID: execution.processIdentifier.value)
                }
                // The output ends with the process; nobody is left to be sent a signal.
                self.beginnings.continuation.finish()
                self.signals.continuation.finish()
                try await group.waitForAll()
            }
        }
        return ProcessEnd(result.terminationStatus)
    }

    private func read(_ line: String, processID: Int32) {
        let mark = "daybook: listening on "
        guard line.hasPrefix(mark) else { return }
        let address = line.dropFirst(mark.count).prefix { !$0.isWhitespace }
        beginnings.continuation.yield(Beginning(address: String(address), processID: processID))
    }
}
