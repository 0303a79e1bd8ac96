package import Engine
import HTTPTypes
import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Units

/// The HTTP API of an engine: a service that listens until it is shut down gracefully.
///
/// It does not close the engine; whoever opened it does that after `run` has returned.
package struct DaybookServer: Service {
    private let engine: Engine
    private let host: String
    private let port: Int
    private let version: String
    private let limits: ServerLimits
    private let logger: Logger
    private let onServerRunning: @Sendable (_ host: String, _ port: Int) async -> Void

    /// A server that does not listen yet.
    ///
    /// - Parameters:
    ///   - engine: Where the jobs are.
    ///   - host: Name or address to listen at.
    ///   - port: 0: any that is free.
    ///   - version: Shown in `/v1/stats`.
    ///   - limits: What a client may take up.
    ///   - logger: Every answer of 500 and above is told to it.
    ///   - onServerRunning: Told the address once the server listens.
    package init(
        engine: Engine, host: String, port: Int, version: String,
        limits: ServerLimits = ServerLimits(), logger: Logger = Logger(label: "daybook.server"),
        onServerRunning: @escaping @Sendable (_ host: String, _ port: Int) async -> Void = { _, _ in
        }
    ) {
        self.engine = engine
        self.host = host
        self.port = port
        self.version = version
        self.limits = limits
        self.logger = logger
        self.onServerRunning = onServerRunning
    }

    /// Serves until the service is asked to shut down; waiting claims are answered then.
    ///
    /// - Throws: `ListenFailure` if the address cannot be listened at.
    package func run() async throws {
        let api = API(engine: engine, version: version, limits: limits)
        let application = Application(
            responder: Responder(api: api),
            server: .http1(configuration: connectionConfiguration),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onServerRunning, host, port] channel in
                let address = channel.localAddress
                await onServerRunning(address?.ipAddress ?? host, address?.port ?? port)
            },
            logger: logger)
        do {
            try await application.run()
        } catch let error as IOError {
            throw ListenFailure(host: host, port: port, reason: "\(error)")
        } catch let error as SocketAddressError {
            throw ListenFailure(host: host, port: port, reason: "\(error)")
        }
    }

    private var connectionConfiguration: HTTP1Channel.Configuration {
        let limits = limits
        return HTTP1Channel.Configuration(
            additionalChannelHandlers: [ConnectionWatch(limits: limits)],
            idleTimeout: TimeAmount(limits.idleTimeout))
    }
}

/// The server could not begin to listen.
package struct ListenFailure: Error, CustomStringConvertible {
    package let host: String
    package let port: Int
    /// What the system said.
    package let reason: String

    package var description: String {
        "cannot listen at \(host):\(port): \(reason); is another server there already?"
    }
}

extension TimeAmount {
    init(_ span: TimeSpan) {
        self = .microseconds(span.microseconds)
    }
}
