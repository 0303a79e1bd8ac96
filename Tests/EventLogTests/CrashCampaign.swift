import EventLog
import Glibc
import Storage
import TestKit
import Units

/// Cuts the power at every operation of scripted workloads, and of the recoveries that follow.
struct CrashCampaign {
    /// Images by what was on them; the same one is not counted twice.
    private var fingerprints: Set<UInt64> = []
    /// Images by what was on them and what they had to hold; the same one is not opened twice.
    private var seen: Set<UInt64> = []
    /// How often each damage was done to an image.
    private(set) var damages: [CrashDamage: Int] = [:]
    private(set) var imagesOpened = 0
    private(set) var imagesOfRecoveries = 0
    private(set) var recordsAcknowledged = 0
    /// One line for each image that was not recovered as it must be.
    private(set) var findings: [String] = []

    /// Images drawn from a point where something was not synced.
    static let drawsPerPoint = 10
    static let drawsPerRecoveryPoint = 3
    /// One in so many images has the power cut during its recovery, too.
    static let recoveriesCutOnceIn = 9

    /// Images that differed.
    var imageCount: Int { fingerprints.count }

    /// Runs the workload of a seed and opens images of every point of it.
    mutating func run(seed: UInt64) {
        var workload = CrashWorkload(seed: seed)
        do throws(CrashFinding) {
            try workload.run()
        } catch {
            findings.append("CRASH_SEED=\(seed): the workload itself failed: \(error.what)")
            return
        }
        let points = workload.witness.points
        recordsAcknowledged += points.last?.expectation.acknowledged ?? 0
        for (index, point) in points.enumerated() {
            for draw in 0..<(point.cut.isSettled ? 1 : Self.drawsPerPoint) {
                open(point, CrashPlace(change: index, draw: draw), of: workload)
            }
        }
    }

    /// Opens the one image that a finding names.
    mutating func replay(seed: UInt64, place: CrashPlace) throws(CrashFinding) {
        var workload = CrashWorkload(seed: seed)
        try workload.run()
        let points = workload.witness.points
        guard place.change < points.count else { throw CrashFinding("there is no such point") }
        open(points[place.change], place.outer, of: workload, onlyInner: place.inner)
    }

    private mutating func open(
        _ point: CrashPoint, _ place: CrashPlace, of workload: CrashWorkload,
        onlyInner: CrashPlace.Inner? = nil
    ) {
        guard let image = draw(point, place, of: workload) else { return }
        let trial = CrashTrial(disk: image, place: place, workload: workload)
        var generator = place.generator(seed: ~workload.seed)
        guard onlyInner != nil || generator.strikes(onceIn: Self.recoveriesCutOnceIn) else {
            return check(trial, point.expectation, nil)
        }
        let witness = CrashWitness(image, point.expectation)
        check(trial, point.expectation, witness)
        witness.leave()
        for (index, point) in witness.points.enumerated() {
            for draw in 0..<(point.cut.isSettled ? 1 : Self.drawsPerRecoveryPoint) {
                let inner = CrashPlace.Inner(change: index, draw: draw)
                guard onlyInner == nil || onlyInner == inner else { continue }
                let place = CrashPlace(change: place.change, draw: place.draw, inner: inner)
                guard let image = self.draw(point, place, of: workload) else { continue }
                imagesOfRecoveries += 1
                let trial = CrashTrial(disk: image, place: place, workload: workload)
                check(trial, point.expectation, nil)
            }
        }
    }

    /// The image, or nil where the same was opened before.
    private mutating func draw(
        _ point: CrashPoint, _ place: CrashPlace, of workload: CrashWorkload
    ) -> SimulatedStorage? {
        let disk: SimulatedStorage
        var damage: Set<CrashDamage> = []
        switch place.inner?.draw ?? place.draw {
        case 0: disk = point.cut.synced()
        case 1: disk = point.cut.killed()
        default:
            var generator = place.generator(seed: workload.seed)
            let image = point.cut.image(seed: generator.next())
            disk = image.storage
            damage = image.damage
        }
        for kind in damage { damages[kind, default: 0] += 1 }
        let fingerprint = disk.fingerprint
        let isKilled = !disk.cutPower().isSettled
        let key = fingerprint ^ UInt64(point.expectation.acknowledged << 1 | (isKilled ? 1 : 0))
        guard seen.insert(key &* 0x9E37_79B9_7F4A_7C15).inserted else { return nil }
        fingerprints.insert(fingerprint)
        imagesOpened += 1
        return disk
    }

    private mutating func check(
        _ trial: CrashTrial, _ expectation: CrashExpectation, _ witness: CrashWitness?
    ) {
        do throws(CrashFinding) {
            try trial.run(expectation, witness)
        } catch {
            findings.append(
                "CRASH_SEED=\(trial.workload.seed) CRASH_POINT=\(trial.place) swift test "
                    + "-c release --filter CrashCampaignTests # \(error.what)")
        }
    }
}
