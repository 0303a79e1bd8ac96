import LoadGenerator
import Testing

@Suite struct `Standard Workload Format` {
    /// A whole line: job 7, submitted at 120, by user 3 of group 2 at site 5.
    private let line = "7 120 -1 83 1 -1 12.5 -1 1200 -1 -1 3 2 -1 -1 5 -1 -1"

    private func parsed(_ text: String) throws -> [SWFJob] {
        var parser = SWFParser()
        return try parser.feed(Array(text.utf8)) + parser.finish()
    }

    private func fault(in text: String) throws -> String {
        let error = #expect(throws: LoadError.self) { try parsed(text) }
        return try #require(error).description
    }

    /// `line` with one of its 18 fields replaced.
    private func line(with field: Int, _ value: String) -> String {
        var words = line.split(separator: " ").map(String.init)
        words[field - 1] = value
        return words.joined(separator: " ")
    }

    @Test func `takes seven of the eighteen fields`() throws {
        #expect(
            try parsed(line + "\n") == [
                SWFJob(
                    number: 7, submitSeconds: 120, runSeconds: 83, requestedSeconds: 1_200, user: 3,
                    group: 2, site: 5)
            ])
    }

    @Test func `reads the last line without a line end`() throws {
        #expect(try parsed(line + "\n" + line).count == 2)
    }

    @Test func `reads tabs, indents, carriage returns and empty lines`() throws {
        let text = "\r\n  \n\t" + line.replacing(" ", with: "\t  ") + "\r\n"
        #expect(try parsed(text) == parsed(line))
    }

    @Test func `skips comments and takes start time and job count from the header`() throws {
        var parser = SWFParser()
        let header =
            "; Version: 2.2\n;UnixStartTime: 1132444805\n;  MaxJobs:  188041 \n; Note: a b\n"
        let jobs = try parser.feed(Array((header + line + "\n;; end\n").utf8))
        #expect(jobs.count == 1)
        #expect(parser.unixStartSeconds == 1_132_444_805)
        #expect(parser.jobsPromised == 188_041)
    }

    @Test func `takes -1 as unknown`() throws {
        let job = try #require(
            try parsed("1 0 -1 -1 1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1 -1").first)
        #expect(job == SWFJob(number: 1, submitSeconds: 0))
        #expect(job.userName == "user-unknown")
        #expect(job.typeName == "group-unknown")
    }

    @Test func `names users and types by fields 12 and 13`() throws {
        let job = try #require(try parsed(line).first)
        #expect(job.userName == "user-3")
        #expect(job.typeName == "group-2")
    }

    @Test func `reads the same from pieces of any size`() throws {
        let text = "; UnixStartTime: 5\n" + line + "\n\n" + line + "\r\n" + line
        let whole = try parsed(text)
        for size in 1...text.utf8.count {
            var parser = SWFParser()
            var jobs: [SWFJob] = []
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                jobs += try parser.feed(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try jobs + parser.finish() == whole)
            #expect(parser.unixStartSeconds == 5)
        }
    }

    @Test func `names the line that has too few fields`() throws {
        #expect(
            try fault(in: "; a comment\n\(line)\n1 2 3\n")
                == "line 3 of the trace: the line has 3 fields instead of 18")
    }

    @Test(arguments: [
        (1, "x", "field 1 (job number) 'x' is no whole number"),
        (1, "-1", "field 1 (job number) '-1' must be known: a job cannot do without it"),
        (2, "-1", "field 2 (submit time) '-1' must be known: a job cannot do without it"),
        (4, "1.5", "field 4 (run time) '1.5' is no whole number"),
        (4, "-2", "field 4 (run time) '-2' is out of range: give -1 to 3000000000000"),
        (5, "one", "field 5 'one' is no number"),
        (12, "alice", "field 12 (user) 'alice' is no whole number"),
        (13, "99999999999999999999", "field 13 (group) '99999999999999999999' is no whole number"),
        (
            16, "3000000000001",
            "field 16 (partition) '3000000000001' is out of range: give -1 to 3000000000000"
        ),
    ])
    func `names line and field of a bad value`(
        field: Int, value: String, problem: String
    ) throws {
        #expect(
            try fault(in: line + "\n" + line(with: field, value))
                == "line 2 of the trace: " + problem)
    }

    @Test func `refuses a submit time that goes back`() throws {
        #expect(
            try fault(in: line + "\n" + line(with: 2, "119"))
                == "line 2 of the trace: field 2 (submit time) '119' is before the line above (120): "
                + "sort the trace by field 2")
    }

    @Test func `refuses a line without end`() throws {
        #expect(
            try fault(in: String(repeating: "1", count: 65_537)).hasPrefix(
                "line 1 of the trace: the line is longer than 65536 bytes"))
    }
}
