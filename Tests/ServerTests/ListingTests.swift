import Testing
import Wire

@Suite struct `Listing over HTTP` {
    private func submit(_ jobs: [String], type: String = "t", to server: RunningServer) async throws
    {
        for job in jobs {
            let reply = try await server.post(
                "/v1/users/u/jobs", #"{"job":"\#(job)","type":"\#(type)"}"#)
            #expect(reply.status == 201)
        }
    }

    private func page(_ query: String, of server: RunningServer) async throws -> JobPageBody {
        try JobPageBody(json: try await server.get("/v1/users/u/jobs\(query)").json)
    }

    @Test func `pages stay put while new jobs arrive`() async throws {
        try await RunningServer.with { server in
            try await submit(["a", "b", "c", "d", "e"], to: server)
            var page = try await page("?limit=2", of: server)
            var seen = page.jobs.map(\.job)
            while let next = page.next {
                try await submit(["new\(seen.count)"], to: server)
                page = try await self.page("?limit=2&cursor=\(next)", of: server)
                seen += page.jobs.map(\.job)
            }
            #expect(seen == ["e", "d", "c", "b", "a"])
        }
    }

    @Test func `a list is filtered by status and type`() async throws {
        try await RunningServer.with { server in
            try await submit(["a", "b"], type: "x", to: server)
            try await submit(["c", "d"], type: "y", to: server)
            _ = try await server.post("/v1/users/u/jobs/a/cancel")
            let grant = try await server.claimOne("y")
            #expect(grant.job == "c")
            #expect(try await page("?type=x", of: server).jobs.map(\.job) == ["b", "a"])
            #expect(
                try await page("?status=CANCELLED,CLAIMED", of: server).jobs.map(\.job)
                    == ["c", "a"])
            #expect(
                try await page("?status=CANCELLED&status=NOT_STARTED&type=x", of: server)
                    .jobs.map(\.job) == ["b", "a"])
            #expect(try await page("?status=SUCCESS", of: server).jobs.isEmpty)
        }
    }

    @Test func `lists, jobs, events and counters are told as they were`() async throws {
        try await RunningServer.with { server in
            try await submit(["a", "b", "c"], to: server)
            let stats = try StatsBody(json: try await server.get("/v1/stats").json)
            let then = "asOf=\(stats.durableLSN)"
            _ = try await server.post("/v1/users/u/jobs/a/cancel")
            try await submit(["d"], to: server)
            let first = try await page("?limit=2&\(then)", of: server)
            let next = try #require(first.next)
            let rest = try await page("?limit=2&\(then)&cursor=\(next)", of: server)
            let jobs = first.jobs + rest.jobs
            #expect(jobs.map(\.job) == ["c", "b", "a"])
            #expect(jobs.allSatisfy { $0.status == "NOT_STARTED" })
            let job = try JobBody(json: try await server.get("/v1/users/u/jobs/a?\(then)").json)
            #expect(job.status == "NOT_STARTED")
            let events = try TimelineBody(
                json: try await server.get("/v1/users/u/jobs/a/events?\(then)").json)
            #expect(events.events.count == 1)
            let past = try PastStatsBody(json: try await server.get("/v1/stats?\(then)").json)
            #expect(past.newestLSN == stats.durableLSN && past.counts == stats.counts)
            #expect(past.types == stats.types && past.users == 1)
            for path in ["/v1/stats?asOf=soon", "/v1/stats?asOf=99", "/v1/users/u/jobs?asOf=99"] {
                let reply = try await server.get(path)
                #expect(reply.status == 400)
                #expect(String(decoding: reply.json, as: UTF8.self).contains(#""field":"asOf""#))
            }
            #expect(try await server.get("/v1/users/u/jobs/a?at=1").status == 400)
        }
    }

    @Test func `users and counters are told`() async throws {
        try await RunningServer.with { server in
            try await submit(["a", "b"], to: server)
            _ = try await server.post("/v1/users/v/jobs", #"{"type":"t"}"#)
            _ = try await server.claimOne("t")
            let first = try UserPageBody(json: try await server.get("/v1/users?limit=1").json)
            #expect(first.users.map(\.user) == ["u"])
            #expect(first.users.first?.counts.claimed == 1)
            let next = try #require(first.next)
            let rest = try UserPageBody(
                json: try await server.get("/v1/users?limit=5&cursor=\(next)").json)
            #expect(rest.users.map(\.user) == ["v"])
            #expect(rest.next == nil)

            let stats = try StatsBody(json: try await server.get("/v1/stats").json)
            #expect(stats.counts.total == 3)
            #expect(stats.counts.notStarted == 2)
            #expect(stats.users == 2)
            #expect(stats.types.map(\.type) == ["t"])
            #expect(stats.ready == 2)
            #expect(stats.durableLSN == 4)
            #expect(stats.version == "test")
            #expect(stats.residentBytes > 1 << 20)
            #expect(stats.cpuSeconds > 0)
        }
    }

    @Test func `a server that lives and can write says so`() async throws {
        try await RunningServer.with { server in
            let alive = try await server.get("/healthz")
            let ready = try await server.get("/readyz")
            #expect(alive.status == 200)
            #expect(ready.status == 200)
        }
    }
}
