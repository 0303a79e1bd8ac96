import Engine
import Glibc
import Storage
import TestKit
import Units

// Snapshots: taken at any moment, by themselves and on demand, cut short, refused and damaged.
extension SimulatedDay {
    /// Few events and few entries a turn: a day has many of them, and much happens during each.
    func snapshotRules() -> SnapshotRules {
        var rules = SnapshotRules()
        rules.eventsMin = [40, 250, .max][Int(seed / 3 % 3)]
        rules.interval = .seconds(7_200)
        rules.eventsAtCloseMin = [1, 200, .max][Int(seed / 9 % 3)]
        rules.entriesPerTurn = 32
        rules.entriesPerIdleTurn = 32
        return rules
    }

    func askForSnapshot() {
        agenda.plan(.snapshot, at: soon(7_200))
        engine?.snapshot { [outcomes] result in
            if case .success(let outcome) = result { outcomes.add(outcome) }
        }
    }

    func failSnapshots() {
        refuseFiles(inDirectory: "/snapshots", named: ".writing")
        agenda.plan(.snapshot, at: soon(60))
    }

    /// The disk refuses one kind of change to files of a directory, for a while.
    func refuseFiles(inDirectory directory: String, named name: String) {
        refusesFiles = true
        let operation: StorageError.Operation = random.pick([
            .create, .write, .sync, .rename, .syncDirectory,
        ])
        storage.refuse(
            operation, of: operation == .syncDirectory ? directory : name,
            with: StorageFault(random.pick([EIO, ENOSPC]), isShort: random.strikes(onceIn: 2)))
        agenda.plan(.healFiles, at: soon(7_200))
    }

    func healFiles() {
        guard refusesFiles else { return }
        refusesFiles = false
        if storage.counts.failedPath?.contains("/history") == true { record.note(.historyRefused) }
        storage.heal()
    }

    /// A power cut came while one was written.
    func noteHalfSnapshots() {
        if storage.filePaths.contains(where: { $0.hasSuffix(".writing") }) {
            record.note(.snapshotCutShort)
        }
    }

    /// Now and then the disk turns a bit of a snapshot over.
    func damageSnapshot() {
        guard !isEvening, random.strikes(onceIn: 6), maySpareSnapshot,
            let path = storage.filePaths.last(where: { $0.hasSuffix(".snapshot") }),
            let byteCount = storage.bytes(of: path)?.count, byteCount > 0
        else { return }
        storage.flip(bit: random.number(below: byteCount * 8), of: path)
        if let name = path.split(separator: "/").last { snapshotsDamaged.insert(String(name)) }
    }

    /// What was loaded and replayed is what a replay of the whole log comes to.
    func checkSnapshot(of opened: SteppedEngine) throws(Finding) {
        for outcome in outcomes.takeAll() {
            switch outcome {
            case .written: record.note(.snapshotWritten)
            case .failed: record.note(.snapshotFailed)
            }
        }
        if opened.notes.contains(where: {
            $0.hasSuffix("is set aside, and the one before is taken")
        }) {
            record.note(.snapshotDamaged)
        }
        guard opened.notes.contains(where: { $0.hasPrefix("loaded") }) else { return }
        record.note(.snapshotLoaded)
        let folded = try FoldedLog(of: storage, options: options())
        guard folded.position == opened.appliedLSN, folded.digest == opened.digest() else {
            throw Finding(
                "a snapshot and the log after it come to another state at \(opened.appliedLSN) "
                    + "than the whole log")
        }
    }
}
