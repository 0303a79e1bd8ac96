import Client
import Executor
import FoundationEssentials
import Glibc
import TestKit
import Testing
import Units
import Wire

@Suite(.timeLimit(.minutes(2)))
struct `An executor` {
    @Test
    func `writes a successful command's output to the result location and nothing beside it`()
        async throws
    {
        try await Workshop.open { shop in
            try await shop.submit(
                "j", payload: #"{"a":1}"#, resultLocation: shop.url("r/s/out.json"))
            try await shop.working("cat") { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                #expect(try await shop.text(of: "r/s/out.json") == #"{"a":1}"#)
                #expect(try shop.files(in: "r/s") == ["out.json"])
            }
        }
    }

    @Test
    func `tells the command about its job in the environment`() async throws {
        try await Workshop.open { shop in
            let job = try await shop.submit("a/b", resultLocation: shop.url("env"))
            let show = #"""
                printf '%s|' "$DAYBOOK_USER" "$DAYBOOK_JOB" "$DAYBOOK_TYPE" "$DAYBOOK_ATTEMPT" \
                  "${DAYBOOK_CHECKPOINT-none}" "$DAYBOOK_SERVER" "$DAYBOOK_TOKEN"
                """#
            try await shop.working(show) { _ in
                _ = try await shop.ended("a/b")
                let token = try #require(
                    try await shop.client.events(user: "u", job: "a/b").events
                        .first { $0.event == "Claimed" }?.lsn)
                #expect(token > job.submittedLSN)
                let text = try await shop.text(of: "env")
                #expect(text == "u|a/b|t|1|none|\(shop.daemon.address)|\(token)|")
            }
        }
    }

    @Test
    func `gives the command a payload that is no JSON as its bytes`() async throws {
        try await Workshop.open { shop in
            let request = SubmitRequest(
                job: "j", type: "t", payloadBase64: "AAH+/w==",
                contentType: "application/octet-stream", resultLocation: shop.url("bytes"))
            _ = try await shop.client.submit(user: "u", request)
            try await shop.working("od -An -tx1") { _ in
                _ = try await shop.ended("j")
                #expect(try await shop.text(of: "bytes") == " 00 01 fe ff\n")
            }
        }
    }

    @Test
    func `gives the command a text as it is, not as JSON`() async throws {
        try await Workshop.open { shop in
            let request = SubmitRequest(
                job: "j", type: "t", payload: Array(#""a \"b\"\ncafé""#.utf8),
                contentType: "text/plain; charset=utf-8", resultLocation: shop.url("text"))
            _ = try await shop.client.submit(user: "u", request)
            try await shop.working("cat") { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                #expect(try await shop.text(of: "text") == "a \"b\"\ncafé")
            }
        }
    }

    @Test
    func `runs a job again after a failure that a retry can mend`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("out"))
            let command =
                #"echo "attempt $DAYBOOK_ATTEMPT"; echo oh dear >&2; [ "$DAYBOOK_ATTEMPT" = 2 ]"#
            try await shop.working(command) { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                #expect(job.attempt == 2)
                #expect(try await shop.text(of: "out") == "attempt 2\n")
                let events = try await shop.client.events(user: "u", job: "j").events
                let failure = try #require(events.first { $0.event == "RetriableFailed" })
                #expect(
                    failure.fields.contains {
                        $0.name == "message" && $0.value == .text("exit status 1: oh dear")
                    })
            }
        }
    }

    @Test(arguments: [64, 65])
    func `takes exit statuses 64 and 65 for a failure that no retry can mend`(
        status: Int
    ) async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("out"))
            try await shop.working("echo half; exit \(status)") { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "FATAL_FAILURE")
                #expect(job.attempt == 1)
                #expect(job.lastFailure?.message == "exit status \(status)")
                #expect(try shop.files(in: ".") == ["data"])
            }
        }
    }

    @Test
    func `reports a command that a signal ended as one that can be tried again`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", maxRetries: 0)
            try await shop.working("kill -9 $$") { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "FATAL_FAILURE")
                #expect(job.lastFailure?.message == "ended by signal 9")
                let events = try await shop.client.events(user: "u", job: "j").events
                #expect(
                    events.last?.fields.contains {
                        $0.name == "retriesExhausted" && $0.value == .flag(true)
                    } == true)
            }
        }
    }

    @Test
    func `reports a result location that it cannot write to without running anything`()
        async throws
    {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("data/LOCK/out"), maxRetries: 0)
            try await shop.working("echo ran > '\(shop.directory.file("ran"))'") { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "FATAL_FAILURE")
                #expect(job.lastFailure?.message?.contains("data/LOCK") == true)
                #expect(try shop.files(in: ".") == ["data"])
            }
        }
    }

    @Test
    func `keeps the lease of a command that takes longer than it`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", leaseSeconds: 3)
            let gate = shop.directory.file("gate")
            try await shop.working("while [ ! -e '\(gate)' ]; do sleep 0.05; done") { _ in
                // Four thirds of the lease: without heartbeats it would be over.
                var heartbeats = 0
                while heartbeats < 4 {
                    try await Task.sleep(for: .milliseconds(50))
                    heartbeats = try await shop.client.events(user: "u", job: "j").events
                        .count { $0.event == "Heartbeat" }
                }
                try Data("open".utf8).write(to: URL(filePath: gate))
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                #expect(job.attempt == 1)
                #expect(job.leaseExpiries == 0)
            }
        }
    }

    @Test
    func `kills the command of a job that is cancelled, with all that it has started`()
        async throws
    {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("out"), leaseSeconds: 1)
            // The shell obeys TERM; what it has started does not.
            let command = """
                sh -c 'trap "" TERM; echo $$ > "\(shop.directory.file("pid"))"; while :; do sleep 1; done' &
                wait
                """
            try await shop.working(command) { _ in
                let pid = try #require(
                    Int32(try await shop.text(of: "pid").filter(\.isNumber)))
                _ = try await shop.client.cancel(user: "u", job: "j")
                while Glibc.kill(pid, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
                #expect(try await shop.ended("j").status == "CANCELLED")
            }
            #expect(try shop.files(in: ".") == ["data", "pid"])
        }
    }

    @Test
    func `reports what ended while the daemon was away`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("out"))
            let gate = shop.directory.file("gate")
            let end = shop.directory.file("end")
            let command =
                "while [ ! -e '\(gate)' ]; do sleep 0.05; done; echo done; echo end > '\(end)'"
            try await shop.working(command) { _ in
                try await shop.job("j") { $0.status == "PROCESSING" }
                try await shop.daemon.kill()
                try Data("open".utf8).write(to: URL(filePath: gate))
                #expect(try await shop.text(of: "end") == "end\n")
                // Whether the lease still holds, and with it the result, only a daemon can say.
                let successor = try await DaemonProcess.start(
                    dataDirectory: shop.directory.file("data"), listen: shop.daemon.listen)
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                #expect(job.attempt == 1)
                #expect(try await shop.text(of: "out") == "done\n")
                try await successor.kill()
            }
        }
    }

    @Test
    func `that is stopped lets what runs end, and claims no more`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("running")
            let gate = shop.directory.file("gate")
            try await shop.working("while [ ! -e '\(gate)' ]; do sleep 0.05; done") { executor in
                try await shop.job("running") { $0.status == "PROCESSING" }
                executor.stop()
                try Data("open".utf8).write(to: URL(filePath: gate))
            }
            #expect(try await shop.client.job(user: "u", job: "running").status == "SUCCESS")
            try await shop.submit("later")
            #expect(try await shop.client.job(user: "u", job: "later").status == "NOT_STARTED")
        }
    }

    @Test
    func `that is stopped kills what outlives the grace and gives the job back`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", maxRetries: 5)
            let grace = TimeSpan.milliseconds(50)
            try await shop.working("exec sleep 3600", stopGrace: grace) { executor in
                try await shop.job("j") { $0.status == "PROCESSING" }
                executor.stop()
            }
            let job = try await shop.client.job(user: "u", job: "j")
            #expect(job.status == "RETRIABLE_FAILURE")
            #expect(job.lastFailure?.message?.contains("stopped") == true)
        }
    }

    @Test
    func `that is killed loses its lease, and another one finishes the job`() async throws {
        try await Workshop.open { shop in
            try await shop.submit("j", resultLocation: shop.url("out"), leaseSeconds: 1)
            let victim = try ChildProcess(daybook: [
                "work", "--type", "t", "--exec", "exec sleep 5", "--server", shop.daemon.address,
            ])
            try await shop.job("j") { $0.status == "PROCESSING" }
            #expect(try await victim.kill() == .signaled(SIGKILL))
            try await shop.working(#"echo "attempt $DAYBOOK_ATTEMPT""#) { _ in
                let job = try await shop.ended("j")
                #expect(job.status == "SUCCESS")
                // More than one where this machine is too slow for heartbeats each third of 1 s.
                #expect(job.leaseExpiries >= 1)
                #expect(try await shop.text(of: "out") == "attempt \(job.leaseExpiries + 1)\n")
            }
        }
    }
}

@Suite struct `A result location` {
    @Test(arguments: [
        ("file:///a/b.txt", "/a/b.txt"), ("file:/a/b.txt", "/a/b.txt"),
        ("file://localhost/a/b", "/a/b"), ("FILE:///a", "/a"), ("file:///a%20b/%C3%A4", "/a b/ä"),
    ])
    func `is the path of a file URL`(url: String, path: String) throws {
        #expect(try ResultLocation(url: url).path == path)
    }

    @Test(arguments: [
        "s3://bucket/key", "file:relative", "file://elsewhere/a", "file:///a%2", "file:///a%00b",
        "file:///directory/", "/a/b", "", "file:///a/../b", "file:///a/%2e%2e/b",
        "file:///a/..%2F\u{301}/../b",
    ])
    func `that names no file of this machine is refused`(url: String) {
        #expect(throws: ResultFault.self) { try ResultLocation(url: url) }
    }
}
