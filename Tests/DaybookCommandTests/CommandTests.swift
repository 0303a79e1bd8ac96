import TestKit
import Testing

/// A daemon that runs commands itself, for the sub-commands that talk to one.
struct Desk {
    let directory: TemporaryDirectory
    let daemon: DaemonProcess

    static func open(execute: [String] = [], _ body: (Desk) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let daemon = try await DaemonProcess.start(
            dataDirectory: directory.file("data"),
            arguments: execute.flatMap { ["--execute", $0] })
        try await body(Desk(directory: directory, daemon: daemon))
        try await daemon.kill()
    }

    func daybook(_ arguments: String..., stdin: String = "") async throws -> CommandResult {
        try await runDaybook(arguments + ["--server", daemon.address], stdin: stdin)
    }
}

@Suite(.timeLimit(.minutes(2)))
struct `The command line` {
    @Test(arguments: [
        [], ["serve"], ["submit"], ["list"], ["show"], ["cancel"], ["stats"], ["work"],
        ["log", "inspect"], ["log", "verify"], ["log", "replay"], ["log", "bisect"], ["cron"],
        ["cron", "explain"],
        ["why"], ["reschedule"], ["dead"], ["dead", "list"], ["dead", "redrive"], ["pause"],
        ["resume"], ["limit"], ["controls"], ["snapshot"], ["retention"], ["backup"], ["restore"],
    ])
    func `shows an example in the help of every sub-command`(names: [String]) async throws {
        let result = try await runDaybook(names + ["--help"])
        #expect(result.exitCode == 0)
        #expect(result.stdout.contains("EXAMPLE\n  daybook"))
    }

    @Test
    func `submits, runs, lists and explains a job`() async throws {
        try await Desk.open(execute: ["hello=cat"]) { desk in
            let submitted = try await desk.daybook(
                "submit", "ann", "hello", "--job", "j 1", "--payload", #"{"a":1}"#,
                "--result-location", "file://" + desk.directory.file("out"), "--wait")
            #expect(submitted.stdout == "submitted ann j 1\nSUCCESS after attempt 1\n")
            #expect(submitted.exitCode == 0)

            let list = try await desk.daybook("list", "ann")
            #expect(list.lines.count == 2)
            #expect(list.lines.first?.hasPrefix("JOB  TYPE   STATUS   PRIORITY") == true)
            #expect(list.lines.last?.hasPrefix("j 1  hello  SUCCESS       100        1  2") == true)

            let shown = try await desk.daybook("show", "ann", "j 1")
            #expect(shown.stdout.contains("status           SUCCESS (COMPLETED)\n"))
            #expect(shown.stdout.contains(#"payload          {"a":1}"#))
            let words = [
                "submitted, to run at once", "claimed by daybook-serve as attempt 1", "started",
                "succeeded after",
            ]
            let positions = words.map { word in shown.lines.firstIndex { $0.contains(word) } }
            #expect(!positions.contains(nil))
            #expect(positions.compactMap(\.self) == positions.compactMap(\.self).sorted())
        }
    }

    @Test
    func `tells failures and retries in words`() async throws {
        try await Desk.open(execute: ["bad=echo 'no such file' >&2; exit 65"]) { desk in
            let result = try await desk.daybook("submit", "ann", "bad", "--job", "b", "--wait")
            #expect(result.exitCode == 1)
            #expect(result.stderr.contains("FATAL_FAILURE: exit status 65: no such file"))
            let shown = try await desk.daybook("show", "ann", "b")
            #expect(shown.stdout.contains("exit status 65: no such file; for good"))
        }
    }

    @Test
    func `answers a repeated submit with the job that is there, and other content with 65`()
        async throws
    {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j", "--priority", "5")
            let again = try await desk.daybook(
                "submit", "ann", "t", "--job", "j", "--priority", "5")
            #expect(again.exitCode == 0)
            #expect(again.stdout == "was there already: ann j\n")
            let other = try await desk.daybook(
                "submit", "ann", "t", "--job", "j", "--priority", "6")
            #expect(other.exitCode == 65)
            #expect(other.stdout.isEmpty)
        }
    }

    @Test
    func `lists all pages, filtered, and a line of JSON for each job`() async throws {
        try await Desk.open { desk in
            for number in 1...3 {
                _ = try await desk.daybook(
                    "submit", "ann", "t\(number % 2)", "--job", "j\(number)", "--at", "+2h")
            }
            let all = try await desk.daybook("list", "ann", "--json", "--all")
            #expect(all.lines.count == 3)
            #expect(all.lines.allSatisfy { $0.hasPrefix(#"{"user":"ann","job":"j"#) })
            let some = try await desk.daybook("list", "ann", "--type", "t1", "--limit", "1")
            #expect(some.lines.count == 2)
            #expect(some.stderr == "There are more: --all lists them.\n")
            let none = try await desk.daybook("list", "ann", "--status", "SUCCESS", "--json")
            #expect(none.stdout.isEmpty)
            #expect(none.exitCode == 0)
        }
    }

    @Test
    func `reads a payload from the standard input, JSON or not`() async throws {
        try await Desk.open(execute: ["t=cat >&2; exit 65"]) { desk in
            for (job, payload) in [("json", "[1, 2]"), ("text", "no JSON")] {
                _ = try await desk.daybook(
                    "submit", "ann", "t", "--job", job, "--payload-file", "-", "--wait",
                    stdin: payload)
                let shown = try await desk.daybook("show", "ann", job)
                #expect(shown.stdout.contains("last failure    exit status 65: \(payload)\n"))
            }
        }
    }

    @Test
    func `cancels a job`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j", "--at", "+2h")
            let cancelled = try await desk.daybook("cancel", "ann", "j")
            #expect(cancelled.stdout == "CANCELLED ann j\n")
            let json = try await desk.daybook("show", "ann", "j", "--json")
            #expect(json.stdout.hasPrefix(#"{"job":{"user":"ann","job":"j","#))
            #expect(json.stdout.contains(#""event":"Cancelled""#))
            #expect(json.lines.count == 1)
        }
    }

    @Test
    func `counts jobs by type and by user`() async throws {
        try await Desk.open { desk in
            _ = try await desk.daybook("submit", "ann", "t", "--at", "+2h")
            _ = try await desk.daybook("submit", "bob", "t", "--at", "+2h")
            let stats = try await desk.daybook("stats")
            #expect(stats.stdout.contains("2 users"))
            #expect(stats.lines.last?.hasSuffix("  2") == true)
            let users = try await desk.daybook("stats", "--users")
            #expect(users.lines.dropFirst().map { $0.prefix(3) } == ["ann", "bob"])
            let json = try await desk.daybook("stats", "--json")
            #expect(json.stdout.hasPrefix("{"))
            #expect(json.lines.count == 1)
        }
    }

    @Test
    func `works on jobs in a process of its own until it is told to stop`() async throws {
        try await Desk.open { desk in
            let worker = try ChildProcess(daybook: [
                "work", "--type", "t", "--exec", "cat", "--worker", "w7", "--server",
                desk.daemon.address,
            ])
            let result = try await desk.daybook("submit", "ann", "t", "--job", "j", "--wait")
            #expect(result.exitCode == 0)
            #expect(try await worker.terminate() == .exited(0))
            let shown = try await desk.daybook("show", "ann", "j")
            #expect(shown.stdout.contains("claimed by w7 as attempt 1"))
        }
    }

    @Test
    func `stops the command of a job that is cancelled, and its worker says why`() async throws {
        try await Desk.open { desk in
            let worker = try ChildProcess(daybook: [
                "work", "--type", "t", "--exec", "exec sleep 3600", "--lease", "0.3", "--server",
                desk.daemon.address,
            ])
            _ = try await desk.daybook("submit", "ann", "t", "--job", "j")
            var running = try await desk.daybook("list", "ann", "--status", "PROCESSING", "--json")
            while running.lines.isEmpty {
                running = try await desk.daybook(
                    "list", "ann", "--status", "PROCESSING", "--json")
            }
            _ = try await desk.daybook("cancel", "ann", "j")
            while !worker.stderr.contains("cancelled, heartbeat refused") {
                try await Task.sleep(for: .milliseconds(10))
            }
            // It would wait for the command, which would take an hour.
            #expect(try await worker.terminate() == .exited(0))
        }
    }

    @Test
    func `tells a daemon that is not there, a job that is not there and bad arguments apart`()
        async throws
    {
        try await Desk.open { desk in
            #expect(try await desk.daybook("show", "ann", "nothing").exitCode == 66)
            #expect(try await desk.daybook("submit", "ann", "t", "--payload", "{").exitCode == 65)
            let bad = try await desk.daybook("submit", "ann", "t", "--priority", "256")
            #expect(bad.exitCode == 65)
            #expect(bad.stderr.contains("priority"))
            let long = String(repeating: "x", count: 129)
            #expect(try await desk.daybook("submit", long, "t").exitCode == 65)
            let wide = String(repeating: "x", count: 65_537)
            let result = try await desk.daybook(
                "submit", "ann", "t", "--payload-file", "-", stdin: wide)
            #expect(result.exitCode == 65)
            #expect(try await desk.daybook("submit", "ann", "t", "--at", "soon").exitCode == 64)
            #expect(try await desk.daybook("list", "ann", "--limit", "0").exitCode == 64)
            let listen = desk.daemon.address
            try await desk.daemon.terminate()
            let gone = try await runDaybook(["stats", "--server", listen])
            #expect(gone.exitCode == 69)
            #expect(gone.stderr.contains(listen))
        }
    }
}
