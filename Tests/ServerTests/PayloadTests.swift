import Testing
import Wire

@Suite struct `Payloads over HTTP` {
    /// The fields of a submit, and what the job then shows as `payload` and `payloadBase64`.
    @Test(
        arguments: [
            (#""payload":{"a": 1}"#, #"{"a": 1}"#, nil),
            (#""payload":null"#, "null", nil),
            (#""contentType":"text/plain","payload":"ü\n""#, #""ü\n""#, nil),
            (#""contentType":"application/vnd.x+json","payload":[ ]"#, "[ ]", nil),
            (#""contentType":"image/png","payload":"AB""#, nil, "QUI="),
            (#""contentType":"image/png","payloadBase64":"AP8=""#, nil, "AP8="),
            (#""contentType":"text/plain","payloadBase64":"/w==""#, nil, "/w=="),
            (#""payloadBase64":"WzFd""#, "[1]", nil),
            (#""type":"t2""#, nil, nil),
        ] as [(String, String?, String?)])
    func `each kind of payload comes back`(
        fields: String, json: String?, base64: String?
    ) async throws {
        try await RunningServer.with { server in
            let type = fields.contains(#""type""#) ? "" : #","type":"t""#
            let reply = try await server.post(
                "/v1/users/u/jobs", #"{"job":"j",\#(fields)\#(type)}"#)
            #expect(reply.status == 201)
            let job = try JobBody(json: try await server.get("/v1/users/u/jobs/j").json)
            #expect(job.payload.map { String(decoding: $0, as: UTF8.self) } == json)
            #expect(job.payloadBase64 == base64)
            let grant = try await server.claimOne(job.type)
            #expect(grant.payload == job.payload)
            #expect(grant.payloadBase64 == job.payloadBase64)
        }
    }

    @Test func `a payload of 64 KiB is taken, of one byte more it is not`() async throws {
        try await RunningServer.with { server in
            func body(_ bytes: Int) -> String {
                #"{"type":"t","payload":""# + String(repeating: "x", count: bytes - 2) + #""}"#
            }
            #expect(try await server.post("/v1/users/u/jobs", body(65_536)).status == 201)
            let reply = try await server.post("/v1/users/u/jobs", body(65_537))
            #expect(reply.status == 413)
            #expect(try reply.error().code == "payloadTooLarge")
            #expect(try reply.error().field == "payload")
        }
    }

    @Test func `an event is one line, however the payload was sent`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post(
                "/v1/users/u/jobs",
                "{\"job\":\"j\",\"type\":\"t\",\"payload\":{\n\"a\": \"x y\"\n}}")
            let text = try await server.get("/v1/users/u/jobs/j/events").text
            #expect(text.contains(#""payload":{"a":"x y"}"#))
            #expect(!text.contains("\n"))
        }
    }
}
