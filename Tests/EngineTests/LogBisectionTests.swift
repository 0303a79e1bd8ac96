import Engine
import EventLog
import JobModel
import TestKit
import Testing
import Units

private func bisect(_ text: String, _ driven: DrivenEngine) throws -> LogBisection {
    try LogBisection.run(
        try CountCondition(text), directory: "/data", storage: driven.storage)
}

/// A log where each call is one event, and what there was to be counted after each.
private final class CountedLife {
    let driven: DrivenEngine
    /// Jobs after each event, from the first on.
    private(set) var history: [[JobView]] = []
    private var generator = SeededGenerator(seed: 11)
    private let users = ["ann", "bob"]
    /// Those who have submitted something.
    private var known: [String] = []
    private var leases: [LSN] = []

    init(calls: Int) throws {
        driven = try DrivenEngine()
        for number in 0..<calls {
            try call(number)
            let jobs = try known.flatMap { try driven.jobs(of: $0) }
            let events = Int(driven.engine.appliedLSN.rawValue) - history.count
            #expect(events <= 1)
            if events == 1 { history.append(jobs) }
        }
    }

    private func call(_ number: Int) throws {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0..<4:
            let user = users[Int.random(in: 0...1, using: &generator)]
            try driven.submit(
                JobKey(user, "j\(number)"), .work(Bool.random(using: &generator) ? .work : .other))
            if !known.contains(user) { known.append(user) }
        case 4..<6:
            let types: [JobType] = [Bool.random(using: &generator) ? .work : .other]
            leases += try driven.claim(1, types: types).map(\.token)
        case 6: try leases.last.map { _ = try driven.report($0, .start) }
        case 7, 8:
            guard let token = leases.popLast() else { return }
            let isRetriable = Bool.random(using: &generator)
            try driven.report(token, .fail(isRetriable: isRetriable, message: nil))
        default:
            let waiting = try known.first.flatMap {
                try driven.jobs(of: $0).first { $0.status == .notStarted }
            }
            try waiting.map { _ = try driven.change($0.key, .cancel) }
        }
    }

    /// The first event after which as many jobs as wanted were there.
    func first(_ statuses: [ExecutionStatus], _ type: String?, _ user: String?, _ count: Int)
        -> LSN?
    {
        let index = history.firstIndex { jobs in
            count
                == jobs.count { job in
                    statuses.contains(job.status) && type ?? job.type.text == job.type.text
                        && user ?? job.key.user.text == job.key.user.text
                }
        }
        return index.map { LSN(rawValue: UInt64($0) + 1) }
    }
}

@Suite struct `The first event at which a condition is true` {
    @Test func `is found for all counts, types and users, as counting job by job finds it`()
        throws
    {
        let life = try CountedLife(calls: 150)
        let counts: [(name: String, statuses: [ExecutionStatus])] = [
            ("waiting", [.notStarted, .retriableFailure]), ("running", [.claimed, .processing]),
            ("succeeded", [.success]), ("failed", [.retriableFailure, .fatalFailure]),
            ("cancelled", [.cancelled]), ("dead", [.fatalFailure]),
            ("total", ExecutionStatus.allCases),
        ]
        var found = 0
        for (name, statuses) in counts {
            for type in [nil, "work", "other"] {
                for user in [nil, "ann", "bob"] {
                    let filters = [type.map { "type=\($0)" }, user.map { "user=\($0)" }]
                    let list = filters.compactMap(\.self).joined(separator: ",")
                    for number in [1, 2, 4, 8] {
                        let text = "\(name)(\(list)) == \(number)"
                        let expected = life.first(statuses, type, user, number)
                        #expect(try bisect(text, life.driven).found == expected, "\(text)")
                        if expected != nil { found += 1 }
                    }
                }
            }
        }
        #expect(found > 100)
    }

    @Test func `is the first of several`() throws {
        let driven = try DrivenEngine()
        for job in ["a", "b"] {
            try driven.submit(JobKey("ann", job), .work())
            try driven.finish(try driven.claimOne())
        }
        let result = try bisect("running(user=ann) > 0", driven)
        #expect(result.found == LSN(rawValue: 2))
        #expect(result.count == 1)
        #expect(!result.heldFromTheBeginning)
    }

    @Test func `may be a tick that makes an occurrence`() throws {
        let driven = try DrivenEngine()
        try driven.submit(JobKey("bob", "other"), .work())
        try driven.submit(JobKey("ann", "tick"), .ticking(.fixedRate(.seconds(60))))
        driven.pass(.seconds(200))
        let jobs = try driven.jobs(of: "ann")
        let result = try bisect("total(type=work,user=ann) >= 3", driven)
        #expect(result.found == jobs[2].submittedLSN)
    }

    @Test func `is not there where it never was true`() throws {
        let driven = try DrivenEngine()
        try driven.submit(JobKey("ann", "j"), .work())
        let result = try bisect("waiting(type=work) > 1", driven)
        #expect(result.found == nil)
        #expect(result.count == 1)
        #expect(result.lastLSN == LSN(rawValue: 1))
        #expect(try bisect("total(user=nobody) > 0", driven).found == nil)
    }

    @Test func `says where it was true before there was anything`() throws {
        let driven = try DrivenEngine()
        try driven.submit(JobKey("ann", "j"), .work())
        let result = try bisect("dead() < 5", driven)
        #expect(result.found == LSN(rawValue: 1))
        #expect(result.heldFromTheBeginning)
    }
}
