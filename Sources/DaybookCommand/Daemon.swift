import Client
import Engine
import Executor
import Logging
import Server
import ServiceLifecycle
import Units
import UnixSignals

/// The services of `daybook serve`, from the moment the engine is open.
struct Daemon: Sendable {
    let engine: Engine
    let listen: ListenAddress
    let commands: [String: ExecutorCommand]
    let slots: Int
    let resultRoot: String?
    let logger: Logger

    /// Serves until TERM or INT; throws where it cannot listen or the log fails.
    func run() async throws {
        let addresses = AsyncStream<String>.makeStream()
        let server = DaybookServer(
            engine: engine, host: listen.host, port: listen.port, version: daybookVersion,
            logger: logger,
            onServerRunning: { host, port in
                let address = ListenAddress(host: host, port: port)
                putLine("daybook: listening on http://\(address)")
                addresses.continuation.yield(address.url)
            })
        // They are stopped from the last to the first: the executor reports what it has finished
        // while the server still listens.
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(
                service: LogWatch(engine: engine, logger: logger),
                successTerminationBehavior: .ignore,
                failureTerminationBehavior: .gracefullyShutdownGroup),
            .init(service: server),
        ]
        if !commands.isEmpty {
            let executor = EmbeddedExecutor(
                addresses: addresses.stream,
                options: ExecutorOptions(
                    commands: commands, worker: "daybook-serve", slots: slots,
                    resultRoot: resultRoot),
                logger: logger)
            services.append(.init(service: executor, successTerminationBehavior: .ignore))
        }
        var configuration = ServiceGroupConfiguration(
            services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        configuration.maximumGracefulShutdownDuration = .seconds(60)
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch let failure as ListenFailure {
            throw CommandFailure(.unreachable, "\(failure)")
        }
    }
}

/// Ends the daemon once the log has failed, as only a restart can recover what is on disk; says when the disk is full.
private struct LogWatch: Service {
    let engine: Engine
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            var isTroubled = false
            while !Task.isCancelled {
                if let failure = engine.failure { throw CommandFailure(logFailure: failure) }
                if let trouble = engine.trouble, !isTroubled { logger.error("\(trouble)") }
                if engine.trouble == nil, isTroubled { logger.notice("there is space again") }
                isTroubled = engine.trouble != nil
                await pause(.milliseconds(200))
            }
        }
    }
}

/// An executor of the daemon's own, which comes in by HTTP like all others.
private struct EmbeddedExecutor: Service {
    let addresses: AsyncStream<String>
    let options: ExecutorOptions
    let logger: Logger

    func run() async throws {
        let address = await cancelWhenGracefulShutdown {
            var iterator = addresses.makeAsyncIterator()
            return await iterator.next()
        }
        guard let address else { return }
        let client = DaybookClient(address: address)
        let executor = Executor(client: client, options: options, logger: logger)
        await ExecutorService(executor: executor).run()
        await client.shutdown()
    }
}

/// Returns after `duration`, or at once if the task is cancelled.
private func pause(_ duration: Duration) async {
    do {
        try await Task.sleep(for: duration)
    } catch {
        // Only cancellation ends a sleep early, and the caller looks for it itself.
        return
    }
}
