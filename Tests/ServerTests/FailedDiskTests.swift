import TestKit
import Testing
import Wire

@Suite struct `A server whose disk fails` {
    @Test func `tells that the outcome is unknown, then takes nothing and is not ready`()
        async throws
    {
        let disk = SlowDisk()
        try await RunningServer.with(storage: disk) { server in
            #expect(try await server.get("/readyz").status == 200)
            let first = try await server.post("/v1/users/ann/jobs", #"{"job":"a","type":"t"}"#)
            #expect(first.status == 201)
            disk.gate.breakDown()
            let lost = try await server.post("/v1/users/ann/jobs", #"{"job":"b","type":"t"}"#)
            #expect(lost.status == 503)
            #expect(try lost.error().code == "outcomeUnknown")
            #expect(lost.headers["retry-after"] != nil)
            let refused = try await server.post("/v1/users/ann/jobs", #"{"job":"c","type":"t"}"#)
            #expect(refused.status == 503)
            #expect(try refused.error().code == "notServing")
            let ready = try await server.get("/readyz")
            #expect(ready.status == 503)
            #expect(try ready.error().message.contains("sync"))
            #expect(try await server.get("/healthz").status == 200)
        }
    }
}
