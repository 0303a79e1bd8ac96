import Client
import Executor
import FoundationEssentials
import Logging
import TestKit
import Units
import Wire

/// A daemon, a client of it and a directory for what commands write.
struct Workshop {
    let directory: TemporaryDirectory
    let daemon: DaemonProcess
    let client: DaybookClient

    /// Runs `body` with a fresh daemon, which is killed at the end.
    static func open(_ body: (Workshop) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(dataDirectory: directory.file("data"))
        let client = DaybookClient(address: daemon.address)
        do {
            try await body(Workshop(directory: directory, daemon: daemon, client: client))
            await client.shutdown()
        } catch {
            await client.shutdown()
            throw error
        }
        try await daemon.kill()
    }

    /// Runs `body` while an executor runs `command` for jobs of type `t`.
    func working(
        _ command: String, slots: Int = 2, stopGrace: TimeSpan = .seconds(20),
        _ body: (Executor) async throws -> Void
    ) async throws {
        var options = ExecutorOptions(
            commands: ["t": ExecutorCommand(shellText: command)], worker: "w1", slots: slots)
        options.stopGrace = stopGrace
        // Each claim is answered soon, so that stopping is quick.
        options.claimWait = .milliseconds(100)
        let executor = Executor(
            client: client, options: options,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup { group in
            group.addTask { await executor.run() }
            defer { executor.stop() }
            try await body(executor)
        }
    }

    /// Submits a job of type `t` for user `u`; its retries come soon.
    @discardableResult
    func submit(
        _ job: String, payload: String = "1", resultLocation: String? = nil, maxRetries: Int = 3,
        leaseSeconds: Double = 30
    ) async throws -> JobBody {
        let request = SubmitRequest(
            job: job, type: "t", payload: Array(payload.utf8), resultLocation: resultLocation,
            maxRetries: maxRetries, backoff: BackoffBody(initialSeconds: 0.01, factor: 1),
            leaseSeconds: leaseSeconds)
        return try await client.submit(user: "u", request).job
    }

    /// The job, as soon as `isAsWanted` holds; the time limit of the test bounds the wait.
    @discardableResult
    func job(_ job: String, when isAsWanted: (JobBody) -> Bool) async throws -> JobBody {
        while true {
            let body = try await client.job(user: "u", job: job)
            if isAsWanted(body) { return body }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// The job, as soon as it has ended.
    func ended(_ job: String) async throws -> JobBody {
        try await self.job(job) { $0.jobStatus == "COMPLETED" }
    }

    /// The content of a file that a command writes, as soon as it is there and not empty.
    func text(of name: String) async throws -> String {
        while true {
            if let data = FileManager.default.contents(atPath: directory.file(name)), !data.isEmpty
            {
                return String(decoding: data, as: UTF8.self)
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    func files(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.file(name)).sorted()
    }

    func url(_ name: String) -> String {
        "file://" + directory.file(name)
    }
}
