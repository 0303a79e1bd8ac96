import Testing
import Units
import Wire

@Suite struct `Recurring jobs over HTTP` {
    @Test(arguments: [
        (#""interval":600"#, RecurrenceBody(interval: 600, mode: "fixedRate")),
        (
            #""interval":1.5,"mode":"fixedDelay","overlap":"allow""#,
            RecurrenceBody(interval: 1.5, mode: "fixedDelay", overlap: "allow")
        ),
        (#""cron":"0 9 * * *""#, RecurrenceBody(cron: "0 9 * * *", zone: "UTC")),
        (
            #""cron":"@daily","zone":"Europe/Berlin","overlap":"queue","missed":"skip""#,
            RecurrenceBody(cron: "@daily", zone: "Europe/Berlin", overlap: "queue", missed: "skip")
        ),
        (
            #""interval":60,"missed":"all""#,
            RecurrenceBody(interval: 60, mode: "fixedRate", missed: "all", missedMax: 1_000)
        ),
    ])
    func `what recurs is shown as it was sent, with what was left out filled in`(
        sent: String, shown: RecurrenceBody
    ) async throws {
        try await RunningServer.with { server in
            let reply = try await server.post(
                "/v1/users/u/jobs",
                #"{"job":"r","type":"t","executionTime":"2090-01-01T00:00:00Z","recurrence":{\#(sent)}}"#
            )
            #expect(reply.status == 201, "\(reply.text)")
            var expected = shown
            expected.overlap = shown.overlap ?? "skip"
            expected.missed = shown.missed ?? "once"
            let job = try JobBody(json: try await server.get("/v1/users/u/jobs/r").json)
            #expect(job.recurrence == expected)
            #expect(job.hold?.reason == "notDue")
            #expect(job.hold?.until == job.nextAttemptAt)
        }
    }

    @Test func `a tick submits an occurrence that names its recurring job, and a story of its own`()
        async throws
    {
        try await RunningServer.with { server in
            let reply = try await server.post(
                "/v1/users/u/jobs",
                #"{"job":"r","type":"t","payload":{"n":1},"recurrence":{"interval":3600}}"#)
            #expect(reply.status == 201)
            let claimed = try await server.post(
                "/v1/claims", #"{"worker":"w","types":["t"],"waitSeconds":60}"#)
            let grant = try #require(try [GrantBody](json: claimed.json).first)
            #expect(grant.job.hasPrefix("r@"))
            #expect(grant.payload == Array(#"{"n":1}"#.utf8))
            let path = "/v1/users/u/jobs/\(PercentCoding.encode(grant.job))"
            let job = try JobBody(json: try await server.get(path).json)
            #expect(job.occurrenceOf == "r")
            #expect(job.recurrence == nil)
            let timeline = try TimelineBody(json: try await server.get(path + "/events").json)
            #expect(timeline.events.map(\.event) == ["Ticked", "Claimed"])
            let parent = try TimelineBody(
                json: try await server.get("/v1/users/u/jobs/r/events").json)
            #expect(parent.events.map(\.event) == ["Submitted", "Ticked"])
        }
    }

    @Test func `the longest id of a recurring job is shorter than that of another`() async throws {
        try await RunningServer.with { server in
            for (count, status) in [(100, 201), (101, 400)] {
                let job = String(repeating: "x", count: count)
                let reply = try await server.post(
                    "/v1/users/u/jobs",
                    #"{"job":"\#(job)","type":"t","recurrence":{"interval":60}}"#)
                #expect(reply.status == status, "\(reply.text)")
            }
        }
    }

    @Test func `a job that is not started by its expiry is cancelled, and its story says why`()
        async throws
    {
        try await RunningServer.with { server in
            let late = try await server.post(
                "/v1/users/u/jobs",
                #"{"job":"late","type":"t","executionTime":"2090-01-01T00:00:00Z","#
                    + #""expiresAt":"2090-01-02T00:00:00Z"}"#)
            #expect(
                try JobBody(json: late.json).expiresAt == WallTime(rfc3339: "2090-01-02T00:00:00Z"))
            let body = #"{"job":"j","type":"t","expiresAt":"2001-01-01T00:00:00Z"}"#
            _ = try await server.post("/v1/users/u/jobs", body)
            // The submit that is sent again is the same job, also when its time is over.
            #expect(try await server.post("/v1/users/u/jobs", body).status == 200)
            #expect(
                try await server.post(
                    "/v1/claims", #"{"worker":"w","types":["t"]}"#
                ).text == "[]")
            let job = try JobBody(json: try await server.get("/v1/users/u/jobs/j").json)
            #expect(job.status == "CANCELLED")
            let timeline = try await server.get("/v1/users/u/jobs/j/events")
            #expect(timeline.text.contains(#""event":"Cancelled""#))
            #expect(timeline.text.contains(#""reason":"expired""#))
        }
    }
}
