import Foundation
import TestKit
import Testing

/// What the environment asks of a campaign.
private struct CampaignSettings {
    /// Distinct images that are enough: `DAYBOOK_SOAK`, or what fits into every run of the tests.
    var imagesMin = 20_000
    /// First seed: `CRASH_SEED`; the others follow it.
    var firstSeed: UInt64 = 1
    /// The only image to open: `CRASH_POINT`, as a finding names it.
    var place: CrashPlace?
    /// Workloads after which a campaign gives up: each makes more than a thousand images.
    var seedsMax: Int { imagesMin / 1000 }

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        if let images = environment["DAYBOOK_SOAK"] { imagesMin = try #require(Int(images)) }
        if let seed = environment["CRASH_SEED"] { firstSeed = try #require(UInt64(seed)) }
        if let text = environment["CRASH_POINT"] {
            let place: CrashPlace = try #require(CrashPlace(text))
            self.place = place
        }
    }
}

@Suite struct CrashCampaignTests {
    @Test func `a power cut at any operation loses nothing acknowledged`() throws {
        let settings = try CampaignSettings()
        var campaign = CrashCampaign()
        if let place = settings.place {
            try campaign.replay(seed: settings.firstSeed, place: place)
            print("opened \(campaign.imagesOpened) images of CRASH_POINT=\(place)")
        } else {
            run(&campaign, settings)
            #expect(campaign.imageCount >= settings.imagesMin)
            #expect(campaign.imagesOfRecoveries >= settings.imagesMin / 10)
            #expect(campaign.recordsAcknowledged >= settings.imagesMin / 100)
            for damage in CrashDamage.allCases {
                #expect(campaign.damages[damage, default: 0] > 0, "\(damage) never happened")
            }
        }
        for finding in campaign.findings.prefix(5) { print(finding) }
        #expect(campaign.findings.count == 0)
    }

    private func run(_ campaign: inout CrashCampaign, _ settings: CampaignSettings) {
        var told = 0
        for number in 0..<settings.seedsMax {
            campaign.run(seed: settings.firstSeed + UInt64(number))
            let images = campaign.imageCount
            if images >= settings.imagesMin || images - told >= 20_000 {
                told = images
                print("\(images) images, seed \(number), \(campaign.findings.count) findings")
                // Whoever waits for a long run wants to see it move.
                fflush(nil)
            }
            if images >= settings.imagesMin || campaign.findings.count >= 5 { break }
        }
        print("damage: \(campaign.damages.map { "\($0.key) \($0.value)" }.sorted())")
    }
}
