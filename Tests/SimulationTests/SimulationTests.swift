import Foundation
import TestKit
import Testing

/// What the environment asks of a campaign.
private struct CampaignSettings {
    /// Days to live: `SOAK_DAYS`, from `SOAK_SEED` on, or what fits into every run of the tests.
    var days: UInt64 = 200
    var firstSeed: UInt64 = 1
    /// The only day to live: `SIM_SEED`, as a finding names it.
    var isReplay = false
    /// More findings say nothing new.
    let findingsMax = 5

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        if let text = environment["SOAK_DAYS"] {
            days = try #require(UInt64(text))
            firstSeed = try environment["SOAK_SEED"].map { try #require(UInt64($0)) } ?? 1_000
        }
        if let text = environment["SIM_SEED"] {
            firstSeed = try #require(UInt64(text))
            days = 1
            isReplay = true
        }
    }
}

@Suite struct SimulationTests {
    @Test func `simulated days under every fault keep every rule`() async throws {
        let settings = try CampaignSettings()
        let campaign = await live(settings)
        print(
            "seeds \(settings.firstSeed) to \(settings.firstSeed + UInt64(campaign.days) - 1): \(campaign.summary)"
        )
        #expect(campaign.findings.count == 0)
        guard !settings.isReplay, campaign.findings.isEmpty else { return }
        #expect(campaign.missing.isEmpty, "no verdict: this never happened")
        #expect(campaign.jobs >= campaign.days * 300)
        #expect(campaign.digestsCompared >= campaign.days)
    }

    /// Lives the days, as many at once as there are processors: a day takes one.
    private func live(_ settings: CampaignSettings) async -> SimulationCampaign {
        await withTaskGroup(of: SimulationCampaign.self) { group in
            var campaign = SimulationCampaign()
            var seeds = (settings.firstSeed..<settings.firstSeed + settings.days).makeIterator()
            func begin() {
                guard let seed = seeds.next() else { return }
                group.addTask {
                    var day = SimulationCampaign()
                    day.run(seed: seed)
                    return day
                }
            }
            for _ in 0..<ProcessInfo.processInfo.activeProcessorCount { begin() }
            for await day in group {
                campaign.add(day)
                for finding in day.findings { print(finding) }
                if campaign.days % 1_000 == 0 || !day.findings.isEmpty {
                    print("\(campaign.days) days, \(campaign.findings.count) findings")
                    // Whoever waits for a long run wants to see it move.
                    fflush(nil)
                }
                if campaign.findings.count < settings.findingsMax { begin() }
            }
            return campaign
        }
    }

    @Test(arguments: [7, 8] as [UInt64])
    func `the same seed gives the same day`(seed: UInt64) throws {
        let (first, second) = (try DayImprint(seed: seed), try DayImprint(seed: seed))
        #expect(first == second)
        #expect(first != (try DayImprint(seed: seed + 100)))
    }
}

/// A day in short: everything that was answered, and every byte on the disk.
private struct DayImprint: Equatable {
    let disk: UInt64
    let history: [String]

    init(seed: UInt64) throws {
        let day = SimulatedDay(seed: seed)
        try day.run()
        disk = day.storage.fingerprint
        history = day.record.exchanges.map { "\($0.turn) \($0.call.number) \($0.answer)" }
    }
}
