import Engine
import Testing
import Wire

@Suite struct `An engine that cannot take more` {
    private let body = #"{"job":"j","type":"t"}"#

    @Test func `too many commands are told to come back`() async throws {
        var options = EngineOptions()
        options.inboxCommandsMax = 0
        try await RunningServer.with(options: options) { server in
            let reply = try await server.post("/v1/users/u/jobs", body)
            #expect(reply.status == 429)
            #expect(reply.headers["retry-after"] == "1")
            #expect(try reply.error().code == "overloaded")
        }
    }

    @Test func `a closed engine says that a submit may be repeated`() async throws {
        try await RunningServer.with { server in
            await server.engine.close()
            let reply = try await server.post("/v1/users/u/jobs", body)
            #expect(reply.status == 503)
            #expect(reply.headers["retry-after"] == "5")
            let error = try reply.error()
            #expect(error.code == "notServing")
            #expect(error.message.contains("same job id"))
            let waiting = try await server.post(
                "/v1/claims", #"{"worker":"w","types":["t"],"waitSeconds":60}"#)
            #expect(waiting.status == 503)
        }
    }
}
