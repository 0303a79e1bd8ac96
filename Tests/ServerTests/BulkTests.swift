import Engine
import JobModel
import Server
import Testing
import Units
import Wire

@Suite struct `A bulk submit` {
    private func outcomes(
        _ lines: String, _ server: RunningServer
    ) async throws -> [BulkOutcome] {
        let reply = try await server.post("/v1/jobs", lines)
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/x-ndjson")
        return try reply.json.split(separator: UInt8(ascii: "\n")).map {
            try BulkOutcome(json: Array($0))
        }
    }

    @Test func `answers each line for itself, in order, and one bad line stops no other`()
        async throws
    {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/ann/jobs", #"{"job":"there","type":"t"}"#)
            let long = String(repeating: "x", count: 129)
            let lines = [
                #"{"user":"ann","job":"a","type":"t"}"#,
                #"{"user":"ann","job":"there","type":"t"}"#,
                #"{"user":"ann","job":"there","type":"other"}"#,
                #"{"user":"ann","type":"t""#, "",
                #"{"job":"nobody","type":"t"}"#,
                #"{"user":"bob","job":"b","type":"t","prio":1}"#,
                #"{"user":"\#(long)","job":"b","type":"t"}"#,
                #"{"user":"bob","job":"p","type":"t","priority":300}"#,
                #"{"user":"bob","job":"c","type":"t","recurrence":{"cron":"0 0 31 2 *"}}"#,
                #"{"user":"bob","job":"a","type":"t"}"#,
                #"{"user":"bob","job":"a","type":"t"}"#,
            ]
            let outcomes = try await outcomes(lines.joined(separator: "\n"), server)
            #expect(outcomes.map(\.line) == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12])
            #expect(
                outcomes.map(\.status)
                    == [201, 200, 409, 400, 400, 400, 400, 400, 400, 201, 200])
            #expect(
                outcomes.map { $0.error?.code } == [
                    nil, nil, "contentConflict", "malformedJSON", "invalidField", "invalidField",
                    "invalidField", "invalidField", "invalidField", nil, nil,
                ])
            #expect(
                outcomes.map { $0.error?.field }
                    == [
                        nil, nil, "job", nil, "user", "prio", "user", "priority",
                        "recurrence.cron", nil, nil,
                    ])
            #expect(outcomes[1].executionStatus == "NOT_STARTED")
            #expect(outcomes[10].submittedLSN == outcomes[9].submittedLSN)
            #expect(outcomes[7].job == "p")
            #expect(try await server.stats().counts.total == 3)
        }
    }

    @Test func `takes more lines than one batch holds, and jobs without an id`() async throws {
        try await RunningServer.with { server in
            let count = 2 * JobLimits.batchItemsMax + 1
            let lines = String(repeating: #"{"user":"ann","type":"t"}"# + "\n", count: count)
            let outcomes = try await outcomes(lines, server)
            #expect(outcomes.map(\.line) == Array(1...count))
            #expect(outcomes.allSatisfy { $0.status == 201 })
            #expect(Set(outcomes.map(\.job)).count == count)
            #expect(try await server.stats().counts.total == UInt64(count))
        }
    }

    @Test func `passes over a line that is too long, and keeps what comes behind it`()
        async throws
    {
        var limits = ServerLimits()
        limits.bodyBytesMax = 100
        try await RunningServer.with(limits: limits) { server in
            let wide = String(repeating: "x", count: 300_000)
            let outcomes = try await outcomes(
                wide + "\n" + #"{"user":"u","type":"t"}"# + "\n" + wide, server)
            #expect(outcomes.map(\.status) == [413, 201, 413])
            #expect(outcomes.map(\.line) == [1, 2, 3])
        }
    }

    @Test func `without a line is answered with none`() async throws {
        try await RunningServer.with { server in
            for lines in ["", "\n \r\n"] {
                let outcomes = try await outcomes(lines, server)
                #expect(outcomes.isEmpty)
            }
        }
    }

    @Test func `that stands still submits what has come and says so`() async throws {
        var limits = ServerLimits()
        limits.bodyTimeout = .milliseconds(50)
        try await RunningServer.with(limits: limits) { server in
            let line = #"{"user":"u","job":"j","type":"t"}"# + "\n"
            let answer = try await RawConnection.exchange(
                "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + line,
                with: server)
            #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(answer)")
            #expect(answer.contains(#"{"line":1,"status":201,"#), "\(answer)")
            #expect(answer.contains(#"{"line":2,"status":408,"code":"bodyTimeout""#), "\(answer)")
            #expect(try await server.get("/v1/users/u/jobs/j").status == 200)
        }
    }

    @Test func `to an engine that is closed is told so in every line`() async throws {
        try await RunningServer.with { server in
            await server.engine.close()
            let outcomes = try await outcomes(#"{"user":"u","job":"j","type":"t"}"#, server)
            #expect(outcomes.map(\.status) == [503])
            #expect(outcomes.map { $0.error?.code } == ["notServing"])
        }
    }
}
