import Testing
import Units
import Wire

@Suite struct `Many reports at once` {
    private func report(
        _ reports: [ReportRequest], _ server: RunningServer
    ) async throws -> [ReportOutcome] {
        let body = String(decoding: reports.json(), as: UTF8.self)
        let reply = try await server.post("/v1/claims/reports", body)
        #expect(reply.status == 200, "\(reply.text)")
        return try [ReportOutcome](json: reply.json)
    }

    private func grants(_ count: Int, _ server: RunningServer) async throws -> [UInt64] {
        for number in 1...count {
            _ = try await server.post(
                "/v1/users/u/jobs", #"{"job":"j\#(number)","type":"t","maxRetries":1}"#)
        }
        let reply = try await server.post(
            "/v1/claims", #"{"worker":"w","types":["t"],"max":\#(count)}"#)
        return try [GrantBody](json: reply.json).map(\.token)
    }

    @Test func `are done in order, each with an outcome of its own`() async throws {
        try await RunningServer.with { server in
            let tokens = try await grants(4, server)
            let outcomes = try await report(
                [
                    ReportRequest(token: tokens[0], report: "start"),
                    ReportRequest(token: tokens[0], report: "succeed", message: "done"),
                    ReportRequest(token: tokens[1], report: "succeed"),
                    ReportRequest(token: tokens[1], report: "fail", message: "no"),
                    ReportRequest(token: tokens[2], report: "fail", retriable: false),
                    ReportRequest(
                        token: tokens[3], report: "heartbeat", leaseSeconds: 5,
                        progress: Array("7".utf8)),
                    ReportRequest(token: 999_999, report: "start"),
                ], server)
            #expect(outcomes.map(\.token) == [0, 0, 1, 1, 2, 3].map { tokens[$0] } + [999_999])
            #expect(outcomes.map(\.status) == [200, 200, 409, 200, 200, 200, 404])
            #expect(
                outcomes.map { $0.executionStatus ?? $0.error?.code } == [
                    "PROCESSING", "SUCCESS", "wrongStatus", "RETRIABLE_FAILURE", "FATAL_FAILURE",
                    "CLAIMED", "unknownToken",
                ])
        }
    }

    @Test func `tell a repeated one like the first, and a stale one who holds the job`()
        async throws
    {
        try await RunningServer.with { server in
            let tokens = try await grants(2, server)
            let reports = tokens.flatMap {
                [
                    ReportRequest(token: $0, report: "start"),
                    ReportRequest(token: $0, report: "succeed"),
                ]
            }
            _ = try await report(reports, server)
            let again = try await report(reports, server)
            #expect(again.map(\.status) == [409, 200, 409, 200])
            #expect(again[0].error?.code == "staleToken")
            #expect(again[0].error?.holder?.status == "SUCCESS")
        }
    }

    @Test func `tell the worker of a cancelled job so`() async throws {
        try await RunningServer.with { server in
            let tokens = try await grants(2, server)
            _ = try await server.post("/v1/users/u/jobs/j1/cancel")
            let outcomes = try await report(
                tokens.map { ReportRequest(token: $0, report: "heartbeat") }, server)
            #expect(outcomes.map { $0.error?.code } == ["cancelled", nil])
            #expect(outcomes.first?.error?.holder?.status == "CANCELLED")
        }
    }

    @Test(
        arguments: [
            (#"[{"token":1,"report":"start"},{"token":2}]"#, "[1].report"),
            (#"[{"token":"1","report":"start"}]"#, "[0].token"),
            (#"[{"report":"start"}]"#, "[0].token"),
            (#"[{"token":1,"report":"stop"}]"#, "[0].report"),
            (#"[{"token":1,"report":"start","message":"m"}]"#, "[0].message"),
            (#"[{"token":1,"report":"succeed","retriable":true}]"#, "[0].retriable"),
            (#"[{"token":1,"report":"fail","progress":1}]"#, "[0].progress"),
            (#"[{"token":1,"report":"heartbeat","leaseSeconds":0}]"#, "[0].leaseSeconds"),
            (#"[{"token":1,"report":"start","x":1}]"#, "[0].x"), (#"{}"#, nil),
        ] as [(String, String?)])
    func `that are malformed are refused as a whole, with the item named`(
        body: String, field: String?
    ) async throws {
        try await RunningServer.with { server in
            let reply = try await server.post("/v1/claims/reports", body)
            #expect(reply.status == 400)
            let error = try reply.error()
            #expect(error.code == "invalidField")
            #expect(error.field == field)
            if let field { #expect(error.message.contains("'\(field)'"), "\(error.message)") }
        }
    }

    @Test func `are bounded in number`() async throws {
        try await RunningServer.with { server in
            let one = ReportRequest(token: 1 << 60, report: "start")
            #expect(try await report([], server) == [])
            let many = [ReportRequest](repeating: one, count: 1_001)
            let reply = try await server.post(
                "/v1/claims/reports", String(decoding: many.json(), as: UTF8.self))
            #expect(reply.status == 400)
            #expect(try reply.error().message.contains("1000"))
        }
    }
}
