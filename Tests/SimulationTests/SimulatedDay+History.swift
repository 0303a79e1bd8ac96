import Engine
import Storage
import TestKit
import Units

// History: small files, merged soon, cut short, damaged and lost.
extension SimulatedDay {
    func historyRules() -> HistoryRules {
        var rules = HistoryRules()
        rules.rowsMin = [3, 15, .max][Int(seed / 2 % 3)]
        rules.rowsMax = 20
        rules.rowsPerTurn = 2
        rules.rowsPerIdleTurn = 2
        rules.mergeStepBytes = 1_024
        rules.fanIn = 3
        rules.sharedRowsMax = 40
        return rules
    }

    private var historyFiles: [String] {
        storage.filePaths.filter { $0.hasSuffix(".history") }
    }

    func failHistory() { refuseFiles(inDirectory: "/history", named: ".history.building") }

    /// A power cut came while one was written.
    func noteHalfHistory() {
        if storage.filePaths.contains(where: { $0.hasSuffix(".history.building") }) {
            record.note(.historyCutShort)
        }
    }

    /// Now and then the disk turns a bit of a file over, or all of it is gone.
    func damageHistory() {
        guard !isEvening, !dropsSegments, random.strikes(onceIn: 4),
            let path = historyFiles.randomElement(using: &random),
            let byteCount = storage.bytes(of: path)?.count, byteCount > 0
        else { return }
        hasDamagedHistory = true
        if random.strikes(onceIn: 3) {
            storage.replace(path, with: [])
        } else {
            storage.flip(bit: random.number(below: byteCount * 8), of: path)
        }
    }

    /// What can be seen of history from outside.
    func noteHistory(of opened: SteppedEngine) {
        let files = Set(historyFiles)
        if !files.isEmpty { record.note(.historyWritten) }
        if !historySeen.isSubset(of: files) { record.note(.historyMerged) }
        historySeen = files
        if storage.filePaths.contains(where: { $0.contains(".history.damaged") }) {
            record.note(.historyDamaged)
        }
        if opened.notes.contains(where: { $0.hasPrefix("history lacks") }) {
            record.note(.historyRebuilt)
        }
    }
}
