import AsyncHTTPClient
import Engine
import Logging
import NIOCore
import NIOHTTP1
import Server
import ServiceLifecycle
import Storage
import TestKit
import Testing
import Wire

/// A server with an engine of its own, listening at a free port.
struct RunningServer {
    let host: String
    let port: Int
    let engine: Engine
    private let group: ServiceGroup

    /// Runs `body` against a fresh server, then shuts it down and closes its engine.
    static func with(
        limits: ServerLimits = ServerLimits(), options: EngineOptions = EngineOptions(),
        storage: any Storage = PosixStorage(), _ body: (RunningServer) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let engine = try await Engine.open(
            directory: directory.file("data"), options: options, storage: storage)
        let (addresses, listening) = AsyncStream<(String, Int)>.makeStream()
        var logger = Logger(label: "daybook.test")
        logger.logLevel = .critical
        let server = DaybookServer(
            engine: engine, host: "127.0.0.1", port: 0, version: "test", limits: limits,
            logger: logger, onServerRunning: { listening.yield(($0, $1)) })
        let group = ServiceGroup(services: [server], logger: logger)
        async let run: Void = {
            defer { listening.finish() }
            try await group.run()
        }()
        var iterator = addresses.makeAsyncIterator()
        if let (host, port) = await iterator.next() {
            do {
                try await body(RunningServer(host: host, port: port, engine: engine, group: group))
            } catch {
                Issue.record(error)
            }
        }
        await group.triggerGracefulShutdown()
        try await run
        await engine.close()
    }

    /// Asks the server to shut down; it answers what is under way first.
    func shutDown() async {
        await group.triggerGracefulShutdown()
    }

    /// Sends one request and reads all of its answer.
    func call(
        _ method: String, _ path: String, _ body: String? = nil
    ) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://\(host):\(port)\(path)")
        request.method = .RAW(value: method)
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        var headers: [String: String] = [:]
        for header in response.headers { headers[header.name.lowercased()] = header.value }
        return Reply(
            status: Int(response.status.code), headers: headers,
            json: Array(bytes.readableBytesView))
    }

    func get(_ path: String) async throws -> Reply { try await call("GET", path) }

    func post(_ path: String, _ body: String = "") async throws -> Reply {
        try await call("POST", path, body)
    }

    /// Claims one job of `type` and expects that there is one.
    func claimOne(_ type: String) async throws -> GrantBody {
        let reply = try await post("/v1/claims", #"{"worker":"w","types":["\#(type)"]}"#)
        return try #require(try [GrantBody](json: reply.json).first)
    }

    /// Looks until as many claims wait as are wanted.
    func untilWaitingClaims(_ count: UInt64) async throws {
        var waiting: UInt64?
        while waiting != count {
            await Task.yield()
            waiting = try await stats().waitingClaims
        }
    }

    func stats() async throws -> StatsBody {
        let reply = try await get("/v1/stats")
        return try StatsBody(json: reply.json)
    }
}

/// What a server answered.
struct Reply {
    let status: Int
    let headers: [String: String]
    let json: [UInt8]

    /// The error that the body tells.
    func error() throws -> ErrorBody { try ErrorBody(json: json) }

    var text: String { String(decoding: json, as: UTF8.self) }
}
