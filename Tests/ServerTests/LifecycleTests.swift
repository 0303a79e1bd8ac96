import Testing
import Units
import Wire

@Suite struct `The way of a job over HTTP` {
    @Test func `a job is submitted, claimed, begun, kept alive, ended and explained`() async throws
    {
        try await RunningServer.with { server in
            let submitted = try await server.post(
                "/v1/users/ann/jobs", #"{"job":"j1","type":"mail","payload":{"to": "bob"}}"#)
            #expect(submitted.status == 201)
            #expect(submitted.headers["location"] == "/v1/users/ann/jobs/j1")
            #expect(submitted.headers["content-type"] == "application/json")
            #expect(try JobBody(json: submitted.json).status == "NOT_STARTED")

            let grant = try await server.claimOne("mail")
            #expect(grant.user == "ann")
            #expect(grant.job == "j1")
            #expect(grant.attempt == 1)
            #expect(grant.payload == Array(#"{"to": "bob"}"#.utf8))
            #expect(grant.leaseSeconds == 60)
            let start = try await server.post("/v1/claims/\(grant.token)/start")
            #expect(start.status == 200)
            #expect(try AttemptBody(json: start.json).status == "PROCESSING")
            let beat = try await server.post(
                "/v1/claims/\(grant.token)/heartbeat",
                #"{"leaseSeconds":120,"progress":50,"checkpoint":{"at":7}}"#)
            #expect(beat.status == 200)
            #expect(try AttemptBody(json: beat.json).leaseUntil != nil)
            let running = try JobBody(json: try await server.get("/v1/users/ann/jobs/j1").json)
            #expect(running.worker == "w")
            #expect(running.token == grant.token)
            #expect(running.progress == Array("50".utf8))
            let end = try await server.post(
                "/v1/claims/\(grant.token)/succeed", #"{"message":"sent"}"#)
            #expect(try AttemptBody(json: end.json).status == "SUCCESS")

            let job = try JobBody(json: try await server.get("/v1/users/ann/jobs/j1").json)
            #expect(job.jobStatus == "COMPLETED")
            #expect(job.payload == Array(#"{"to": "bob"}"#.utf8))
            let timeline = try TimelineBody(
                json: try await server.get("/v1/users/ann/jobs/j1/events").json)
            #expect(
                timeline.events.map(\.event)
                    == ["Submitted", "Claimed", "Processing", "Heartbeat", "Succeeded"])
        }
    }

    @Test func `a failed attempt hands its checkpoint to the next`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post(
                "/v1/users/u/jobs",
                #"{"job":"j","type":"t","maxRetries":1,"backoff":{"initialSeconds":0}}"#)
            let first = try await server.claimOne("t")
            _ = try await server.post(
                "/v1/claims/\(first.token)/heartbeat", #"{"checkpoint":[1, 2]}"#)
            let failed = try await server.post(
                "/v1/claims/\(first.token)/fail", #"{"message":"no luck"}"#)
            #expect(try AttemptBody(json: failed.json).status == "RETRIABLE_FAILURE")
            let second = try await server.post(
                "/v1/claims", #"{"worker":"w","types":["t"],"waitSeconds":60}"#)
            let grant = try #require(try [GrantBody](json: second.json).first)
            #expect(grant.attempt == 2)
            #expect(grant.checkpoint == Array("[1, 2]".utf8))
            let fatal = try await server.post(
                "/v1/claims/\(grant.token)/fail", #"{"retriable":false}"#)
            #expect(try AttemptBody(json: fatal.json).status == "FATAL_FAILURE")
            let job = try JobBody(json: try await server.get("/v1/users/u/jobs/j").json)
            #expect(job.lastFailure?.reason == "reported")
        }
    }

    @Test func `the same submit again is the same job`() async throws {
        try await RunningServer.with { server in
            let body = #"{"job":"j","type":"t","payload":1}"#
            #expect(try await server.post("/v1/users/u/jobs", body).status == 201)
            let again = try await server.post("/v1/users/u/jobs", body)
            #expect(again.status == 200)
            #expect(again.headers["location"] == "/v1/users/u/jobs/j")
            let other = try await server.post(
                "/v1/users/u/jobs", #"{"job":"j","type":"t","payload":2}"#)
            #expect(other.status == 409)
            #expect(try other.error().code == "contentConflict")
        }
    }

    @Test func `a job id that is left out is made, each its own`() async throws {
        try await RunningServer.with { server in
            let first = try await server.post("/v1/users/u/jobs", #"{"type":"t"}"#)
            let second = try await server.post("/v1/users/u/jobs", #"{"type":"t"}"#)
            #expect(first.status == 201)
            #expect(second.status == 201)
            let id = try JobBody(json: first.json).job
            #expect(try JobBody(json: second.json).job != id)
            let version7 = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/
            #expect(id.wholeMatch(of: version7) != nil)
        }
    }

    @Test(arguments: ["a/b", "ü €😀", "..", "%2F", "a b?c#d", "jobs"])
    func `any name can be a user's and a job's`(name: String) async throws {
        try await RunningServer.with { server in
            let user = PercentCoding.encode(name)
            var request = SubmitRequest(type: "t")
            request.job = name
            let body = String(decoding: request.json(), as: UTF8.self)
            let submitted = try await server.post("/v1/users/\(user)/jobs", body)
            #expect(submitted.status == 201)
            let location = try #require(submitted.headers["location"])
            let job = try JobBody(json: try await server.get(location).json)
            #expect(job.user == name)
            #expect(job.job == name)
        }
    }

    @Test func `a cancelled job is never claimed, and its worker is told`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let grant = try await server.claimOne("t")
            let cancelled = try await server.post("/v1/users/u/jobs/j/cancel")
            #expect(try JobBody(json: cancelled.json).status == "CANCELLED")
            #expect(try await server.post("/v1/users/u/jobs/j/cancel").status == 200)
            let late = try await server.post("/v1/claims/\(grant.token)/succeed")
            #expect(late.status == 409)
            #expect(try late.error().code == "cancelled")
            let none = try await server.post("/v1/claims", #"{"worker":"w","types":["t"]}"#)
            #expect(none.text == "[]")
        }
    }

    @Test func `a job that has ended cannot be cancelled`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let grant = try await server.claimOne("t")
            _ = try await server.post("/v1/claims/\(grant.token)/start")
            _ = try await server.post("/v1/claims/\(grant.token)/succeed")
            let late = try await server.post("/v1/users/u/jobs/j/cancel")
            #expect(late.status == 409)
            let error = try late.error()
            #expect(error.code == "wrongStatus")
            #expect(error.message.contains("SUCCESS"))
            #expect(error.message.contains("cancel"))
        }
    }

    @Test func `success needs a start first`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let grant = try await server.claimOne("t")
            let early = try await server.post("/v1/claims/\(grant.token)/succeed")
            #expect(early.status == 409)
            let error = try early.error()
            #expect(error.code == "wrongStatus")
            #expect(error.message.contains("CLAIMED"))
        }
    }

    @Test func `a stale token is refused and told who holds the job`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post(
                "/v1/users/u/jobs", #"{"job":"j","type":"t","backoff":{"initialSeconds":0}}"#)
            let first = try await server.claimOne("t")
            _ = try await server.post("/v1/claims/\(first.token)/fail")
            let second = try await server.post(
                "/v1/claims", #"{"worker":"w2","types":["t"],"waitSeconds":60}"#)
            let grant = try #require(try [GrantBody](json: second.json).first)
            let stale = try await server.post("/v1/claims/\(first.token)/heartbeat")
            #expect(stale.status == 409)
            let error = try stale.error()
            #expect(error.code == "staleToken")
            #expect(error.holder?.worker == "w2")
            #expect(error.holder?.token == grant.token)
            #expect(error.holder?.attempt == 2)
        }
    }

    @Test(arguments: [
        "0", "1", "999999", "18446744073709551615", "99999999999999999999", "x", "-1",
    ])
    func `a forged token is refused`(token: String) async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            for verb in ["start", "heartbeat", "succeed", "fail"] {
                let reply = try await server.post("/v1/claims/\(token)/\(verb)")
                #expect(reply.status == 404)
                #expect(try reply.error().code == "unknownToken")
            }
        }
    }
}
