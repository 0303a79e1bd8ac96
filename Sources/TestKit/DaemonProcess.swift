/// A `daybook serve` process of the built binary, on a port of its own.
///
/// It is killed when nobody holds it any more. Stop it with `terminate` or `kill` to see how it
/// ended; start another one on the same directory for what comes after.
package final class DaemonProcess: Sendable {
    /// `http://127.0.0.1:PORT`.
    package let address: String
    private let process: ChildProcess

    /// Starts a daemon and waits until it serves.
    ///
    /// `listen` is for a restart at the address of a predecessor; `arguments` are further ones of
    /// `daybook serve`; `environment` is added to that of the test. Throws `DaemonFault` if the
    /// process ended before it served.
    package static func start(
        dataDirectory: String, listen: String = "127.0.0.1:0", arguments: [String] = [],
        environment: [String: String] = [:]
    ) async throws -> DaemonProcess {
        let process = try ChildProcess(
            daybook: ["serve", "--data", dataDirectory, "--listen", listen] + arguments,
            environment: environment)
        let mark = "daybook: listening on "
        guard let line = await process.line(beginningWith: mark) else {
            throw DaemonFault(end: try await process.waitForEnd(), stderr: process.stderr)
        }
        return DaemonProcess(process, address: String(line.dropFirst(mark.count)))
    }

    private init(_ process: ChildProcess, address: String) {
        self.process = process
        self.address = address
    }

    /// `127.0.0.1:PORT`, to listen at again.
    package var listen: String { String(address.dropFirst("http://".count)) }

    /// What it has written to its standard error so far.
    package var stderr: String { process.stderr }

    /// Sends SIGKILL and waits for the end.
    @discardableResult
    package func kill() async throws -> ProcessEnd {
        try await process.kill()
    }

    /// Sends SIGTERM, the wish for a graceful end, and waits for it.
    @discardableResult
    package func terminate() async throws -> ProcessEnd {
        try await process.terminate()
    }

    /// Waits until it ends by itself.
    package func waitForEnd() async throws -> ProcessEnd {
        try await process.waitForEnd()
    }
}

/// A daemon ended before it served.
package struct DaemonFault: Error, Equatable, Sendable {
    package let end: ProcessEnd
    package let stderr: String
}
