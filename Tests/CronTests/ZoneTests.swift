import Cron
import Foundation
import Testing
import Units

@Suite struct `A time zone` {
    @Test(arguments: [
        "Europe/Berlin", "UTC", "GMT", "Etc/UTC", "Etc/GMT+3", "America/Argentina/San_Luis",
        "US/Pacific", "EST5EDT", "CET", "Zulu",
    ])
    func `is known by its IANA name, which it keeps`(name: String) throws {
        #expect(try Zone(named: name).name == name)
        #expect(try Zone(named: name) == Zone(named: name))
    }

    /// Among them what Foundation takes: abbreviations, and offsets whose sign is not the IANA's.
    @Test(arguments: [
        "", " ", "/", "Mars/Olympus", "Berlin", "BST", "PST", "IST", "GMT+3", "UTC+3", "GMT+0300",
        "+03:00", "SystemV/EST5", "localtime", "EST5EDT,M3.2.0,M11.1.0", "../etc/passwd",
        "/etc/localtime", "posix/Europe/Berlin", "Europe/Berlin ", "Europe/Berlin\u{0}",
    ])
    func `is not known by any other name`(name: String) {
        #expect(throws: CronError.unknownZone(name, suggestion: nil)) { try Zone(named: name) }
    }

    @Test
    func `with a name in the wrong case is answered with the right one`() {
        do throws(CronError) {
            _ = try Zone(named: "europe/berlin")
            Issue.record("the name was taken")
        } catch {
            #expect(
                error.description
                    == "time zone 'europe/berlin' is not known: did you mean 'Europe/Berlin'?")
        }
    }

    @Test(arguments: [
        ("Europe/Berlin", "2027-03-28T00:59:59.999999Z", 3_600),
        ("Europe/Berlin", "2027-03-28T01:00:00Z", 7_200),
        ("Europe/Berlin", "2027-10-31T01:00:00Z", 3_600),
        ("Australia/Lord_Howe", "2027-01-01T00:00:00Z", 39_600),
        ("Australia/Lord_Howe", "2027-07-01T00:00:00Z", 37_800),
        ("Pacific/Apia", "2011-12-30T09:59:59Z", -36_000),
        ("Pacific/Apia", "2011-12-30T10:00:00Z", 50_400),
        ("Asia/Kolkata", "1970-01-01T00:00:00Z", 19_800),
        ("Africa/Monrovia", "1970-01-01T00:00:00Z", -2_670),
        ("Etc/GMT+3", "2027-01-01T00:00:00Z", -10_800),
        ("UTC", "9999-12-31T23:59:59Z", 0),
    ])
    func `has the offsets of history`(name: String, moment: String, seconds: Int64) throws {
        let moment = try #require(WallTime(rfc3339: moment))
        #expect(try Zone(named: name).offset(at: moment) == .seconds(seconds))
    }

    /// The zone's table ends; Foundation works every year out.
    @Test
    func `has Foundation's offsets in every century, for every zone`() throws {
        let names = TimeZone.knownTimeZoneIdentifiers.filter { $0.contains("/") }
        for (index, name) in names.enumerated() {
            let zone = try Zone(named: name)
            let reference = try #require(TimeZone(identifier: name))
            for century in 0..<80 {
                // Scattered over the century, at another place for each zone.
                let place = (century * 2_654_435_761 + index * 40_503_001) % 3_155_760_000
                let seconds = Int64(century * 3_155_760_000 + place)
                let expected = reference.secondsFromGMT(
                    for: Date(timeIntervalSince1970: Double(seconds)))
                let offset = zone.offset(at: WallTime(microseconds: seconds * 1_000_000))
                #expect(offset == .seconds(Int64(expected)), "\(name) at \(seconds)")
            }
        }
    }

    @Test
    func `ticks alike in all centuries after the last irregular change`() throws {
        let cron = try CronExpression("30 2 * 3 SUN")
        let berlin = try Zone(named: "Europe/Berlin")
        let start = try #require(WallTime(rfc3339: "2103-01-01T00:00:00Z"))
        let ticks = cron.next(40, after: start, in: berlin)
        for periods in 1...19 {
            let shift = Int64(periods) * 146_097 * 86_400 * 1_000_000
            let later = WallTime(microseconds: start.microseconds + shift)
            let expected = ticks.map { WallTime(microseconds: $0.microseconds + shift) }
            #expect(cron.next(40, after: later, in: berlin) == expected)
        }
    }

    @Test
    func `can be asked by many tasks at once`() async throws {
        let start = try #require(WallTime(rfc3339: "2027-03-27T02:00:00Z"))
        let names = ["America/Godthab", "Africa/El_Aaiun", "Asia/Gaza", "Antarctica/Troll"]
        let ticks = try await withThrowingTaskGroup(of: (String, WallTime?).self) { group in
            for index in 0..<64 {
                let name = names[index % names.count]
                group.addTask {
                    let cron = try CronExpression("30 2 * * *")
                    return (name, cron.next(after: start, in: try Zone(named: name)))
                }
            }
            return try await group.reduce(into: [String: Set<WallTime?>]()) { found, answer in
                found[answer.0, default: []].insert(answer.1)
            }
        }
        #expect(ticks.count == names.count)
        #expect(ticks.values.allSatisfy { $0.count == 1 && $0 != [nil] })
    }
}
