import NIOCore
import Server
import Testing
import Units
import Wire

/// One request that must be refused, and how.
struct BadInput: Sendable, CustomTestStringConvertible {
    let method: String
    let path: String
    let body: String?
    let status: Int
    let code: String
    let field: String?

    var testDescription: String { "\(method) \(path) \(body?.prefix(80) ?? "")" }

    static func submit(_ body: String, _ code: String, _ field: String?, status: Int = 400)
        -> BadInput
    {
        BadInput(
            method: "POST", path: "/v1/users/u/jobs", body: body, status: status, code: code,
            field: field)
    }

    static func field(_ field: String, _ json: String) -> BadInput {
        submit(#"{"type":"t","job":"j",\#(json)}"#, "invalidField", field)
    }

    static func claim(_ body: String, _ field: String) -> BadInput {
        BadInput(
            method: "POST", path: "/v1/claims", body: body, status: 400, code: "invalidField",
            field: field)
    }

    static func get(_ path: String, _ status: Int, _ code: String, _ field: String? = nil)
        -> BadInput
    {
        BadInput(method: "GET", path: path, body: nil, status: status, code: code, field: field)
    }

    static let long = String(repeating: "x", count: 129)

    static let all: [BadInput] =
        [
            submit("", "malformedJSON", nil), submit("{", "malformedJSON", nil),
            submit("[]", "invalidField", nil), submit(#"{"type":"t"}}"#, "malformedJSON", nil),
            submit("{}", "invalidField", "type"),
            submit(#"{"type":"t","prio":1}"#, "invalidField", "prio"),
            submit(#"{"type":"t","type":"t"}"#, "invalidField", "type"),
            submit(#"{"type":""}"#, "invalidField", "type"),
            submit(#"{"type":"a\u0000"}"#, "invalidField", "type"),
            submit(#"{"type":"\#(long)"}"#, "invalidField", "type"),
            submit(#"{"type":"t","job":"\#(long)"}"#, "invalidField", "job"),
            submit(#"{"type":"t","job":""}"#, "invalidField", "job"),
            field("executionTime", #""executionTime":"1969-12-31T23:59:59Z""#),
            field("executionTime", #""executionTime":"2027-02-30T00:00:00Z""#),
            field("executionTime", #""executionTime":17"#),
            field("priority", #""priority":256"#), field("priority", #""priority":-1"#),
            field("maxRetries", #""maxRetries":1001"#), field("maxRetries", #""maxRetries":-1"#),
            field("leaseSeconds", #""leaseSeconds":0.05"#),
            field("leaseSeconds", #""leaseSeconds":86401"#),
            field("runLimitSeconds", #""runLimitSeconds":0"#),
            field("runLimitSeconds", #""runLimitSeconds":1e300"#),
            field("backoff.factor", #""backoff":{"factor":0.5}"#),
            field("backoff.factor", #""backoff":{"factor":101}"#),
            field("backoff.initialSeconds", #""backoff":{"initialSeconds":-1}"#),
            field("backoff.maxSeconds", #""backoff":{"initialSeconds":9,"maxSeconds":8}"#),
            field("backoff.first", #""backoff":{"first":1}"#),
            field("contentType", #""contentType":"json""#),
            field("contentType", #""contentType":"text/pläin""#),
            field("payload", #""contentType":"text/plain","payload":1"#),
            field("payloadBase64", #""payloadBase64":"A""#),
            field("payloadBase64", #""payloadBase64":"AP8=""#),
            field("payloadBase64", #""payload":1,"payloadBase64":"MQ==""#),
            field("resultLocation", #""resultLocation":"s3://b/k""#),
            field("resultLocation", #""resultLocation":"/tmp/x""#),
            field("resultLocation", #""resultLocation":"file:x""#),
            field("resultLocation", #""resultLocation":"file:///a/../b""#),
            field("resultLocation", #""resultLocation":"file:///a/%2e%2E/b""#),
            field("resultLocation", #""resultLocation":"file:///a%2F..%2Fb""#),
            field("resultLocation", #""resultLocation":"file://host/a""#),
            field("resultLocation", #""resultLocation":"file:///a/""#),
            field("resultLocation", #""resultLocation":"file:///a%00b""#),
            BadInput(
                method: "POST", path: "/v1/users/\(long)/jobs", body: #"{"type":"t"}"#, status: 400,
                code: "invalidField", field: "user"),
            claim(#"{"types":["t"]}"#, "worker"), claim(#"{"worker":"","types":["t"]}"#, "worker"),
            claim(#"{"worker":"w"}"#, "types"), claim(#"{"worker":"w","types":[]}"#, "types"),
            claim(#"{"worker":"w","types":["t",""]}"#, "types[1]"),
            claim(#"{"worker":"w","types":["t"],"max":0}"#, "max"),
            claim(#"{"worker":"w","types":["t"],"max":1001}"#, "max"),
            claim(#"{"worker":"w","types":["t"],"leaseSeconds":0}"#, "leaseSeconds"),
            claim(#"{"worker":"w","types":["t"],"waitSeconds":61}"#, "waitSeconds"),
            claim(#"{"worker":"w","types":["t"],"waitSeconds":-1}"#, "waitSeconds"),
            get("/v1/users/u/jobs?limit=0", 400, "invalidField", "limit"),
            get("/v1/users/u/jobs?limit=1001", 400, "invalidField", "limit"),
            get("/v1/users/u/jobs?limit=ten", 400, "invalidField", "limit"),
            get("/v1/users/u/jobs?cursor=abc", 400, "invalidField", "cursor"),
            get("/v1/users/u/jobs?status=success", 400, "invalidField", "status"),
            get("/v1/users/u/jobs?states=SUCCESS", 400, "invalidField", "states"),
            get("/v1/users?cursor=-1", 400, "invalidField", "cursor"),
            get("/v1/users/nobody/jobs", 404, "unknownUser", "user"),
            get("/v1/users/u/jobs/none", 404, "unknownJob", "job"),
            get("/v1/users/u/jobs/none/events", 404, "unknownJob", "job"),
            get("/v1/users/u/jobs/", 400, "invalidField", "job"),
            get("/", 404, "unknownRoute"), get("/v1", 404, "unknownRoute"),
            get("/v2/users", 404, "unknownRoute"), get("/v1/users/%ff/jobs", 404, "unknownRoute"),
            get("/v1/users/u/jobs/j/other", 404, "unknownRoute"),
            get("/v1/claims", 405, "wrongMethod"),
            BadInput(
                method: "DELETE", path: "/v1/users/u/jobs/j", body: nil, status: 405,
                code: "wrongMethod", field: nil),
            BadInput(
                method: "POST", path: "/v1/users/u/jobs/none/cancel", body: nil, status: 404,
                code: "unknownJob", field: "job"),
        ] + recurrence + operators
}

extension BadInput {
    static func recurrence(_ field: String, _ json: String) -> BadInput {
        .field(field.isEmpty ? "recurrence" : "recurrence.\(field)", #""recurrence":{\#(json)}"#)
    }

    /// What came with the whole model of a job.
    static let recurrence: [BadInput] = [
        field("backoff.jitter", #""backoff":{"jitter":1.01}"#),
        field("backoff.jitter", #""backoff":{"jitter":-0.1}"#),
        field("leaseExpiriesMax", #""leaseExpiriesMax":-1"#),
        field("leaseExpiriesMax", #""leaseExpiriesMax":1001"#),
        field("expiresAt", #""expiresAt":"soon""#),
        field(
            "expiresAt",
            #""executionTime":"2027-01-01T00:00:00Z","expiresAt":"2027-01-01T00:00:00Z""#),
        field("recurrence", #""recurrence":"daily""#),
        recurrence("", ""), recurrence("", #""zone":"UTC""#),
        recurrence("every", #""every":5"#),
        recurrence("interval", #""interval":0.5"#), recurrence("interval", #""interval":31622401"#),
        recurrence("interval", #""interval":"10m""#),
        recurrence("mode", #""interval":5,"mode":"fixed""#),
        recurrence("mode", #""cron":"@daily","mode":"fixedRate""#),
        recurrence("cron", #""interval":5,"cron":"@daily""#),
        recurrence("cron", #""cron":"* * * *""#), recurrence("cron", #""cron":"61 * * * *""#),
        recurrence("cron", #""cron":"0 0 31 2 *""#),
        recurrence("cron", "\"cron\":\"\(String(repeating: "0,", count: 200))0 * * * *\""),
        recurrence("zone", #""cron":"@daily","zone":"Berlin""#),
        recurrence("zone", #""interval":5,"zone":"UTC""#),
        recurrence("overlap", #""interval":5,"overlap":"wait""#),
        recurrence("missed", #""interval":5,"missed":"some""#),
        recurrence("missedMax", #""interval":5,"missed":"once","missedMax":5"#),
        recurrence("missedMax", #""interval":5,"missed":"all","missedMax":0"#),
        recurrence("missedMax", #""interval":5,"missed":"all","missedMax":1001"#),
        submit(
            #"{"type":"t","job":"\#(String(repeating: "x", count: 101))","recurrence":{"interval":5}}"#,
            "invalidField", "job"),
    ]

    static func send(
        _ method: String, _ path: String, _ body: String?, _ status: Int, _ code: String,
        _ field: String? = nil
    ) -> BadInput {
        BadInput(
            method: method, path: path, body: body, status: status, code: code, field: field)
    }

    static let operators: [BadInput] = [
        send("POST", "/v1/users/u/jobs/none/redrive", nil, 404, "unknownJob", "job"),
        send("POST", "/v1/users/u/jobs/there/redrive", nil, 409, "wrongStatus"),
        send("POST", "/v1/users/u/jobs/there/redrive", #"{"at":1}"#, 400, "invalidField", "at"),
        send(
            "POST", "/v1/users/u/jobs/there/redrive", #"{"dueAt":1}"#, 400, "invalidField", "dueAt"),
        send("PATCH", "/v1/users/u/jobs/none", #"{"priority":1}"#, 404, "unknownJob", "job"),
        send("PATCH", "/v1/users/u/jobs/there", "{}", 400, "invalidField"),
        send("PATCH", "/v1/users/u/jobs/there", nil, 400, "malformedJSON"),
        send(
            "PATCH", "/v1/users/u/jobs/there", #"{"priority":256}"#, 400, "invalidField", "priority"
        ),
        send("PATCH", "/v1/users/u/jobs/there", #"{"type":"x"}"#, 400, "invalidField", "type"),
        get("/v1/users/u/jobs/none/why", 404, "unknownJob", "job"),
        get("/v1/users/nobody/jobs/j/why", 404, "unknownUser", "user"),
        get("/v1/dead-letters?limit=0", 400, "invalidField", "limit"),
        get("/v1/dead-letters?cursor=5", 400, "invalidField", "cursor"),
        get("/v1/dead-letters?user=", 400, "invalidField", "user"),
        get("/v1/dead-letters?status=SUCCESS", 400, "invalidField", "status"),
        get("/v1/users/u/jobs?cursor=0-00000000", 400, "invalidField", "cursor"),
        get("/v1/users/u/jobs?cursor=5-0", 400, "invalidField", "cursor"),
        send("POST", "/v1/dead-letters/redrive", #"{"max":0}"#, 400, "invalidField", "max"),
        send("POST", "/v1/dead-letters/redrive", #"{"max":10001}"#, 400, "invalidField", "max"),
        send("POST", "/v1/dead-letters/redrive", #"{"user":""}"#, 400, "invalidField", "user"),
        send(
            "POST", "/v1/dead-letters/redrive", #"{"ratePerSecond":0}"#, 400, "invalidField",
            "ratePerSecond"),
        send(
            "POST", "/v1/dead-letters/redrive", #"{"ratePerSecond":1e7}"#, 400, "invalidField",
            "ratePerSecond"),
        send("PUT", "/v1/types/t/control", "{}", 400, "invalidField"),
        send("PUT", "/v1/types/t/control", #"{"paused":1}"#, 400, "invalidField", "paused"),
        send("PUT", "/v1/types/t/control", #"{"waitingMax":1}"#, 400, "invalidField", "waitingMax"),
        send("PUT", "/v1/types/\(long)/control", #"{"paused":true}"#, 400, "invalidField", "type"),
        send(
            "PUT", "/v1/users/u/control", #"{"runningMax":-1}"#, 400, "invalidField", "runningMax"),
        send(
            "PUT", "/v1/users/u/control", #"{"waitingMax":4294967296}"#, 400, "invalidField",
            "waitingMax"),
        send("PUT", "/v1/users//control", #"{"paused":true}"#, 400, "invalidField", "user"),
        send("PUT", "/v1/controls/every-user", #"{"paused":true}"#, 400, "invalidField", "paused"),
        send("PUT", "/v1/controls/nobody", #"{"paused":true}"#, 404, "unknownRoute"),
        send("GET", "/v1/types/t/control", nil, 405, "wrongMethod"),
        send("PUT", "/v1/jobs", nil, 405, "wrongMethod"),
        send("GET", "/v1/claims/reports", nil, 405, "wrongMethod"),
        send("GET", "/v1/snapshot", nil, 405, "wrongMethod"),
        send("POST", "/v1/snapshot", #"{"lsn":5}"#, 400, "invalidField", "lsn"),
        send("POST", "/v1/snapshot", "{", 400, "malformedJSON"),
        send("POST", "/v1/snapshot/5", nil, 404, "unknownRoute"),
        send("POST", "/v1/claims/reports", "", 400, "malformedJSON"),
        send("POST", "/v1/claims/reports", "[", 400, "malformedJSON", "[0]"),
    ]
}

@Suite struct `Bad input` {
    @Test func `each is refused with its status, code and field, and the daemon goes on`()
        async throws
    {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"there","type":"t9"}"#)
            for input in BadInput.all {
                let reply = try await server.call(input.method, input.path, input.body)
                #expect(reply.status == input.status, "\(input.testDescription): \(reply.text)")
                let error = try reply.error()
                #expect(error.code == input.code, "\(input.testDescription): \(reply.text)")
                #expect(error.field == input.field, "\(input.testDescription): \(reply.text)")
                #expect(!error.message.isEmpty)
            }
            let stats = try StatsBody(json: try await server.get("/v1/stats").json)
            #expect(stats.counts.total == 1)
        }
    }

    @Test func `a wrong method is told the right ones`() async throws {
        try await RunningServer.with { server in
            let reply = try await server.call("PUT", "/v1/users/u/jobs")
            #expect(reply.status == 405)
            #expect(reply.headers["allow"] == "GET, POST")
        }
    }

    @Test func `what a worker says is bounded`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let token = try await server.claimOne("t").token
            func text(_ bytes: Int) -> String { String(repeating: "x", count: bytes) }
            let progress = try await server.post(
                "/v1/claims/\(token)/heartbeat", #"{"progress":"\#(text(1_023))"}"#)
            #expect(progress.status == 413)
            #expect(try progress.error().field == "progress")
            let checkpoint = try await server.post(
                "/v1/claims/\(token)/heartbeat", #"{"checkpoint":"\#(text(65_535))"}"#)
            #expect(checkpoint.status == 413)
            #expect(try checkpoint.error().field == "checkpoint")
            let message = try await server.post(
                "/v1/claims/\(token)/fail", #"{"message":"\#(text(4_097))"}"#)
            #expect(message.status == 400)
            #expect(try message.error().field == "message")
            let unknown = try await server.post("/v1/claims/\(token)/start", #"{"x":1}"#)
            #expect(unknown.status == 400)
            #expect(try unknown.error().field == "x")
            #expect(try await server.post("/v1/claims/\(token)/start").status == 200)
        }
    }
}

@Suite struct `Requests that no client should send` {
    private func expect(
        _ answer: String, status: Int, code: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(
            answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)", sourceLocation: sourceLocation)
        #expect(answer.contains(#""code":"\#(code)""#), "\(answer)", sourceLocation: sourceLocation)
    }

    @Test func `a body that never ends is given up`() async throws {
        var limits = ServerLimits()
        limits.bodyTimeout = .milliseconds(50)
        try await RunningServer.with(limits: limits) { server in
            for head in [
                "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"typ", "Content-Length: 9\r\n\r\n{",
            ] {
                let answer = try await RawConnection.exchange(
                    "POST /v1/users/u/jobs HTTP/1.1\r\nHost: x\r\n\(head)", with: server)
                expect(answer, status: 408, code: "bodyTimeout")
            }
            #expect(try await server.get("/healthz").status == 200)
        }
    }

    @Test func `a body over the limit is refused before it is read`() async throws {
        try await RunningServer.with { server in
            let announced = try await RawConnection.exchange(
                "POST /v1/users/u/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 262145\r\n\r\n",
                with: server)
            expect(announced, status: 413, code: "bodyTooLarge")
            let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n1\r\n \r\n"
            let chunked = try await RawConnection.exchange(
                "POST /v1/users/u/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + chunk, with: server)
            expect(chunked, status: 413, code: "bodyTooLarge")
        }
    }

    @Test func `an answer to HEAD has no body`() async throws {
        try await RunningServer.with { server in
            let answer = try await RawConnection.exchange(
                "HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", with: server)
            #expect(answer.hasPrefix("HTTP/1.1 405 "))
            #expect(answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `a chunked body is taken`() async throws {
        try await RunningServer.with { server in
            let answer = try await RawConnection.exchange(
                "POST /v1/users/u/jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n6\r\n{\"type\r\n6\r\n\":\"t\"}\r\n0\r\n\r\n",
                with: server)
            #expect(answer.hasPrefix("HTTP/1.1 201 "))
        }
    }

    @Test(arguments: ["hello\r\n\r\n", "POST /v1/claims HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
    func `bytes that are no HTTP are answered with JSON`(bytes: String) async throws {
        try await RunningServer.with { server in
            let answer = try await RawConnection.exchange(bytes, with: server)
            expect(answer, status: 400, code: "malformedHTTP")
        }
    }

    @Test func `a broken chunk is answered with JSON`() async throws {
        try await RunningServer.with { server in
            let answer = try await RawConnection.exchange(
                "POST /v1/claims HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                with: server)
            expect(answer, status: 400, code: "malformedHTTP")
        }
    }

    @Test func `a connection that says nothing is closed`() async throws {
        var limits = ServerLimits()
        limits.idleTimeout = .milliseconds(50)
        try await RunningServer.with(limits: limits) { server in
            do {
                let answer = try await RawConnection.exchange("GET / HT", with: server)
                #expect(answer.isEmpty)
            } catch is ChannelError {
                // On a slow machine it is closed before we have said even this much.
            }
        }
    }
}
