import Cron
import Foundation
import TestKit
import Testing
import Units

/// One line of `Tests/cron_oracle.py`.
private struct OracleCase {
    let line: Substring
    let zone: String
    let expression: String
    let after: WallTime
    let until: WallTime
    /// The offset from each of these moments on.
    let offsets: [(from: WallTime, offset: TimeSpan)]
    let ticks: [WallTime]

    init(_ line: Substring) throws {
        let parts = line.split(separator: "\t").map(String.init)
        try #require(parts.count == 6)
        self.line = line
        zone = parts[0]
        expression = parts[1]
        after = try Self.time(parts[2])
        until = try Self.time(parts[3])
        offsets = try parts[4].split(separator: ",").map { pair in
            let halves = pair.split(separator: ":")
            return (try Self.time(halves[0]), .seconds(try #require(Int64(halves[1]))))
        }
        ticks = try parts[5].split(separator: ",").map { try Self.time($0) }
    }

    private static func time(_ seconds: some StringProtocol) throws -> WallTime {
        WallTime(microseconds: try #require(Int64(seconds)) * 1_000_000)
    }

    /// Whether both have the same rules here: Python's may be of another release of the database.
    func hasSameOffsets(as zone: Zone) -> Bool {
        offsets.allSatisfy { zone.offset(at: $0.from) == $0.offset }
    }

    /// Our ticks where the oracle has looked.
    func found(in zone: Zone) throws -> [WallTime] {
        let cron = try CronExpression(expression)
        var found: [WallTime] = []
        var last = after
        while let tick = cron.next(after: last, in: zone), tick <= until {
            found.append(tick)
            last = tick
        }
        return found
    }
}

/// Python's zoneinfo and another search by the rules of docs/cron.md, against ours.
@Suite(
    .timeLimit(.minutes(5)),
    .enabled("python3 with its zoneinfo and zone data is not installed", Oracle.canRun))
struct `An oracle in another language` {
    @Test
    func `finds the same ticks around changes of the clock and elsewhere`() async throws {
        let seed = ProcessInfo.processInfo.environment["CRON_SEED"] ?? "1"
        let count = ProcessInfo.processInfo.environment["CRON_CASES"] ?? "600"
        let output = try await Oracle.run(seed, count)
        let lines = output.split(separator: "\n")
        #expect(String(lines.count) == count)
        var compared = 0
        for line in lines {
            let oracle = try OracleCase(line)
            let zone = try Zone(named: oracle.zone)
            guard oracle.hasSameOffsets(as: zone) else { continue }
            compared += 1
            let found = try oracle.found(in: zone)
            #expect(found == oracle.ticks, "CRON_SEED=\(seed): \(line)")
        }
        // Releases of the database differ in a few zones.
        #expect(compared * 100 >= lines.count * 95, "only \(compared) of \(lines.count) compared")
    }
}

private enum Oracle {
    @Sendable static func canRun() async throws -> Bool {
        let check = "import sys, zoneinfo; sys.exit(not zoneinfo.available_timezones())"
        do {
            let python = try SystemTool.find("python3")
            return try await runProgram(python, ["-c", check]).exitCode == 0
        } catch is Unavailable {
            return false
        }
    }

    static func run(_ seed: String, _ count: String) async throws -> String {
        try await SystemTool.run(
            "python3", IndependentReader.root + "/Tests/cron_oracle.py", seed, count)
    }
}
