import Testing
import Units
import Wire

extension RunningServer {
    /// Submits a job of type `t` and lets its only attempt fail for good.
    fileprivate func bury(_ job: String, user: String = "u", type: String = "t") async throws {
        let reply = try await post(
            "/v1/users/\(user)/jobs", #"{"job":"\#(job)","type":"\#(type)"}"#)
        #expect(reply.status == 201)
        let token = try await claimOne(type).token
        let end = try await post("/v1/claims/\(token)/fail", #"{"retriable":false}"#)
        #expect(end.status == 200)
    }

    fileprivate func job(_ job: String, user: String = "u") async throws -> JobBody {
        try JobBody(json: try await get("/v1/users/\(user)/jobs/\(job)").json)
    }

    fileprivate func claimCount(_ type: String) async throws -> Int {
        let reply = try await post(
            "/v1/claims", #"{"worker":"w","types":["\#(type)"],"max":100}"#)
        return try [GrantBody](json: reply.json).count
    }
}

@Suite struct `Dead letters over HTTP` {
    private func page(_ query: String, _ server: RunningServer) async throws -> JobPageBody {
        try JobPageBody(json: try await server.get("/v1/dead-letters\(query)").json)
    }

    @Test func `are listed the latest death first, filtered, page by page`() async throws {
        try await RunningServer.with { server in
            for job in ["a", "b", "c"] { try await server.bury(job) }
            try await server.bury("d", user: "v", type: "s")
            var seen: [String] = []
            var page = try await page("?limit=2", server)
            seen += page.jobs.map(\.job)
            let next = try #require(page.next)
            page = try await self.page("?limit=2&cursor=\(next)", server)
            seen += page.jobs.map(\.job)
            #expect(seen == ["d", "c", "b", "a"])
            #expect(try await self.page("?user=u&limit=1", server).jobs.map(\.job) == ["c"])
            #expect(try await self.page("?type=s", server).jobs.map(\.user) == ["v"])
            #expect(try await self.page("?user=nobody", server).jobs.isEmpty)
        }
    }

    @Test func `one is redriven at the time that is asked for, with all its retries`()
        async throws
    {
        try await RunningServer.with { server in
            try await server.bury("a")
            let later = try await server.post(
                "/v1/users/u/jobs/a/redrive", #"{"dueAt":"2090-01-01T00:00:00Z"}"#)
            let job = try JobBody(json: later.json)
            #expect(later.status == 200)
            #expect(job.nextAttemptAt == WallTime(rfc3339: "2090-01-01T00:00:00Z"))
            #expect(job.jobStatus != "COMPLETED")
            let again = try await server.post("/v1/users/u/jobs/a/redrive")
            #expect(again.status == 409)
            #expect(try again.error().message.contains("FATAL_FAILURE"))
            let events = try await server.get("/v1/users/u/jobs/a/events")
            #expect(events.text.contains(#""event":"Redriven""#))
            #expect(events.text.contains(#""dueAt":"2090-01-01T00:00:00Z""#))
        }
    }

    @Test func `many are redriven at a rate that their due times keep`() async throws {
        try await RunningServer.with { server in
            for job in ["a", "b", "c"] { try await server.bury(job) }
            let first = try await server.post(
                "/v1/dead-letters/redrive",
                #"{"user":"u","max":2,"ratePerSecond":0.5,"dueAt":"2090-01-01T00:00:00Z"}"#)
            let result = try RedriveBody(json: first.json)
            #expect(result.count == 2)
            let cursor = try #require(result.next)
            #expect(result.nextDue == WallTime(rfc3339: "2090-01-01T00:00:04Z"))
            let next = try #require(result.nextDue)
            let second = try await server.post(
                "/v1/dead-letters/redrive",
                #"{"user":"u","ratePerSecond":0.5,"dueAt":"\#(next)","cursor":"\#(cursor)"}"#)
            #expect(try RedriveBody(json: second.json).count == 1)
            let due = try await [server.job("c"), server.job("b"), server.job("a")]
                .map { $0.nextAttemptAt?.description }
            #expect(
                due == [
                    "2090-01-01T00:00:00Z", "2090-01-01T00:00:02Z", "2090-01-01T00:00:04Z",
                ])
            let none = try await server.post("/v1/dead-letters/redrive")
            #expect(
                try RedriveBody(json: none.json)
                    == RedriveBody(count: 0, nextDue: nil, next: nil))
        }
    }
}

@Suite struct `Controls over HTTP` {
    @Test func `a paused type is not claimed until it is resumed, and its jobs say so`()
        async throws
    {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let paused = try await server.call("PUT", "/v1/types/t/control", #"{"paused":true}"#)
            #expect(paused.status == 200)
            #expect(paused.text == #"{"scope":"type","name":"t","paused":true}"#)
            #expect(try await server.claimCount("t") == 0)
            #expect(try await server.job("j").hold == HoldBody(reason: "typePaused"))
            _ = try await server.call("PUT", "/v1/types/t/control", #"{"paused":false}"#)
            #expect(try await server.claimCount("t") == 1)
            #expect(try await server.get("/v1/controls").text == #"{"controls":[]}"#)
        }
    }

    @Test func `what is left out stays, and null takes a bound away`() async throws {
        try await RunningServer.with { server in
            let path = "/v1/users/u/control"
            _ = try await server.call("PUT", path, #"{"paused":true,"waitingMax":5}"#)
            let second = try await server.call("PUT", path, #"{"paused":false,"runningMax":0}"#)
            #expect(
                try ControlBody(json: second.json)
                    == ControlBody(
                        scope: "user", name: "u", paused: false, waitingMax: 5, runningMax: 0))
            let third = try await server.call("PUT", path, #"{"waitingMax":null}"#)
            #expect(
                try ControlBody(json: third.json)
                    == ControlBody(
                        scope: "user", name: "u", paused: false, waitingMax: nil, runningMax: 0))
        }
    }

    @Test func `a setting that is taken away leaves the user with that of every user`() async throws
    {
        try await RunningServer.with { server in
            let path = "/v1/users/u/control"
            _ = try await server.call("PUT", "/v1/controls/every-user", #"{"runningMax":3}"#)
            _ = try await server.call("PUT", path, #"{"paused":true,"runningMax":null}"#)
            let reset = try await server.call("DELETE", path)
            #expect(reset.status == 200)
            #expect(reset.text == #"{"scope":"user","name":"u","paused":false,"runningMax":3}"#)
            // Again, where there is nothing to take away, and of nobody that was seen.
            #expect(try await server.call("DELETE", path).text == reset.text)
            #expect(try await server.call("DELETE", "/v1/types/t/control").status == 200)
            #expect(
                try await server.get("/v1/controls").text
                    == #"{"controls":[{"scope":"everyUser","paused":false,"runningMax":3}]}"#)
            _ = try await server.call("DELETE", "/v1/controls/every-user")
            #expect(try await server.get("/v1/controls").text == #"{"controls":[]}"#)
        }
    }

    @Test func `a user with as many jobs waiting as may is refused further ones with the reason`()
        async throws
    {
        try await RunningServer.with { server in
            _ = try await server.call("PUT", "/v1/users/u/control", #"{"waitingMax":1}"#)
            let body = #"{"job":"a","type":"t"}"#
            #expect(try await server.post("/v1/users/u/jobs", body).status == 201)
            let refused = try await server.post("/v1/users/u/jobs", #"{"job":"b","type":"t"}"#)
            #expect(refused.status == 429)
            #expect(refused.headers["retry-after"] != nil)
            #expect(try refused.error().code == "waitingLimit")
            // The job that is there is answered all the same.
            #expect(try await server.post("/v1/users/u/jobs", body).status == 200)
            #expect(try await server.post("/v1/users/v/jobs", body).status == 201)
        }
    }

    @Test func `what is held back by a limit says so, with the limit`() async throws {
        try await RunningServer.with { server in
            for (user, type) in [("u", "t"), ("v", "s")] {
                for job in ["a", "b"] {
                    _ = try await server.post(
                        "/v1/users/\(user)/jobs", #"{"job":"\#(job)","type":"\#(type)"}"#)
                }
            }
            _ = try await server.call("PUT", "/v1/types/t/control", #"{"runningMax":1}"#)
            _ = try await server.call("PUT", "/v1/controls/every-user", #"{"runningMax":1}"#)
            #expect(try await server.claimCount("t") == 1)
            #expect(try await server.claimCount("s") == 1)
            #expect(try await server.job("b").hold == HoldBody(reason: "typeLimit", limit: 1))
            #expect(
                try await server.job("b", user: "v").hold == HoldBody(reason: "userLimit", limit: 1)
            )
            let controls = try ControlsBody(json: try await server.get("/v1/controls").json)
            #expect(Set(controls.controls.map(\.scope)) == ["everyUser", "type"])
        }
    }
}

@Suite struct `Changing single jobs over HTTP` {
    @Test func `a waiting job gets another time and priority`() async throws {
        try await RunningServer.with { server in
            _ = try await server.post("/v1/users/u/jobs", #"{"job":"j","type":"t"}"#)
            let changed = try await server.call(
                "PATCH", "/v1/users/u/jobs/j",
                #"{"priority":7,"executionTime":"2090-01-01T00:00:00Z"}"#)
            #expect(changed.status == 200)
            let job = try JobBody(json: changed.json)
            #expect(job.priority == 7)
            #expect(job.nextAttemptAt == WallTime(rfc3339: "2090-01-01T00:00:00Z"))
            #expect(try await server.claimCount("t") == 0)
            let back = try await server.call(
                "PATCH", "/v1/users/u/jobs/j", #"{"executionTime":"2001-01-01T00:00:00Z"}"#)
            #expect(try JobBody(json: back.json).priority == 7)
            #expect(try await server.claimCount("t") == 1)
            let running = try await server.call(
                "PATCH", "/v1/users/u/jobs/j", #"{"priority":1}"#)
            #expect(running.status == 409)
            #expect(try running.error().code == "wrongStatus")
        }
    }
}
