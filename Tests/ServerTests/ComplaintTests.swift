import Testing
import Units
import Wire

/// What users of other systems complain about, and what they are told here.
@Suite struct `What users of other systems miss` {
    private func why(_ job: String, _ server: RunningServer) async throws -> WhyBody {
        let reply = try await server.get("/v1/users/u/jobs/\(job)/why")
        #expect(reply.status == 200, "\(reply.text)")
        return try WhyBody(json: reply.json)
    }

    private func job(_ job: String, _ server: RunningServer) async throws -> JobBody {
        try JobBody(json: try await server.get("/v1/users/u/jobs/\(job)").json)
    }

    /// The stretches follow each other, and their lengths are what lies between their ends.
    private func expectNoGaps(_ why: WhyBody, submittedAt: WallTime) {
        #expect(why.spans.first?.from == submittedAt)
        for (span, next) in zip(why.spans, why.spans.dropFirst()) { #expect(span.to == next.from) }
        for span in why.spans { #expect(span.seconds == span.to.span(since: span.from).seconds) }
    }

    @Test func `work that nobody fetches tells why it is not running`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let alone = try await why("j", server)
            #expect(alone.spans.last?.hold?.reason == "noWorker")
            #expect(alone.lastAsked == nil)
            #expect(try await job("j", server).hold?.reason == "noWorker")
            // A worker that asks for something else does not count.
            _ = try await server.post("/v1/claims", #"{"worker":"w","types":["other"]}"#)
            #expect(try await why("j", server).lastAsked == nil)
            let token = try await server.claimOne("t").token
            let held = try await why("j", server)
            #expect(held.lastAsked != nil)
            #expect(held.spans.last?.worker == "w")
            #expect(held.leaseUntil != nil)
            _ = try await server.post("/v1/claims/\(token)/fail", #"{"message":"no"}"#)
            let failed = try await why("j", server)
            #expect(failed.spans.last?.hold?.reason == "backoff")
            expectNoGaps(failed, submittedAt: try await job("j", server).submittedAt)
        }
    }

    @Test func `each reason for which a job waits is told by why and by show alike`() async throws {
        try await RunningServer.with { server in
            for (job, more) in [
                ("later", #""executionTime":"2090-01-01T00:00:00Z""#), ("one", #""priority":0"#),
                ("two", #""priority":1"#),
            ] {
                _ = try await server.post(
                    "/v1/users/u/jobs", #"{"job":"\#(job)","type":"t",\#(more)}"#)
            }
            func expectHold(_ name: String, _ reason: String) async throws {
                #expect(try await job(name, server).hold?.reason == reason)
                #expect(try await why(name, server).spans.last?.hold?.reason == reason)
            }
            try await expectHold("later", "notDue")
            _ = try await server.call("PUT", "/v1/types/t/control", #"{"paused":true}"#)
            try await expectHold("one", "typePaused")
            _ = try await server.call(
                "PUT", "/v1/types/t/control", #"{"paused":false,"runningMax":1}"#)
            _ = try await server.claimOne("t")
            try await expectHold("two", "typeLimit")
            _ = try await server.call("PUT", "/v1/types/t/control", #"{"runningMax":null}"#)
            _ = try await server.call("PUT", "/v1/users/u/control", #"{"paused":true}"#)
            try await expectHold("two", "userPaused")
            _ = try await server.call(
                "PUT", "/v1/users/u/control", #"{"paused":false,"runningMax":1}"#)
            try await expectHold("two", "userLimit")
            _ = try await server.call("PUT", "/v1/users/u/control", #"{"runningMax":null}"#)
            try await expectHold("two", "noWorker")
            let end = try await why("two", server)
            expectNoGaps(end, submittedAt: try await job("two", server).submittedAt)
        }
    }

    @Test func `an expired lease is a retriable failure that is shown, counted and bounded`()
        async throws
    {
        try await RunningServer.with { server in
            _ = try await server.post(
                "/v1/users/u/jobs",
                #"{"job":"j","type":"t","maxRetries":5,"leaseExpiriesMax":2,"leaseSeconds":0.1,"#
                    + #""backoff":{"initialSeconds":0}}"#)
            let claim = #"{"worker":"w","types":["t"],"waitSeconds":60}"#
            let first = try await server.post("/v1/claims", claim)
            #expect(try [GrantBody](json: first.json).first?.attempt == 1)
            // Waits until the first worker has been silent for too long.
            let second = try await server.post("/v1/claims", claim)
            #expect(try [GrantBody](json: second.json).first?.attempt == 2)
            let after = try await job("j", server)
            #expect(after.leaseExpiries == 1)
            #expect(after.attempt == 2)
            #expect(after.lastFailure?.reason == "leaseExpired")
            // The second one is the last that its policy bears, whatever retries are left.
            var buried = try JobPageBody(json: try await server.get("/v1/dead-letters").json)
            while buried.jobs.isEmpty {
                await Task.yield()
                buried = try JobPageBody(json: try await server.get("/v1/dead-letters").json)
            }
            let dead = try await job("j", server)
            #expect(dead.status == "FATAL_FAILURE")
            #expect(dead.leaseExpiries == 2)
            #expect(dead.lastFailure?.reason == "poison")
        }
    }

    @Test func `a heartbeat keeps a job as long as it takes, and only its run limit ends it`()
        async throws
    {
        try await RunningServer.with { server in
            for (job, limit) in [("long", ""), ("short", #","runLimitSeconds":0.2"#)] {
                _ = try await server.post(
                    "/v1/users/u/jobs",
                    #"{"job":"\#(job)","type":"\#(job)","leaseSeconds":60,"maxRetries":0\#(limit)}"#
                )
            }
            let long = try await server.claimOne("long").token
            let short = try await server.claimOne("short").token
            // Alive to the end, and ended all the same; the other one has heartbeats alone.
            var last = try await server.post("/v1/claims/\(short)/heartbeat")
            while last.status == 200 {
                #expect(try await server.post("/v1/claims/\(long)/heartbeat").status == 200)
                last = try await server.post("/v1/claims/\(short)/heartbeat")
            }
            #expect(try last.error().code == "staleToken")
            let ended = try await job("short", server)
            #expect(ended.lastFailure?.reason == "runLimitExceeded")
            #expect(ended.leaseExpiries == 0)
            #expect(try await job("long", server).status == "CLAIMED")
        }
    }

    @Test func `a single job can be cancelled, moved and tried again, and its worker hears of it`()
        async throws
    {
        try await RunningServer.with { server in
            for job in ["a", "b"] {
                _ = try await server.post("/v1/users/u/jobs", #"{"job":"\#(job)","type":"t"}"#)
            }
            _ = try await server.call("PATCH", "/v1/users/u/jobs/b", #"{"priority":0}"#)
            let grant = try await server.claimOne("t")
            #expect(grant.job == "b")
            _ = try await server.post("/v1/users/u/jobs/b/cancel")
            let beat = try await server.post("/v1/claims/\(grant.token)/heartbeat")
            #expect(beat.status == 409)
            #expect(try beat.error().code == "cancelled")
            #expect(try beat.error().holder?.status == "CANCELLED")
            let other = try await server.claimOne("t")
            #expect(other.job == "a")
            _ = try await server.post("/v1/claims/\(other.token)/fail", #"{"retriable":false}"#)
            _ = try await server.post("/v1/users/u/jobs/a/redrive")
            #expect(try await server.claimOne("t").attempt == 2)
        }
    }
}
