import ArgumentParser
import Foundation
import LoadGenerator
import UnixSignals

/// Which daemon a bench runs against: one that is there, or one of its own.
struct BenchDaemon: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address of a running daemon. Without it the bench starts one of its own.",
            valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "Data directory of the bench's own daemon, kept afterwards. Without it: a temporary one.",
            valueName: "dir"))
    var data: String?

    @Flag(help: "Print the report as one JSON object.")
    var json = false

    func validate() throws {
        guard server == nil || data == nil else {
            throw ValidationError("--data is for a daemon of the bench's own: leave out --server.")
        }
        if let server, !server.hasPrefix("http://"), !server.hasPrefix("https://") {
            throw ValidationError("'\(server)' is no address of a daemon: give http://HOST:PORT.")
        }
    }

    /// Runs `body` with connections to the daemon, and ends the command with a message where that fails.
    func withClients<Report: Sendable>(
        _ body: @escaping @Sendable (LoadClients) async throws -> Report
    ) async throws -> Report {
        do {
            if let server {
                return try await Self.stoppable { try await Self.connected(to: server, body) }
            }
            if let data { return try await Self.stoppable { try await Self.own(data, body) } }
            let temporary = FileManager.default.temporaryDirectory
                .appending(path: "daybook-bench-\(UUID().uuidString)").path
            defer { Self.remove(temporary) }
            return try await Self.stoppable { try await Self.own(temporary, body) }
        } catch let error as LoadError {
            throw CommandFailure(error)
        }
    }

    /// Lets a signal cancel `body`, so that a daemon and a directory of the bench's own go with it.
    private static func stoppable<Report: Sendable>(
        _ body: @escaping @Sendable () async throws -> Report
    ) async throws -> Report {
        try await withThrowingTaskGroup(of: Report.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body() }
            group.addTask {
                for await signal in await UnixSignalsSequence(trapping: .sigint, .sigterm) {
                    throw CommandFailure(
                        .failed, "stopped by \(signal) before the end of the bench")
                }
                throw CancellationError()
            }
            guard let report = try await group.next() else { throw CancellationError() }
            return report
        }
    }

    private static func own<Report: Sendable>(
        _ dataDirectory: String, _ body: @escaping @Sendable (LoadClients) async throws -> Report
    ) async throws -> Report {
        guard let executable = Bundle.main.executablePath else {
            throw CommandFailure(.internalError, "the daybook binary cannot find itself")
        }
        return try await OwnDaemon.serve(executable: executable, dataDirectory: dataDirectory) {
            try await connected(to: $0, body)
        }
    }

    private static func connected<Report>(
        to address: String, _ body: (LoadClients) async throws -> Report
    ) async throws -> Report {
        let clients = LoadClients(address: address)
        do {
            try await clients.requireReady()
            let report = try await body(clients)
            await clients.shutdown()
            return report
        } catch {
            await clients.shutdown()
            throw error
        }
    }

    private static func remove(_ directory: String) {
        do {
            try FileManager.default.removeItem(atPath: directory)
        } catch {
            printError("daybook: \(directory) is left behind: \(error)")
        }
    }
}

extension CommandFailure {
    fileprivate init(_ error: LoadError) {
        let status: ExitStatus =
            switch error {
            case .badLine, .jobTaken: .refusedData
            case .unreadable: .notFound
            case .daemon: .unreachable
            }
        self.init(status, error.description)
    }
}

/// Prints a bench's report, and ends with exit code 1 where it is not as it should be.
func putReport(_ report: some Encodable, text: String, isGood: Bool, asJSON: Bool) throws {
    if asJSON {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        putLine(json: Array(try encoder.encode(report)))
    } else {
        put(Array(text.utf8))
    }
    if !isGood { throw ExitCode(ExitStatus.failed.rawValue) }
}
