import ByteCoding
import EventLog
import TestKit
import Units

/// One image, opened and put to every test.
struct CrashTrial {
    let disk: SimulatedStorage
    let place: CrashPlace
    let workload: CrashWorkload

    /// Opens the image, opens what another power cut leaves, writes on, and does so again.
    ///
    /// - Throws: `CrashFinding`, for the first thing that is wrong.
    func run(
        _ expectation: CrashExpectation, _ witness: CrashWitness?
    ) throws(CrashFinding) {
        let log = try SurvivingLog(disk, expectation, options(1))
        witness?.follow(log.log, showing: log.count)
        var shown = CrashExpectation(
            records: Array(expectation.records.prefix(log.count)), acknowledged: log.count)
        var generator = place.generator(seed: workload.seed)
        try read(log, shown, &generator)
        // All that was shown must be there once more, though nobody has closed the log.
        _ = try SurvivingLog(disk.crashed(), shown, options(2))
        let records = (1...3).map { _ in CrashWorkload.record(&generator) }
        witness?.expect(records)
        shown.records += records
        shown.acknowledged = shown.records.count
        guard log.write(records) == shown.acknowledged else {
            throw CrashFinding("the log takes no records after the crash")
        }
        let last = disk.crashed()
        try SurvivingLog(last, shown, options(3)).log.close()
        try verify(last, holds: shown.acknowledged)
    }

    /// Other salts for each opening.
    private func options(_ opening: Int) -> LogOptions {
        workload.options(place.parts + [opening])
    }

    private func verify(_ disk: SimulatedStorage, holds count: Int) throws(CrashFinding) {
        let found: LogVerification
        do throws(LogError) {
            found = try LogVerification.run(directory: "/data", storage: disk)
        } catch {
            throw CrashFinding("verification: \(error)", error)
        }
        guard found.headLSN.rawValue == UInt64(count), found.tornTail == nil else {
            throw CrashFinding("verification ends at \(found.headLSN), the log at \(count)")
        }
    }

    /// Reads one record by its LSN.
    private func read(
        _ log: SurvivingLog, _ expectation: CrashExpectation, _ generator: inout SeededGenerator
    ) throws(CrashFinding) {
        guard log.count > 0 else { return }
        let index = generator.number(below: log.count)
        let record: [UInt8]?
        do throws(LogError) {
            record = try log.log.reader().read(LSN(rawValue: UInt64(index + 1))) { $0.array }
        } catch {
            throw CrashFinding("record \(index + 1) cannot be read: \(error)", error)
        }
        guard record == expectation.records[index] else {
            throw CrashFinding("record \(index + 1) is read as another")
        }
    }
}
