import AsyncHTTPClient
import Testing
import Wire

@Suite struct `Waiting for a job` {
    private let claim = #"{"worker":"w","types":["t"],"waitSeconds":60}"#

    @Test func `a claim waits until a job comes`() async throws {
        try await RunningServer.with { server in
            async let waiting = server.post("/v1/claims", claim)
            try await server.untilWaitingClaims(1)
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let reply = try await waiting
            #expect(reply.status == 200)
            #expect(try [GrantBody](json: reply.json).map(\.job) == ["j"])
        }
    }

    @Test func `a claim that waits in vain is answered with nothing`() async throws {
        try await RunningServer.with { server in
            let reply = try await server.post(
                "/v1/claims", #"{"worker":"w","types":["t"],"waitSeconds":0.05}"#)
            #expect(reply.status == 200)
            #expect(reply.text == "[]")
        }
    }

    @Test func `a client that goes away gives its place up`() async throws {
        try await RunningServer.with { server in
            let waiting = Task { try await server.post("/v1/claims", claim) }
            try await server.untilWaitingClaims(1)
            waiting.cancel()
            try await server.untilWaitingClaims(0)
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            #expect(try await server.claimOne("t").job == "j")
        }
    }

    @Test func `a server that shuts down answers those who wait`() async throws {
        try await RunningServer.with { server in
            async let waiting = server.post("/v1/claims", claim)
            try await server.untilWaitingClaims(1)
            await server.shutDown()
            let reply = try await waiting
            #expect(reply.status == 200)
            #expect(reply.text == "[]")
        }
    }
}
